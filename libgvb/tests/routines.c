/* Each routine sees what the emulated GPU was told to be. Bounds are wide: the machine that tests may be busy. */
#include "suite.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000 };

#define SMALL QUICK "sm_count 4\nsm_clock 1000000000\n"

static const int64_t sms = 4;

static void clock_floor(void) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_clock_floor(1000, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 1000);
  EXPECT(median(&i, 1, 0) > 0);
  EXPECT_TIME(median(&i, 1, 0) < 10 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static int64_t launch_latency(int32_t api) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_latency(api, GVB_QUERY, 500, 32, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 500);
  EXPECT_OK(gvb_release(work));
  return median(&i, 1, 0);
}

static void latency_kernel(void) {
  const int64_t call = launch_latency(GVB_LAUNCH_KERNEL);
  EXPECT_TIME(call > 4900 && call < 6000);
}

static void latency_ex(void) {
  const int64_t call = launch_latency(GVB_LAUNCH_KERNEL_EX);
  EXPECT_TIME(call > 6900 && call < 8000);
}

static void latency_graph(void) {
  const int64_t call = launch_latency(GVB_LAUNCH_GRAPH);
  EXPECT_TIME(call > 8900 && call < 10000);
}

static void launch_sync(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_sync(GVB_LAUNCH_KERNEL, GVB_QUERY, 200, &work));
  const gvb_interval i = run_once(work);
  /* 2 + 20 + 1 + 1.5 us */
  EXPECT_TIME(median(&i, 1, 0) > 24 * MICROSECOND);
  EXPECT_TIME(median(&i, 1, 0) < 40 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static void launch_to_start(int32_t api) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_to_start(api, GVB_QUERY, 50, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 50);
  EXPECT_TIME(i.notes[0] >= 0 && i.notes[0] < 100 * MICROSECOND);
  EXPECT(i.notes[1] == 1000);
  EXPECT_TIME(median(&i, 1, 0) > 100 * MICROSECOND);
  EXPECT_TIME(median(&i, 1, 0) < 250 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static void start_kernel(void) { launch_to_start(GVB_LAUNCH_KERNEL); }
static void start_ex(void) { launch_to_start(GVB_LAUNCH_KERNEL_EX); }
static void start_graph(void) { launch_to_start(GVB_LAUNCH_GRAPH); }

static gvb_interval alloc_free(int32_t api, int64_t bytes, int32_t pending) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_alloc_free(api, GVB_QUERY, bytes, 30, pending, &work));
  EXPECT(gvb_columns(work) == 2);
  const gvb_interval i = run_once(work);
  EXPECT_OK(gvb_release(work));
  return i;
}

static void alloc_plain(void) {
  const gvb_interval i = alloc_free(GVB_MEMORY_PLAIN, 64 << 20, 0);
  EXPECT_TIME(median(&i, 2, 0) > 300 * MICROSECOND && median(&i, 2, 0) < 350 * MICROSECOND);
  EXPECT_TIME(median(&i, 2, 1) > 200 * MICROSECOND && median(&i, 2, 1) < 250 * MICROSECOND);
}

static void alloc_pool(void) {
  const gvb_interval i = alloc_free(GVB_MEMORY_POOL, 2 << 20, 0);
  EXPECT_TIME(median(&i, 2, 0) > 30 * MICROSECOND && median(&i, 2, 0) < 60 * MICROSECOND);
}

static void alloc_vmm(void) {
  const gvb_interval i = alloc_free(GVB_MEMORY_VMM, 4096, 0);
  EXPECT_TIME(median(&i, 2, 0) > 100 * MICROSECOND && median(&i, 2, 0) < 300 * MICROSECOND);
  EXPECT_TIME(median(&i, 2, 1) > 50 * MICROSECOND && median(&i, 2, 1) < 200 * MICROSECOND);
}

static void free_pending(void) {
  const gvb_interval i = alloc_free(GVB_MEMORY_PLAIN, 2 << 20, 1);
  EXPECT_TIME(median(&i, 2, 0) < MILLISECOND / 2);
  EXPECT_TIME(median(&i, 2, 1) > MILLISECOND);
}

static void context_cycle(void) {
  gvb_work *work = NULL, *again = NULL;
  EXPECT_OK(gvb_prepare_context_cycle(0, GVB_QUERY, &work));
  EXPECT(gvb_rows(work) == 1 && gvb_columns(work) == 6);
  gvb_interval i = run_once(work);
  EXPECT(i.samples[0] > 0);
  EXPECT_TIME(i.samples[1] > 300 * MILLISECOND && i.samples[1] < 600 * MILLISECOND);
  EXPECT_TIME(i.samples[2] > 700 * MILLISECOND && i.samples[2] < 1000 * MILLISECOND);
  EXPECT_TIME(i.samples[4] > 100 * MILLISECOND && i.samples[4] < 300 * MILLISECOND);
  i.rows = 1;
  EXPECT_STATUS(gvb_run(work, &i), GVB_ERROR_STATE);
  EXPECT_STATUS(gvb_prepare_context_cycle(0, GVB_QUERY, &again), GVB_ERROR_STATE);
  EXPECT_OK(gvb_context(0, GVB_WAIT_SPIN));
  EXPECT_OK(gvb_release(work));
}

static void not_fresh(void) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_open(GVB_HANDLE));
  EXPECT_STATUS(gvb_prepare_context_cycle(0, GVB_QUERY, &work), GVB_ERROR_STATE);
  EXPECT_SENTENCE("needs a fresh one");
}

static int64_t fma_time(int64_t iterations) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_fma(iterations, sms, 5, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 5);
  EXPECT_OK(gvb_release(work));
  return median(&i, 1, 0);
}

static void fma_doubles(void) {
  open_device();
  const int64_t once = fma_time(20000), twice = fma_time(40000);
  EXPECT(once > 100 * MICROSECOND);
  EXPECT_TIME(twice > 19 * once / 10 && twice < 21 * once / 10);
}

static void warm(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_warm(50 * MILLISECOND, sms, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.end - i.begin >= 50 * MILLISECOND);
  EXPECT_TIME(i.rows > 20 && i.rows < 80);
  EXPECT_TIME(median(&i, 1, 0) > 8 * MILLISECOND / 10 && median(&i, 1, 0) < 12 * MILLISECOND / 10);
  EXPECT_OK(gvb_release(work));
}

static void warm_stops(void) {
  gvb_work *work = NULL;
  const volatile int32_t stop = 1;
  open_device();
  EXPECT_OK(gvb_prepare_warm(30000 * (int64_t)MILLISECOND, sms, &work));
  gvb_interval i = room_for(work);
  i.stop = &stop;
  EXPECT_OK(gvb_run(work, &i));
  EXPECT_TIME(i.end - i.begin < 1000 * MILLISECOND);
  EXPECT_OK(gvb_release(work));
}

static void probe(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_probe(1 << 20, 42, &work));
  run_once(work);
  const gvb_interval i = run_once(work);
  EXPECT(i.samples[0] == i.end - i.begin);
  EXPECT_OK(gvb_release(work));
}

static void throughput(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_throughput_cycle(200 * MILLISECOND, 100 * MILLISECOND, 2000, sms, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.end - i.begin >= 200 * MILLISECOND);
  EXPECT(i.rows >= 1);
  EXPECT(i.notes[0] >= 1);
  run_once(work);
  EXPECT_OK(gvb_release(work));
  EXPECT_OK(gvb_close());
}

const check routine_checks[] = {
    {"clock_floor is below 10 us", NULL, clock_floor},
    {"launch_latency is the cost of cuLaunchKernel", QUICK "launch_kernel 5000\n", latency_kernel},
    {"launch_latency is the cost of cuLaunchKernelEx", QUICK "launch_kernel_ex 7000\n", latency_ex},
    {"launch_latency is the cost of cuGraphLaunch", QUICK "graph_launch 9000\n", latency_graph},
    {"launch_sync is the whole round trip",
     QUICK "launch_kernel 2000\nlaunch_to_start 20000\nkernel_minimum 1000\nsync_return 1500\n", launch_sync},
    {"launch_to_start holds the delay of cuLaunchKernel", QUICK "launch_to_start 100000\nglobaltimer_step 1000\n",
     start_kernel},
    {"launch_to_start holds the delay of cuLaunchKernelEx", QUICK "launch_to_start 100000\nglobaltimer_step 1000\n",
     start_ex},
    {"launch_to_start holds the delay of cuGraphLaunch", QUICK "launch_to_start 100000\nglobaltimer_step 1000\n",
     start_graph},
    {"alloc_free is the cost of cuMemAlloc_v2 and cuMemFree_v2",
     QUICK "alloc_large 300000\nalloc_per_2mib 0\nfree_large 200000\nfree_per_2mib 0\n", alloc_plain},
    {"alloc_free is the cost of pools", QUICK "pool_alloc 30000\n", alloc_pool},
    {"alloc_free is the cost of virtual memory", QUICK "vmm_access 100000\nvmm_unmap 50000\n", alloc_vmm},
    {"a pending free waits for the kernel", QUICK, free_pending},
    {"context_cycle tells its phases apart",
     "init 300000000\ncontext_create 700000000\nmodule_load 100000000\njitter 0\n", context_cycle},
    {"context_cycle refuses a process that is not fresh", QUICK, not_fresh},
    {"fma takes twice as long for twice the work", SMALL, fma_doubles},
    {"warm fills its time with launches of a millisecond", SMALL, warm},
    {"warm stops when told", SMALL, warm_stops},
    {"a probe passes on a healthy device, again and again", QUICK, probe},
    {"throughput_cycle completes cycles", SMALL, throughput},
    {NULL, NULL, NULL}};
