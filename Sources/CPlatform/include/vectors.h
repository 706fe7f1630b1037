#ifndef CPLATFORM_VECTORS_H
#define CPLATFORM_VECTORS_H

// Instructions on vectors that Swift has no words for. Swift imports these types as SIMD4<Float> and so on. Code for one
// ISA has that ISA's name, by which it can be told apart in a binary.

#define PLATFORM_INLINE static inline __attribute__((always_inline))

typedef float platform_float4 __attribute__((vector_size(16)));

/// The first halves of `a` and `b`, their elements alternating.
PLATFORM_INLINE platform_float4 platform_interleave_low_4(platform_float4 a, platform_float4 b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}

/// The second halves of `a` and `b`, their elements alternating.
PLATFORM_INLINE platform_float4 platform_interleave_high_4(platform_float4 a, platform_float4 b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}

/// Whether every lane of `x` is between −`bound` and `bound`; NaN is not.
PLATFORM_INLINE _Bool platform_is_within_4(platform_float4 x, platform_float4 bound) {
  return __builtin_reduce_and((x <= bound) & (x >= -bound));
}

#if defined(__aarch64__)
/// The float at `p` in every lane, for multiply-adds that take it out of lane 0 of a register. The assembly is empty: it
/// hides from the compiler that the float was loaded, or LD1R would load it into every lane.
PLATFORM_INLINE platform_float4 platform_broadcast_4(const float *p) {
  float x = *p;
  __asm__("" : "+w"(x));
  return (platform_float4){x, x, x, x};
}
#endif

#if defined(__AVX2__)
#include <immintrin.h>

/// See `platform_interleave_low_4`.
PLATFORM_INLINE __m256 platform_interleave_low_AVX2(__m256 a, __m256 b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/// See `platform_interleave_high_4`.
PLATFORM_INLINE __m256 platform_interleave_high_AVX2(__m256 a, __m256 b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// Every second lane of `a` and then of `b`, from the first on.
PLATFORM_INLINE __m256 platform_evens_AVX2(__m256 a, __m256 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}

/// Every second lane of `a` and then of `b`, from the second on.
PLATFORM_INLINE __m256 platform_odds_AVX2(__m256 a, __m256 b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}

/// See `platform_is_within_4`.
PLATFORM_INLINE _Bool platform_is_within_AVX2(__m256 x, __m256 bound) {
  const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
  return _mm256_movemask_ps(_mm256_cmp_ps(size, bound, _CMP_LE_OQ)) == 0xff;
}

/// The first `count` floats at `p`, at most 8, then zeros. No other memory is touched.
PLATFORM_INLINE __m256 platform_load_first_AVX2(const float *p, long count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes));
}
#endif

#if defined(__AVX512F__)
/// See `platform_interleave_low_4`.
PLATFORM_INLINE __m512 platform_interleave_low_AVX512(__m512 a, __m512 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/// See `platform_interleave_high_4`.
PLATFORM_INLINE __m512 platform_interleave_high_AVX512(__m512 a, __m512 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/// See `platform_evens_AVX2`.
PLATFORM_INLINE __m512 platform_evens_AVX512(__m512 a, __m512 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

/// See `platform_odds_AVX2`.
PLATFORM_INLINE __m512 platform_odds_AVX512(__m512 a, __m512 b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/// See `platform_is_within_4`.
PLATFORM_INLINE _Bool platform_is_within_AVX512(__m512 x, __m512 bound) {
  return _mm512_cmp_ps_mask(_mm512_abs_ps(x), bound, _CMP_LE_OQ) == 0xffff;
}

/// `x` · 2ⁿ lane by lane for integral `n`, rounded once.
PLATFORM_INLINE __m512 platform_scale_AVX512(__m512 x, __m512 n) { return _mm512_scalef_ps(x, n); }

/// The first `count` floats at `p`, at most 16, then zeros. No other memory is touched.
PLATFORM_INLINE __m512 platform_load_first_AVX512(const float *p, long count) {
  return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}

/// Writes the first `count` lanes of `vector`, at most 16, to `p`, and touches no other memory.
PLATFORM_INLINE void platform_store_first_AVX512(__m512 vector, float *p, long count) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), vector);
}
#endif

#undef PLATFORM_INLINE

#endif
