#ifndef CPLATFORM_PAGES_H
#define CPLATFORM_PAGES_H

// Where the pages of memory lie, and how large they are. glibc has no wrappers of mbind and move_pages (libnuma has),
// and Swift's importer does not see MADV_HUGEPAGE without _GNU_SOURCE.

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Advice for madvise(2), as <asm-generic/mman-common.h> numbers it on every architecture of the lab.
enum platform_advice {
  platform_advice_drop = 4,       // MADV_DONTNEED: pages are given back, and are zero when they are touched again
  platform_advice_huge = 14,      // MADV_HUGEPAGE
  platform_advice_small = 15,     // MADV_NOHUGEPAGE
};

/// Gives the kernel `advice` on whole pages. Returns 0 or errno.
static inline int platform_advise(void *start, size_t bytes, enum platform_advice advice) {
  return madvise(start, bytes, advice) == 0 ? 0 : errno;
}

/// Policies of mbind(2), as <linux/mempolicy.h> numbers them.
enum platform_memory_policy {
  platform_memory_default = 0,
  platform_memory_bind = 2,
  platform_memory_interleave = 3,
};

/// Has pages that are touched from now on come from the nodes of `mask`, bit i of word w standing for node
/// w * 8 * sizeof(unsigned long) + i. Returns 0 or errno.
static inline int platform_bind_memory(
    void *start, size_t bytes, enum platform_memory_policy policy, const unsigned long *mask, size_t words) {
  // The kernel takes one bit less than it is told of.
  unsigned long bits = words * 8 * sizeof(unsigned long) + 1;
  return syscall(SYS_mbind, start, bytes, policy, words == 0 ? NULL : mask, words == 0 ? 0 : bits, 0) == 0 ? 0 : errno;
}

/// Writes the NUMA node of each of `count` pages to `nodes`, or a negative errno where a page was never touched.
/// Returns 0 or errno.
static inline int platform_page_nodes(void *const *pages, size_t count, int *nodes) {
  return syscall(SYS_move_pages, 0, count, pages, NULL, nodes, 0) == 0 ? 0 : errno;
}

#endif
