#ifndef CPLATFORM_PERFORMANCE_COUNTERS_H
#define CPLATFORM_PERFORMANCE_COUNTERS_H

// perf_event_open(2), which glibc does not wrap. What an event means is decided in Swift; here are only the layout of
// the kernel's structure, whose bit fields Swift does not import, and the system calls.

#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Opens a counter of the calling thread, on whatever CPU it runs, that counts from now on.
///
/// A read of the group's leader gives the words nr, time enabled, time running, and the value of each member in the order
/// in which they were opened (PERF_FORMAT_GROUP).
///
/// `user_only` leaves out what the kernel does in the thread's name. `group` is the descriptor of the group's leader, or
/// -1 for a leader. Returns a descriptor, or a negative errno.
static inline int platform_open_counter(uint32_t type, uint64_t config, int user_only, int group) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = config;
  attributes.exclude_kernel = user_only != 0;
  attributes.exclude_hv = user_only != 0;
  attributes.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  long result = syscall(__NR_perf_event_open, &attributes, 0, -1, group, PERF_FLAG_FD_CLOEXEC);
  return result < 0 ? -errno : (int)result;
}

/// Reads the group that `descriptor` leads into `words`. Returns how many of them were written, or a negative errno.
static inline long platform_read_counters(int descriptor, uint64_t *words, size_t count) {
  ssize_t length = read(descriptor, words, count * sizeof *words);
  return length < 0 ? -errno : (long)(length / (ssize_t)sizeof *words);
}

#endif
