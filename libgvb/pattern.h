/* The host's side of the patterns that kernels write. */
#ifndef GVB_PATTERN_H
#define GVB_PATTERN_H

#include <stdint.h>

/* What its state grows by from word to word: f(i + n, seed) = f(i, seed + n x this). */
#define GVB_PATTERN_STEP 0x9E3779B97F4A7C15ULL

/* f(i, seed): SplitMix64's finaliser over its i-th state, as in kernels/memory.cu. */
static inline uint64_t gvb_pattern(uint64_t i, uint64_t seed) {
  uint64_t z = seed + (i + 1) * GVB_PATTERN_STEP;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

#endif
