#ifndef PEER_PROCESS_H
#define PEER_PROCESS_H

// What a process that runs a foreign library needs of the kernel, and glibc hides behind _GNU_SOURCE or declares with a
// variable number of arguments, which Swift cannot call.

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/// Opens anonymous memory as a file that is closed when another program is executed. Returns a descriptor, or -1 with
/// errno set.
static inline int platform_memory_file(const char *name) {
  return (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
}

/// Lets the kernel kill this process, stopped or not, when the thread that started it ends. Returns 0, or -1 with errno
/// set.
static inline int platform_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

/// Sets the affinity mask of the thread `tid` (0: the calling thread) from `words` words, bit i of word w standing for
/// CPU w * 8 * sizeof(unsigned long) + i. Returns 0, or -1 with errno set.
static inline long platform_set_affinity(pid_t tid, const unsigned long *mask, size_t words) {
  return syscall(SYS_sched_setaffinity, tid, words * sizeof(unsigned long), mask);
}

/// Nanoseconds of CPU time that the thread `tid` of this process has used up to this moment, or -1 with errno set.
/// The clock of another thread is the complement of its number, shifted by three bits, with the bits for a thread (4) and
/// the scheduler's clock (2): clock_getcpuclockid(3) makes such clocks for processes.
static inline int64_t platform_cpu_time_of(pid_t tid) {
  struct timespec now;
  if (clock_gettime((clockid_t)((~(unsigned)tid << 3) | 6u), &now) != 0) return -1;
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// The kernel's number of the calling thread.
static inline pid_t platform_thread_id(void) { return (pid_t)syscall(SYS_gettid); }

#endif
