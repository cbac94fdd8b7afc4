/* Sets of a device's multiprocessors: what a green context, a static partition of MPS or a split of one consists of. */
#ifndef GVB_EMULATOR_SETS_H
#define GVB_EMULATOR_SETS_H

#include <stdbool.h>
#include <stdint.h>

enum { SET_WORDS = 4, SET_MOST = 64 * SET_WORDS };

/* Bit k: the multiprocessor whose %smid is k. Empty: no set, the device's schedule decides. */
typedef struct sm_set {
  uint64_t word[SET_WORDS];
} sm_set;

static inline bool set_has(const sm_set *set, int sm) { return set->word[sm / 64] >> (sm % 64) & 1; }

static inline void set_add(sm_set *set, int first, int count) {
  for (int sm = first; sm < first + count; sm++) set->word[sm / 64] |= (uint64_t)1 << (sm % 64);
}

static inline int set_count(const sm_set *set) {
  int sum = 0;
  for (int k = 0; k < SET_WORDS; k++) sum += __builtin_popcountll(set->word[k]);
  return sum;
}

static inline bool set_is_empty(const sm_set *set) { return set_count(set) == 0; }

static inline sm_set set_union(const sm_set *a, const sm_set *b) {
  sm_set both = *a;
  for (int k = 0; k < SET_WORDS; k++) both.word[k] |= b->word[k];
  return both;
}

/* The member number n, counted from 0; -1 if there are not so many. */
static inline int set_member(const sm_set *set, int n) {
  for (int sm = 0; sm < SET_MOST; sm++)
    if (set_has(set, sm) && n-- == 0) return sm;
  return -1;
}

/* `count` of them, after the first `skipped`. */
static inline sm_set set_part(const sm_set *set, int skipped, int count) {
  sm_set part = {{0}};
  for (int n = skipped; n < skipped + count; n++) set_add(&part, set_member(set, n), 1);
  return part;
}

#endif
