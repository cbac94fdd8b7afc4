/* What L2 holds, whom it serves, and what its latency is under load, against the rules of common_cache.c. */
#include <math.h>

#include "neighbors.h"

enum { L2 = 1 << 20, LINE = 128, BINS = 1025, LONG = 20000000 }; /* ns */

#define TWO(a, b) ((const job[]){a, b}), 2
#define HALVES "sm_share 0.5\n"
#define SET(part) {"often", (int64_t)((part) * L2)}

/* ---- hits of passes, from the time that they take ---- */

/* 100 passes at 200 GB/s of L2 or 100 GB/s of DRAM. */
static double hits_alone(const char *config, double part) {
  const job reader = SET(part);
  double seen, hit = part * L2 * 100 / 200 + 1000, miss = part * L2 * 100 / 100 + 1000;
  return pieces(config, &reader, 1, &seen) ? (miss - seen) / (miss - hit) : NAN;
}

static void a_set_that_fits_is_found(void) {
  RATIO("L2 hits of 0.75 L2", 1.0, hits_alone(SMALL, 0.75));
  RATIO("L2 hits of 1.5 L2", 0.0, hits_alone(SMALL, 1.5));
  RATIO("L2 hits of 1.5 L2", 0.417188, hits_alone(SMALL "l2_policy random\n", 1.5));
  RATIO("L2 hits of 0.75 L2", 0.417188, hits_alone(SMALL "l2_policy random\nl2_effective 0.5\n", 0.75));
  RATIO("L2 hits of 0.75 L2", 0.0, hits_alone(SMALL "l2_effective 0.5\n", 0.75));
}

/* h of 1.2 is 0.686260; a miss takes twice as long as a hit. */
static void sets_in_use_share(void) {
  RATIO("L2, 0.6 beside 0.3", 1.0, beside(SMALL HALVES, TWO(SET(0.6), SET(0.3))));
  RATIO("L2, 0.6 beside 0.6", 0.5, beside(SMALL HALVES, TWO(SET(0.6), SET(0.6))));
  RATIO("L2, 0.6 beside 0.6", 1 / (2 - 0.686260), beside(SMALL HALVES "l2_policy random\n", TWO(SET(0.6), SET(0.6))));
  RATIO("L2, 0.4 beside 2.0", 1.0, beside(SMALL HALVES "l2_partition 1\n", TWO(SET(0.4), SET(2.0))));
}

/* ---- latency ---- */

/* A chase has one multiprocessor, its neighbor the other 131. */
static void load_stretches_latency(void) {
  const job chase = {"chase", L2 / 10}, idle = {"compute", 0}, loud = SET(0.25);
  const char *config = SMALL "l2_queueing 0.4\n";
  RATIO("latency of L2 beside reads of L2", 1 + 0.4 * 131 / 132, 1 / beside(config, TWO(chase, loud)));
  RATIO("latency of L2 beside arithmetic", 1.0, 1 / beside(config, TWO(chase, idle)));
  RATIO("latency of L2 beside reads of L2", 1.0, 1 / beside(SMALL, TWO(chase, loud)));
  RATIO("latency of L2 beside reads of L2", 1.0,
        1 / beside(SMALL HALVES "l2_queueing 0.4\nl2_partition 1\n", TWO(chase, loud)));
  const job far = {"chase", 8 * L2}, reader = {"read", 16 * L2};
  RATIO("latency of DRAM beside reads of DRAM", 1 + 0.3 * 131 / 132,
        1 / beside(SMALL "dram_queueing 0.3\n", TWO(far, reader)));
  double seen;
  pieces(SMALL, &chase, 1, &seen);
  RATIO("ns of a step in L2", 150, (seen - 1000) / 4096);
  pieces(SMALL, &far, 1, &seen);
  RATIO("ns of a step in DRAM", 273, (seen - 1000) / 4096);
}

/* ---- eviction between uses ---- */

static CUdeviceptr array, out, bins;

static void take_place(int rank, size_t bytes) {
  open_context();
  machine = machine_clock();
  MUST(cu.cuMemAlloc_v2(&array, bytes));
  MUST(cu.cuMemAlloc_v2(&out, 4096));
  MUST(cu.cuMemAlloc_v2(&bins, 8 * BINS));
  const gvb_start start = {2, rank, 0, rank};
  machine->enter(&start, NULL);
}

static void pass(uint64_t warm_passes) {
  uint64_t lines = L2 / 4 / LINE, bytes = LINE, warm = warm_passes * lines, width = 20;
  launch("gvb_chase", 1, 32, (void *[]){&array, &lines, &bytes, &warm, &lines, &width, &out, &bins});
  MUST(cu.cuStreamSynchronize(stream));
}

/* Steps that took DRAM's 273 clocks and not L2's 150, in millionths. */
static int victim(void) {
  static uint64_t seen[BINS];
  take_place(0, L2 / 4);
  const int64_t begin = machine->now();
  pass(2);
  machine->wait(begin + 2 * (int64_t)LONG);
  pass(0);
  MUST(cu.cuMemcpyDtoH_v2(seen, bins, sizeof seen));
  machine->leave();
  printf("%lld\n", (long long)(seen[273 / 20] * 1000000 / (seen[273 / 20] + seen[150 / 20])));
  return 0;
}

/* Between the victim's uses; -1: computes only. */
static int evictor(double part) {
  uint64_t op = 0, words = (uint64_t)(part * L2) / 8, passes = 1, iterations = 7812;
  take_place(1, part > 0 ? 8 * words : 8);
  machine->wait(machine->now() + LONG);
  if (part > 0)
    launch("gvb_stream", 1056, 256, (void *[]){&op, &array, &array, &array, &words, &passes, &out});
  else
    launch("gvb_fma", 1056, 256, (void *[]){&iterations, &one, &one, &out});
  MUST(cu.cuStreamSynchronize(stream));
  machine->leave();
  return 0;
}

static double evicted(const char *config, double part) {
  char text[64];
  FILE *from[2];
  int status[2];
  new_machine(config);
  snprintf(text, sizeof text, "evictor %g", part);
  pid_t pid[] = {start_client("victim", &from[0]), start_client(text, &from[1])};
  double seen = (double)read_number(from[0]) / 1e6;
  for (int k = 0; k < 2; k++) waitpid(pid[k], &status[k], 0), fclose(from[k]);
  return status[0] || status[1] ? NAN : seen;
}

/* Of 0.25 L2. At random, what is free is filled first: of 2 L2 there is 1.25 beyond that. */
static void others_evict_what_waits(void) {
  RATIO("evicted by 0.5 L2", 0.0, evicted(SMALL, 0.5));
  RATIO("evicted by 1 L2", 1.0, evicted(SMALL, 1));
  RATIO("evicted by 2 L2", 1.0, evicted(SMALL, 2));
  RATIO("evicted by 0.5 L2", 0.0, evicted(SMALL "l2_policy random\n", 0.5));
  RATIO("evicted by 2 L2", 1 - exp(-1.25), evicted(SMALL "l2_policy random\n", 2));
  RATIO("evicted by 2 L2", 0.0, evicted(SMALL HALVES "l2_partition 1\n", 2));
  RATIO("evicted by arithmetic", 0.0, evicted(SMALL "schedule time-slice\n", -1));
  RATIO("evicted by arithmetic", 1.0, evicted(SMALL "schedule time-slice\nl2_flush_on_switch 1\n", -1));
}

/* ---- what a sliced tenant sees ---- */

/* Microseconds of the median gap of 40 ms, between slices of the evictor's arithmetic; in thousandths. */
static int watcher(void) {
  static uint64_t seen[3 + 2 * 64];
  static int64_t length[64];
  uint64_t capacity = 64, ns = 40000000, gap = 10000;
  take_place(0, sizeof seen);
  launch("gvb_gaps", 1, 32, (void *[]){&array, &capacity, &ns, &gap});
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(seen, array, sizeof seen));
  machine->leave();
  for (uint64_t k = 0; k < seen[0]; k++) length[k] = (int64_t)(seen[4 + 2 * k] - seen[3 + 2 * k]);
  printf("%lld\n", seen[0] ? (long long)median(length, (int)seen[0]) : -1);
  return 0;
}

/* 20 passes of the chase, of 6.1 ms in all: how many of its steps were descheduled. */
static int sliced_chase(void) {
  static uint64_t seen[BINS];
  take_place(0, L2 / 4);
  uint64_t lines = L2 / 4 / LINE, bytes = LINE, steps = 20 * lines, width = 20;
  launch("gvb_chase", 1, 32, (void *[]){&array, &lines, &bytes, &lines, &steps, &width, &out, &bins});
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(seen, bins, sizeof seen));
  machine->leave();
  printf("%lld\n", (long long)seen[BINS - 1]);
  return 0;
}

/* Arithmetic for 60 ms. */
static int worker(void) {
  uint64_t iterations = 7812;
  take_place(1, 8);
  for (int k = 0; k < 120; k++) launch("gvb_fma", 1056, 256, (void *[]){&iterations, &one, &one, &out});
  MUST(cu.cuStreamSynchronize(stream));
  machine->leave();
  return 0;
}

static double beside_worker(const char *config, const char *role) {
  FILE *from[2];
  int status[2];
  new_machine(config);
  pid_t pid[] = {start_client(role, &from[0]), start_client("worker", &from[1])};
  double seen = (double)read_number(from[0]);
  for (int k = 0; k < 2; k++) waitpid(pid[k], &status[k], 0), fclose(from[k]);
  return status[0] || status[1] ? NAN : seen;
}

/* A slice of 2 ms and two switches. A chase of 6.4 ms has four slices, between them three of the others. */
static void slices_are_seen(void) {
  const char *config = SMALL "schedule time-slice\nswitch_ns 50000\n";
  RATIO("gap between slices, ns", 2100000, beside_worker(config, "watcher"));
  RATIO("descheduled steps of a chase", 3, beside_worker(config, "chase_sliced"));
}

/* ---- a kernel alone ---- */

static int64_t duration(const char *name, void **arguments) {
  static CUevent mark[2];
  float milliseconds;
  uint64_t ns = 100000;
  for (int k = 0; k < 2; k++) MUST(cu.cuEventCreate(&mark[k], 0));
  launch("gvb_spin", 1, 32, (void *[]){&ns, &out}); /* so that neither waits for the host */
  MUST(cu.cuEventRecord(mark[0], stream));
  launch(name, 1056, 256, arguments);
  MUST(cu.cuEventRecord(mark[1], stream));
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuEventElapsedTime(&milliseconds, mark[0], mark[1]));
  return llround((double)milliseconds * 1e6);
}

/* The first pass brings it in at 100 GB/s, the second finds it at 200 GB/s; a larger one is never found. */
static void passes_bring_it_in(void) {
  uint64_t small = 50000, large = 2000000;
  open_context();
  MUST(cu.cuMemAlloc_v2(&array, 8 * large));
  MUST(cu.cuMemAlloc_v2(&out, 4096));
  void *within[] = {&array, &small, &out}, *beyond[] = {&array, &large, &out};
  const int64_t first = duration("gvb_sum", within), second = duration("gvb_sum", within);
  const int64_t cold = duration("gvb_sum", beyond), again = duration("gvb_sum", beyond);
  printf("%lld %lld %lld %lld\n", (long long)first, (long long)second, (long long)cold, (long long)again);
  fflush(stdout);
  exit(first == 5000 && second == 3000 && cold == 161000 && again == 161000 ? 0 : 1);
}

/* 33.792 TFLOP/s on 132 multiprocessors. */
static void costs(void) {
  uint64_t flop = 33792000000, bytes = 50000000, all = 132, quarter = 33, none = 0;
  open_context();
  MUST(cu.cuMemAlloc_v2(&out, 4096));
  const int64_t arithmetic = duration("gvb_cost", (void *[]){&flop, &bytes, &all});
  const int64_t memory = duration("gvb_cost", (void *[]){&none, &bytes, &all});
  const int64_t narrow = duration("gvb_cost", (void *[]){&flop, &none, &quarter});
  printf("%lld %lld %lld\n", (long long)arithmetic, (long long)memory, (long long)narrow);
  fflush(stdout);
  exit(arithmetic == 1001000 && memory == 501000 && narrow == 4001000 ? 0 : 1);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "victim") == 0) return victim();
  if (argc > 1 && strncmp(argv[1], "evictor", 7) == 0) return evictor(atof(argv[1] + 7));
  if (argc > 1 && strcmp(argv[1], "watcher") == 0) return watcher();
  if (argc > 1 && strcmp(argv[1], "chase_sliced") == 0) return sliced_chase();
  if (argc > 1 && strcmp(argv[1], "worker") == 0) return worker();
  if (argc > 1) return tenant(argv[1]);
  base_is("small", SMALL);
  new_machine(SMALL);
  check(in_child(passes_bring_it_in) == 0, "the first pass misses, the next ones hit");
  check(in_child(costs) == 0, "gvb_cost takes what its arithmetic or its bytes take");
  a_set_that_fits_is_found();
  sets_in_use_share();
  load_stretches_latency();
  others_evict_what_waits();
  slices_are_seen();
  return summary();
}
