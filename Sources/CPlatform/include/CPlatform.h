#ifndef CPLATFORM_H
#define CPLATFORM_H

#include "affinity.h"
#include "clock.h"
#include "cpu_features.h"
#include "free_memory.h"
#include "futex.h"
#include "pages.h"
#include "peer_process.h"
#include "performance_counters.h"
#include "prefetch.h"
#include "thread_status.h"
#include "vectors.h"

#endif
