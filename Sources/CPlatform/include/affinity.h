#ifndef AFFINITY_H
#define AFFINITY_H

// The scheduler's view of a thread: its affinity mask, and the CPU it runs on. Raw system calls, because glibc hides
// its wrappers behind _GNU_SOURCE, which a header that is imported as a Clang module cannot define for itself, and
// because its cpu_set_t ends at CPU 1023.

#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/// Writes the affinity mask of the thread `tid` (0: the calling thread; a process id: that process's main thread)
/// to `mask`, bit i of word w standing for CPU w * 8 * sizeof(unsigned long) + i.
/// Returns the number of bytes that the kernel wrote, or -1 with errno set; EINVAL means that `words` is too few.
static inline long platform_get_affinity(pid_t tid, unsigned long *mask, size_t words) {
  return syscall(SYS_sched_getaffinity, tid, words * sizeof(unsigned long), mask);
}

/// Returns the CPU that the calling thread is running on, or -1 with errno set.
static inline int platform_current_cpu(void) {
  unsigned cpu = 0;
  return syscall(SYS_getcpu, &cpu, NULL, NULL) == 0 ? (int)cpu : -1;
}

#endif
