#ifndef CPLATFORM_FUTEX_H
#define CPLATFORM_FUTEX_H

// Sleeping until a word in memory changes: futex(2). Swift has no wrapper of it, and glibc has none either.

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Sleeps while `*word` is `expected`. May return earlier, for a signal or for no reason: look at the word again.
static inline void platform_futex_wait(const void *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

/// Wakes all threads of this process that sleep on `word`.
static inline void platform_futex_wake(const void *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

#endif
