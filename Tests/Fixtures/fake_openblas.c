// A BLAS that looks like OpenBLAS, for tests. What it does wrong is chosen when it is compiled: -DFAULT_CRASH and so on.
// INT is the type of its integers, NAME(x) what it calls its functions.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef INT
#define INT int
#endif
#ifndef NAME
#define NAME(x) x
#endif
#ifdef FAULT_OLD
#define VERSION "0.2.20"
#else
#define VERSION "0.3.99"
#endif
#ifdef WIDE
#define WIDTH " USE64BITINT"
#else
#define WIDTH ""
#endif

const char *NAME(openblas_get_config)(void) { return "OpenBLAS " VERSION WIDTH " FAKE"; }

const char *NAME(openblas_get_corename)(void) {
  const char *forced = getenv("OPENBLAS_CORETYPE");
  return forced ? forced : "Haswell";
}

#ifndef FAULT_MISSING
void NAME(openblas_set_num_threads)(int threads) { (void)threads; }
#endif

#ifdef FAULT_GRAB
static void *spin(void *unused) {
  (void)unused;
  for (volatile int i = 0;; i++) {}
}
#endif

void NAME(cblas_sgemm)(
    int order, int ta, int tb, INT m, INT n, INT k, float alpha, const float *a, INT lda, const float *b, INT ldb,
    float beta, float *c, INT ldc) {
  static int calls = 0;
  calls++;
  if (order != 101 || ta != 111 || alpha != 1 || beta != 0) abort();
#ifdef FAULT_CRASH
  *(volatile int *)8 = 1;
#endif
#ifdef FAULT_LATE_CRASH
  if (calls > 100) *(volatile int *)8 = 1;
#endif
#ifdef FAULT_HANG
  // Says that it hangs, to a test that waits for it.
  const char *mark = getenv("FAKE_HANGS");
  if (mark) fclose(fopen(mark, "w"));
  for (;;) pause();
#endif
#ifdef FAULT_EXIT
  fprintf(stderr, "no licence\n");
  exit(3);
#endif
#ifdef FAULT_GRAB
  if (calls == 1) {
    for (int i = 0; i < 16; i++) {
      pthread_t thread;
      pthread_create(&thread, NULL, spin, NULL);
    }
  }
#endif
#ifdef FAULT_CHATTER
  printf("{\"ready\":{}}\n");
  fflush(stdout);
#endif
  for (INT i = 0; i < m; i++) {
    for (INT j = 0; j < n; j++) {
      float sum = 0;
      INT depth = k;
#ifdef FAULT_WRONG
      depth = k - (i == m - 1 && j == n - 1);
#endif
      for (INT p = 0; p < depth; p++) sum += a[i * lda + p] * (tb == 112 ? b[j * ldb + p] : b[p * ldb + j]);
      c[i * ldc + j] = sum;
    }
  }
#ifdef FAULT_OVERRUN
  c[(m - 1) * ldc + n] = 0;
#endif
}
