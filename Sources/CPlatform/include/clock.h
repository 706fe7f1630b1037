#ifndef CPLATFORM_CLOCK_H
#define CPLATFORM_CLOCK_H

#include <stdint.h>
#include <time.h>

/// Nanoseconds on the monotonic clock, the one clock that all measurements use.
static inline uint64_t platform_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/// Nanoseconds of CPU time that the calling thread has used: what it waited for a CPU does not count.
static inline uint64_t platform_thread_cpu_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/// Tells the core that it is in a spin loop.
static inline void platform_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
