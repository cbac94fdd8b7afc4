#include "timeline.h"

#include <math.h>

const gvb_machine_clock *machine;
CUdeviceptr counter;
float one = 1.0f;
CUfunction multiply;
CUstream s[STREAMS];
CUevent mark[MARKS];
static CUevent gate;
static int marks;

void prepare(const int *priority) {
  open_context();
  MUST(cu.cuMemAlloc_v2(&counter, 4096));
  machine = machine_clock();
  multiply = function("gvb_fma");
  MUST(cu.cuEventCreate(&gate, 0));
  for (int k = 0; k < MARKS; k++) MUST(cu.cuEventCreate(&mark[k], 0));
  for (int k = 0; k < STREAMS; k++)
    MUST(cu.cuStreamCreateWithPriority(&s[k], CU_STREAM_NON_BLOCKING, priority ? priority[k] : 0));
}

/* Each wave fills so many multiprocessors for 1 ms at 1 GHz: 15625 steps x 4 chains x 8 blocks x 256 threads / 128. */
void compute(CUstream on, unsigned int multiprocessors, unsigned int waves) {
  uint64_t iterations = waves > 1 || multiprocessors == ALL ? 15625 : 125000; /* else one block on each */
  unsigned int blocks = iterations == 15625 ? multiprocessors * 8 * waves : multiprocessors;
  void *arguments[] = {&iterations, &one, &one, &counter};
  MUST(cu.cuLaunchKernel(multiply, blocks, 1, 1, 256, 1, 1, 0, on, arguments, NULL));
}

void record(CUstream on) { MUST(cu.cuEventRecord(mark[marks++], on)); }

void compute_and_record(CUstream on, unsigned int multiprocessors) {
  compute(on, multiprocessors, 1);
  record(on);
}

void await_gate(CUstream on) { MUST(cu.cuStreamWaitEvent(on, gate, 0)); }
void await_opening(void) { MUST(cu.cuEventSynchronize(gate)); }

void close_gate(void) {
  compute(stream, ALL, 2);
  MUST(cu.cuEventRecord(gate, stream));
  for (int k = 0; k < STREAMS; k++) await_gate(s[k]);
}

int64_t open_gate(void) {
  MUST(cu.cuEventRecord(gate, stream));
  return machine->now() + 2500; /* launch_to_start */
}

int64_t time_of_mark(int k) {
  float milliseconds;
  MUST(cu.cuEventElapsedTime(&milliseconds, gate, mark[k]));
  return llround((double)milliseconds * MILLISECOND);
}

/* ---- scenarios ---- */

static const char *kind_of_rows, *scenario_meaning;
static const char *base_name = "exact", *base_keys = EXACT;

void scenarios_are_rows(const char *kind) { kind_of_rows = getenv("TABLE") ? kind : NULL; }

void base_is(const char *name, const char *keys) { base_name = name, base_keys = keys; }

/* In one line. */
static void print_keys(const char *keys) {
  for (; *keys; keys++)
    if (*keys != '\n' || keys[1]) fputs(*keys == '\n' ? ", " : (const char[]){*keys, 0}, stdout);
}

void print_machine(void) {
  const size_t common = strlen(base_keys);
  const bool has_base = strncmp(machine_text(), base_keys, common) == 0;
  printf("%s | ", has_base ? base_name : "none");
  print_keys(machine_text() + (has_base ? common : 0));
}

void print_base(void) {
  printf("base %s | ", base_name);
  print_keys(base_keys);
  printf("\n");
}

static void print_row(double expected, double seen) {
  if (!kind_of_rows) return;
  print_base();
  printf("row %s, ms: %s |  | ", kind_of_rows, scenario_meaning);
  print_machine();
  printf(" | %.6g | %.6g\n", expected, seen);
}

_Noreturn void end_at(const double *expected) {
  bool good = true;
  MUST(cu.cuCtxSynchronize());
  for (int k = 0; k < marks; k++) {
    if (time_of_mark(k) == llround(expected[k] * MILLISECOND)) continue;
    good = false;
    printf("mark %d: %lld ns, expected %g ms\n", k, (long long)time_of_mark(k), expected[k]);
  }
  print_row(expected[marks - 1], (double)time_of_mark(marks - 1) / MILLISECOND);
  fflush(stdout);
  exit(good ? 0 : 1);
}

void scenario(const char *config, void (*body)(void), const char *meaning) {
  scenario_meaning = meaning;
  new_machine(config);
  check(in_child(body) == 0, "%s", meaning);
}

/* ---- waiting ---- */

static uint32_t any(uint32_t below) {
  static uint32_t state = 1;
  state = state * 1664525 + 1013904223;
  return (state >> 8) % below;
}

static void queue_anything(CUstream on, CUstream other, CUevent between) {
  uint64_t iterations = 1 + any(3000);
  void *arguments[] = {&iterations, &one, &one, &counter};
  if (any(4) == 0) {
    MUST(cu.cuEventRecord(between, other));
    MUST(cu.cuStreamWaitEvent(on, between, 0));
  }
  if (any(5) == 0)
    MUST(cu.cuMemsetD32Async(counter, 1, 1 + any(1 << 20), on));
  else
    MUST(cu.cuLaunchKernel(multiply, 1 + any(3000), 1, 1, 256, 1, 1, 0, on, arguments, NULL));
}

/* A wait returns 1500 ns after the end, as long as its call takes, 200, at the least. */
static bool returns_in_time(CUstream on, int64_t gate_time) {
  MUST(cu.cuEventRecord(mark[0], on));
  const int64_t entry = machine->now();
  MUST(cu.cuStreamSynchronize(on));
  const int64_t found = machine->now(), end = gate_time + time_of_mark(0);
  const int64_t expected = end > entry && end + 1500 > entry + 200 ? end + 1500 : entry + 200;
  if (found != expected) fprintf(stderr, "%lld ns late\n", (long long)(found - expected));
  return found == expected;
}

/* What the model says about ends that are still to come must be a lower bound, or a wait returns late. */
bool waits_in_time(int rounds) {
  bool good = true;
  for (int k = 0; k < rounds && good; k++) {
    MUST(cu.cuCtxSynchronize());
    const int64_t gate_time = open_gate();
    for (int n = 1 + (int)any(12); n > 0; n--) queue_anything(s[any(STREAMS)], s[any(STREAMS)], mark[1]);
    for (int n = 3; n > 0; n--) good = returns_in_time(s[any(STREAMS)], gate_time) && good;
  }
  return good;
}
