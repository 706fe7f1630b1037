#ifndef CPLATFORM_THREAD_STATUS_H
#define CPLATFORM_THREAD_STATUS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

// sched_getcpu and RUSAGE_THREAD need _GNU_SOURCE, which Swift's importer does not define.
#ifndef RUSAGE_THREAD
#define RUSAGE_THREAD 1
#endif

/// Nanoseconds that the calling thread was runnable but did not run, or a negative errno: the second field of its
/// schedstat.
static inline int64_t platform_run_delay(void) {
  int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  char text[96];
  ssize_t length = read(file, text, sizeof text - 1);
  int code = errno;
  close(file);
  if (length <= 0) return length < 0 ? -code : -ENODATA;
  text[length] = 0;
  char *field = NULL;
  strtoull(text, &field, 10);
  char *end = NULL;
  int64_t delay = (int64_t)strtoull(field, &end, 10);
  return end == field ? -ENODATA : delay;
}

/// Raises the soft limit of open files by `count`, as far as the hard one allows. 0, or a negative errno; -EMFILE if it
/// is at the hard limit already.
static inline int platform_raise_descriptor_limit(uint64_t count) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  if (limit.rlim_cur >= limit.rlim_max) return -EMFILE;
  uint64_t room = limit.rlim_max - limit.rlim_cur;
  limit.rlim_cur += count < room ? count : room;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : -errno;
}

/// What getrusage(2) counts of a thread.
struct platform_thread_usage {
  /// How often it lost its CPU while it wanted to run on.
  int64_t involuntary_switches;
  /// Pages that it touched and that were not mapped, whether the system had to read them from a disk or not.
  int64_t page_faults;
};

/// Writes the usage of the calling thread. Returns 0, or a negative errno.
static inline int platform_get_thread_usage(struct platform_thread_usage *result) {
  struct rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) != 0) return -errno;
  result->involuntary_switches = usage.ru_nivcsw;
  result->page_faults = usage.ru_minflt + usage.ru_majflt;
  return 0;
}

#endif
