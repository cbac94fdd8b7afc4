/* What processes see of each other in DRAM, L2 and arithmetic, against the rule of the model. */
#include "neighbors.h"

enum { LARGE = 16 << 20 };

static const job reader = {"read", LARGE}, writer = {"write", LARGE}, triad = {"triad", LARGE}, fma = {"compute", 0};

#define TWO(a, b) ((const job[]){a, b}), 2
#define HALVES "sm_share 0.5\n"

/* ---- DRAM ---- */

static void two_share_the_dram(void) {
  RATIO("DRAM, one of two that read", 0.5, beside(SMALL, TWO(reader, reader)));
  RATIO("DRAM, triad beside triad", 0.5, beside(SMALL, TWO(triad, triad)));
  const job three[] = {reader, reader, reader};
  RATIO("DRAM, one of three", 1.0 / 3, beside(SMALL, three, 3));
}

/* With saturation 0.5, half of the multiprocessors draw all of the DRAM's bandwidth: alone each of two would. */
static void half_of_the_multiprocessors_saturate(void) {
  double all, half;
  pieces(SMALL "dram_saturation 0.5\n", &reader, 1, &all);
  pieces(SMALL "dram_saturation 0.5\n" HALVES, &reader, 1, &half);
  RATIO("DRAM, half of the multiprocessors", 1.0, all / half);
  pieces(SMALL "dram_saturation 0.5\nsm_share 0.25\n", &reader, 1, &half);
  RATIO("DRAM, a quarter of them", 0.5, all / half);
  RATIO("DRAM, two halves", 0.5, beside(SMALL "dram_saturation 0.5\n" HALVES, TWO(reader, reader)));
}

/* Rate of all of k tenants to that of one. */
static double aggregate(const char *config, int k) {
  const job jobs[] = {reader, reader, reader, reader};
  double alone, seen[TENANTS], sum = 0;
  if (!pieces(config, jobs, 1, &alone) || !pieces(config, jobs, k, seen)) return -1;
  for (int j = 0; j < k; j++) sum += alone / seen[j];
  return sum;
}

static void one_reaches_a_part(void) {
  const char *config = SMALL "dram_saturation 0.1\ndram_reach 0.4\n";
  RATIO("DRAM, together, of two", 2.0, aggregate(config, 2));
  RATIO("DRAM, together, of three", 2.5, aggregate(config, 3));
  RATIO("DRAM, together, of four", 2.5, aggregate(config, 4));
}

static void the_first_may_weigh_more(void) {
  double alone, seen[2];
  const char *config = SMALL "dram_saturation 0.1\ndram_weight 3\n";
  pieces(config, &reader, 1, &alone);
  pieces(config, TWO(reader, reader), seen);
  RATIO("DRAM, the first client", 0.75, alone / seen[0]);
  RATIO("DRAM, the other", 0.25, alone / seen[1]);
}

static void a_partition_keeps_its_part(void) {
  RATIO("DRAM, a partition beside another", 1.0,
        beside(SMALL "dram_saturation 0.1\ndram_partition 1\n" HALVES, TWO(reader, reader)));
  RATIO("DRAM, the same without a partition", 0.5, beside(SMALL "dram_saturation 0.1\n" HALVES, TWO(reader, reader)));
}

/* A reader of demand B beside a writer, whose bytes cost 2: x + 2x = B. Beside another reader: x + x = B. */
static void writes_cost_more(void) {
  const char *config = SMALL "dram_saturation 0.1\ndram_write_cost 2\n";
  RATIO("DRAM, reads beside writes", 1.0 / 3, beside(config, TWO(reader, writer)));
  RATIO("DRAM, reads beside reads", 0.5, beside(config, TWO(reader, reader)));
  const double without = beside(SMALL "dram_saturation 0.1\n", TWO(writer, fma));
  RATIO("DRAM, writes alone", 1.0, beside(config, TWO(writer, fma)) / without);
}

/* Each has half of the multiprocessors, which is all that counts for arithmetic. */
static void arithmetic_is_not_touched(void) {
  RATIO("arithmetic beside DRAM", 1.0, beside(SMALL HALVES, TWO(fma, reader)));
  RATIO("DRAM beside arithmetic", 1.0, beside(SMALL HALVES, TWO(reader, fma)));
  RATIO("DRAM beside arithmetic", 1.0, beside(SMALL "dram_saturation 0.5\n", TWO(reader, fma)));
}

/* Two streams that could each have all of the bandwidth: two halves of an array take as long as the whole. */
static void streams_share_too(void) {
  const job halves = {"twice", LARGE};
  double one, two;
  const char *config = SMALL "dram_saturation 0.5\n";
  pieces(config, &reader, 1, &one);
  pieces(config, &halves, 1, &two);
  RATIO("DRAM, two streams of one process", 1.0, one / two);
}

/* Neighbors share the device in turn: each has its time, and what it finds in L2 when its turn comes again. */
static void slices_are_no_contention(void) {
  const char *config = SMALL "schedule time-slice\nswitch_ns 0\nslice_ns 50000\n";
  RATIO("DRAM under time slices", 0.5, beside(config, TWO(reader, reader)));
  RATIO("arithmetic under time slices", 0.5, beside(config, TWO(fma, reader)));
}

int main(int argc, char **argv) {
  if (argc > 1) return tenant(argv[1]);
  base_is("small", SMALL);
  two_share_the_dram();
  half_of_the_multiprocessors_saturate();
  one_reaches_a_part();
  the_first_may_weigh_more();
  a_partition_keeps_its_part();
  writes_cost_more();
  arithmetic_is_not_touched();
  streams_share_too();
  slices_are_no_contention();
  return summary();
}
