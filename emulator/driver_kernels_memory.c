/* The kernels over arrays: their effects. */
#include "driver_arguments.h"

void run_triad(work *w) {
  float *a = pointer(w, 0);
  const float *b = pointer(w, 1), *c = pointer(w, 2);
  float s = real(w, 3);
  if (recall(w, 3, NULL)) return;
  uint64_t n = number(w, 4);
  for (uint64_t i = 0; i < n; i++) a[i] = b[i] + s * c[i];
  wrote(w, 0);
  if (a != b && a != c) remember(w, NULL);
}

static uint64_t pattern(uint64_t i, uint64_t seed) {
  uint64_t z = seed + (i + 1) * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

void run_fill(work *w) {
  uint64_t *p = pointer(w, 0), words = number(w, 1), seed = number(w, 2);
  if (recall(w, 1, NULL)) return;
  for (uint64_t i = 0; i < words; i++) p[i] = pattern(i, seed);
  wrote(w, 0);
  remember(w, NULL);
}

void run_checksum(work *w) {
  const uint64_t *p = pointer(w, 0);
  uint64_t words = number(w, 1), seed = number(w, 2), *out = pointer(w, 3), found[2] = {0, UINT64_MAX};
  if (!recall(w, 1, found)) {
    for (uint64_t i = 0; i < words; i++) {
      if (p[i] == pattern(i, seed)) continue;
      if (found[0]++ == 0) found[1] = i;
    }
    remember(w, found);
  }
  if (found[0] == 0) return;
  out[0] += found[0];
  if (found[1] < out[1]) out[1] = found[1];
  wrote(w, 3);
}

void run_sum(work *w) {
  const uint64_t *p = pointer(w, 0);
  uint64_t words = number(w, 1), *out = pointer(w, 2), sum[2] = {0, 0};
  if (!recall(w, 1, sum)) {
    for (uint64_t i = 0; i < words; i++) sum[0] += p[i];
    remember(w, sum);
  }
  *out += sum[0];
  wrote(w, 2);
}

/* ---- how far pointers reach ---- */

uint64_t triad_extent(const launch *l, int a) { return (void)a, sizeof(float) * l->argument[4]; }
uint64_t words_extent(const launch *l, int a) { return a == 0 ? 8 * l->argument[1] : 8; }
uint64_t checksum_extent(const launch *l, int a) { return a == 0 ? 8 * l->argument[1] : 16; }
