#ifndef CPLATFORM_PREFETCH_H
#define CPLATFORM_PREFETCH_H

/// Asks for the cache line at `address`, to be read. It may lie anywhere, mapped or not.
static inline __attribute__((always_inline)) void platform_prefetch(const void *address) {
  __builtin_prefetch(address, 0, 3);
}

#endif
