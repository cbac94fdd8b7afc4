/* The kernels that load DRAM, L2 and its units: their effects. */
#include "driver_arguments.h"

/* ---- gvb_stream: op, a, b, c, words, passes, out ---- */

enum { OP, A, B, C, WORDS, PASSES, OUT };
enum { READ, WRITE, COPY, TRIAD };

static void sum_up(work *w, const uint64_t *p, uint64_t words, int compared, int out) {
  uint64_t sum[2] = {0, 0};
  if (!recall(w, compared, sum)) {
    for (uint64_t i = 0; i < words; i++) sum[0] += p[i];
    remember(w, sum);
  }
  *(uint64_t *)pointer(w, out) += sum[0] * number(w, out - 1); /* passes stand before it */
  wrote(w, out);
}

static void write_words(work *w) {
  uint64_t *a = pointer(w, A), words = number(w, WORDS), op = number(w, OP);
  const uint64_t *b = pointer(w, B), *c = pointer(w, C);
  if (recall(w, C + 1, NULL)) return;
  for (uint64_t i = 0; i < words; i++) a[i] = op == WRITE ? i : op == COPY ? b[i] : b[i] + 3 * c[i];
  wrote(w, A);
  if (op == WRITE || (a != b && a != c)) remember(w, NULL);
}

void run_stream(work *w) {
  if (number(w, PASSES) == 0 || number(w, OP) > TRIAD) return;
  if (number(w, OP) == READ)
    sum_up(w, pointer(w, A), number(w, WORDS), A + 1, OUT);
  else
    write_words(w);
}

uint64_t stream_extent(const launch *l, int a) { return a == OUT ? 8 : 8 * l->argument[WORDS]; }

/* ---- gvb_l2_read: p, words, passes, out ---- */

void run_l2_read(work *w) { sum_up(w, pointer(w, 0), number(w, 1), 1, 3); }

/* ---- gvb_atomics: counters, addresses, operations ---- */

enum { APART = 16 }; /* words */

static uint64_t addresses_of(const launch *l) { return l->argument[1] ? l->argument[1] : 1; }

void run_atomics(work *w) {
  const launch *l = &w->launch;
  for (uint64_t b = 0; b < l->blocks; b++)
    ((uint64_t *)pointer(w, 0))[APART * (b % addresses_of(l))] += l->threads * number(w, 2);
  wrote(w, 0);
}

uint64_t atomics_extent(const launch *l, int a) { return (void)a, 8 * (APART * (addresses_of(l) - 1) + 1); }

/* ---- gvb_scan: p, words, family, out ---- */

void run_scan(work *w) {
  const uint64_t *p = pointer(w, 0);
  uint64_t found[2] = {0, 0};
  if (!recall(w, 1, found)) {
    for (uint64_t i = 0; i < number(w, 1); i++) found[0] += p[i] >> 32 == number(w, 2);
    remember(w, found);
  }
  if (found[0] == 0) return;
  *(uint64_t *)pointer(w, 3) += found[0];
  wrote(w, 3);
}

/* ---- gvb_cost: flop, bytes, blocks ---- */

void run_cost(work *w) { (void)w; }
uint64_t cost_blocks(const launch *l) { return l->argument[2] ? l->argument[2] : 1; }
