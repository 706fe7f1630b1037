#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

// Raw CPUID and XGETBV; what the bits mean is decoded in Swift, where it can be tested without the CPU.

#include <stdint.h>

#if defined(__x86_64__)

#include <cpuid.h>

/// The four registers that CPUID returns.
struct platform_cpuid_result {
  uint32_t eax, ebx, ecx, edx;
};

/// Executes CPUID for `leaf` and `subleaf`; all zero when the CPU does not have the leaf, as CPUID itself would
/// return the data of another leaf.
static inline struct platform_cpuid_result platform_cpuid(uint32_t leaf, uint32_t subleaf) {
  struct platform_cpuid_result result = {0, 0, 0, 0};
  __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx);
  return result;
}

/// Returns XCR0, the register states that the operating system saves at a context switch.
/// Requires OSXSAVE (CPUID leaf 1, bit 27 of ecx): without it the instruction is illegal.
static inline uint64_t platform_xcr0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

#endif

#endif
