/* Knobs of the launch limiter. The unit of work is a kernel that takes 1 ms. More than a rate is the layer's fault;
 * less may be the host's, which is busy for as long as it likes: so lower bounds are wide. */
#include <unistd.h>

#include "check.h"

#define MS 1000000
#define SECOND (1000 * (int64_t)MS)

enum { IN_FLIGHT = 16 };

typedef struct work {
  CUstream stream;
  CUfunction function;
  CUdeviceptr out;
  CUgraphExec graph; /* NULL: cuLaunchKernel */
  unsigned int blocks;
  unsigned long long ns;
} work;

static void prepare(work *w) {
  use_device();
  EXPECT_OK(FIND(HANDLE, cuStreamCreate)(&w->stream, CU_STREAM_NON_BLOCKING));
  EXPECT_OK(FIND(HANDLE, cuMemAlloc_v2)(&w->out, 16 * MIB));
  w->function = kernel("gvb_spin");
}

static void prepare_graph(work *w) {
  CUgraph graph;
  CUgraphNode node;
  void *parameters[] = {&w->ns, &w->out};
  const CUDA_KERNEL_NODE_PARAMS_v1 k = {.func = w->function,
                                        .gridDimX = w->blocks,
                                        .gridDimY = 1,
                                        .gridDimZ = 1,
                                        .blockDimX = 32,
                                        .blockDimY = 1,
                                        .blockDimZ = 1,
                                        .kernelParams = parameters};
  EXPECT_OK(FIND(HANDLE, cuGraphCreate)(&graph, 0));
  EXPECT_OK(FIND(HANDLE, cuGraphAddKernelNode)(&node, graph, NULL, 0, &k));
  EXPECT_OK(FIND(HANDLE, cuGraphInstantiateWithFlags)(&w->graph, graph, 0));
}

static void launch(const work *w) {
  static cuLaunchKernel_fn *plain;
  static cuGraphLaunch_fn *graph;
  void *parameters[] = {(void *)&w->ns, (void *)&w->out};
  if (plain == NULL) plain = FIND(QUERY, cuLaunchKernel);
  if (graph == NULL) graph = FIND(QUERY, cuGraphLaunch);
  EXPECT_OK(w->graph != NULL ? graph(w->graph, w->stream)
                             : plain(w->function, w->blocks, 1, 1, 32, 1, 1, 0, w->stream, parameters, NULL));
}

static CUevent events[IN_FLIGHT];

/* Launches with 16 in flight until `duration` has passed; kernels per second that ended in it. */
static double rate_over(const work *w, int64_t duration) {
  int64_t launched = 0;
  const int64_t begin = now();
  while (now() - begin < duration) {
    CUevent *event = &events[launched++ % IN_FLIGHT];
    if (*event != NULL) EXPECT_OK(FIND(HANDLE, cuEventSynchronize)(*event));
    if (*event == NULL) EXPECT_OK(FIND(HANDLE, cuEventCreate)(event, CU_EVENT_DISABLE_TIMING));
    launch(w);
    EXPECT_OK(FIND(HANDLE, cuEventRecord)(*event, w->stream));
  }
  EXPECT_OK(FIND(HANDLE, cuStreamSynchronize)(w->stream));
  return (double)launched / ((double)(now() - begin) / (double)SECOND);
}

/* Blocks of all of them run at once. */
static work few_blocks(void) {
  work w = {.blocks = 132, .ns = MS};
  prepare(&w);
  return w;
}

static void test_everything_passes_by_default(void) {
  const work w = few_blocks();
  EXPECT_TIME(rate_over(&w, SECOND / 2), 300, 1050);
}

static void test_share_is_held(void) {
  const work w = few_blocks();
  EXPECT_TIME(rate_over(&w, SECOND), 250 * 0.20, 250 * 1.04);
}

static void test_share_is_held_for_graphs(void) {
  work w = few_blocks();
  prepare_graph(&w);
  EXPECT_TIME(rate_over(&w, SECOND), 250 * 0.20, 250 * 1.04);
}

static void test_three_quarters_are_held(void) {
  const work w = few_blocks();
  EXPECT_TIME(rate_over(&w, SECOND), 750 * 0.40, 750 * 1.04);
}

static void test_nine_tenths_are_held(void) {
  const work w = few_blocks();
  EXPECT_TIME(rate_over(&w, SECOND), 900 * 0.40, 900 * 1.04);
}

static void test_share_is_even(void) {
  const work w = few_blocks();
  for (int window = 0; window < 5; window++) EXPECT_TIME(rate_over(&w, 200 * MS), 250 * 0.30, 250 * 1.12);
}

/* 1e8 blocks a second at full speed, so 100 000 blocks are a kernel of 1 ms. */
static void test_blocks_are_held(void) {
  work w = {.blocks = 100000, .ns = 1000};
  prepare(&w);
  rate_over(&w, SECOND / 10);
  EXPECT_TIME(rate_over(&w, SECOND), 250 * 0.05, 250 * 1.06);
}

static void test_few_blocks_slip_through(void) {
  const work w = few_blocks();
  EXPECT_TIME(rate_over(&w, SECOND / 2), 300, 1050);
}

static void test_free_start_lasts_as_told_and_comes_back(void) {
  const work w = few_blocks();
  for (int again = 0; again < 2; again++) {
    EXPECT_TIME(rate_over(&w, 400 * MS), 300, 1050);
    rate_over(&w, 200 * MS);
    EXPECT_TIME(rate_over(&w, 400 * MS), 90, 275);
    usleep(1200000);
  }
}

static void test_full_bucket_is_spent_first(void) {
  const work w = few_blocks();
  EXPECT_TIME(rate_over(&w, 400 * MS), 300, 1050);
  rate_over(&w, 400 * MS);
  EXPECT_TIME(rate_over(&w, 400 * MS), 90, 275);
}

static void test_rate_swings_each_second(void) {
  const work w = few_blocks();
  EXPECT_TIME(rate_over(&w, 900 * MS), 250 * 1.10, 250 * 1.55);
  rate_over(&w, 200 * MS);
  EXPECT_TIME(rate_over(&w, 800 * MS), 250 * 0.20, 250 * 0.55);
}

/* The fastest on an idle stream. */
static int64_t launch_time(void) {
  int64_t fastest = INT64_MAX;
  work w = {.blocks = 1, .ns = 100};
  prepare(&w);
  for (int i = 0; i < 200; i++) {
    const int64_t begin = now();
    launch(&w);
    const int64_t taken = now() - begin;
    if (taken < fastest) fastest = taken;
    EXPECT_OK(FIND(HANDLE, cuStreamSynchronize)(w.stream));
  }
  return fastest;
}

/* The emulated launch call takes 1900 ns. */
static void test_check_costs_as_told(void) { EXPECT_TIME(launch_time(), 1900 + 5000 - 100, 1900 + 7500); }
static void test_check_may_cost_little(void) { EXPECT_TIME(launch_time(), 1900 + 300 - 30, 1900 + 2000); }
static void test_check_costs_nothing_without_a_share(void) { EXPECT_TIME(launch_time(), 1900 - 50, 4000); }

#define QUARTER "LAYER_SHARE=0.25 "

static const check checks[] = {
    {"everything_passes_by_default", NULL, test_everything_passes_by_default, NULL, 0},
    {"whole_share_is_no_limit", "LAYER_SHARE=1", test_everything_passes_by_default, NULL, 0},
    {"share_is_held", QUARTER, test_share_is_held, NULL, 0},
    {"share_is_held_for_graphs", QUARTER, test_share_is_held_for_graphs, NULL, 0},
    {"three_quarters_are_held", "LAYER_SHARE=0.75", test_three_quarters_are_held, NULL, 0},
    {"nine_tenths_are_held", "LAYER_SHARE=0.9", test_nine_tenths_are_held, NULL, 0},
    {"share_is_even", QUARTER, test_share_is_even, NULL, 0},
    {"blocks_are_held", QUARTER "LAYER_LIMITER=blocks", test_blocks_are_held, NULL, 0},
    {"few_blocks_slip_through", QUARTER "LAYER_LIMITER=blocks", test_few_blocks_slip_through, NULL, 0},
    {"free_start_lasts_as_told_and_comes_back", QUARTER "LAYER_FREE_START=0.5",
     test_free_start_lasts_as_told_and_comes_back, NULL, 0},
    {"full_bucket_is_spent_first", QUARTER "LAYER_BUCKET=0.4", test_full_bucket_is_spent_first, NULL, 0},
    {"rate_swings_each_second", QUARTER "LAYER_OSCILLATE=0.5", test_rate_swings_each_second, NULL, 0},
    {"check_costs_as_told", QUARTER "LAYER_LIMITER=blocks LAYER_BUCKET_COST=5000", test_check_costs_as_told, NULL, 0},
    {"check_may_cost_little", QUARTER "LAYER_LIMITER=blocks LAYER_BUCKET_COST=300", test_check_may_cost_little, NULL,
     0},
    {"check_costs_nothing_without_a_share", "LAYER_BUCKET_COST=5000", test_check_costs_nothing_without_a_share, NULL,
     0},
};

int main(int argc, char **argv) { return check_main(argc, argv, checks, COUNT(checks)); }
