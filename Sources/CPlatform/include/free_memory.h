#ifndef CPLATFORM_FREE_MEMORY_H
#define CPLATFORM_FREE_MEMORY_H

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

/// Gives the process's free memory back to the system, where the C library can: whole pages only.
static inline void platform_release_free_memory(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

#endif
