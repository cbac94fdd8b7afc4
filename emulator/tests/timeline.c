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

_Noreturn void end_at(const double *expected) {
  bool good = true;
  MUST(cu.cuCtxSynchronize());
  for (int k = 0; k < marks; k++) {
    if (time_of_mark(k) == llround(expected[k] * MILLISECOND)) continue;
    good = false;
    printf("mark %d: %lld ns, expected %g ms\n", k, (long long)time_of_mark(k), expected[k]);
  }
  fflush(stdout);
  exit(good ? 0 : 1);
}

void scenario(const char *config, void (*body)(void), const char *meaning) {
  new_machine(config);
  check(in_child(body) == 0, "%s", meaning);
}
