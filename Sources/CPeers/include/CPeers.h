#ifndef CPEERS_H
#define CPEERS_H

#include "onednn.h"
#include "onnxruntime.h"

#endif
