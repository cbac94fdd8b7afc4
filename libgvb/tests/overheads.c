/* The routines of the overhead metrics and of proofs, on an emulated GPU that was told what they must see. */
#include "suite.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000 };

#define SMALL QUICK "sm_count 4\nsm_clock 1000000000\n"

static const int64_t sms = 4;

/* ns per call. */
static int64_t call_cost(int32_t function, int32_t resolution) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_call_latency(function, resolution, 30, 20, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 30);
  EXPECT_TIME(i.notes[0] > 0 && i.notes[0] < 100 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
  return median(&i, 1, 0) / 20;
}

static void call_functions(void) {
  open_device();
  for (int32_t function = GVB_CTX_GET_DEVICE; function <= GVB_MEMCPY_HTOD_ASYNC; function++) {
    const int64_t cost = call_cost(function, GVB_HANDLE), expected = function == GVB_STREAM_QUERY ? 13000 : 5000;
    EXPECT_TIME(cost > expected - 100 && cost < expected + 1500);
  }
}

static void call_resolutions(void) {
  open_device();
  for (int32_t resolution = GVB_HANDLE; resolution <= GVB_QUERY; resolution++) {
    const int64_t cost = call_cost(GVB_CTX_GET_DEVICE, resolution);
    EXPECT_TIME(cost > 4900 && cost < 6500);
  }
}

static void call_fails(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_call_latency(GVB_STREAM_QUERY, GVB_HANDLE, 10, 10, &work), GVB_ERROR_CUDA);
  EXPECT_SENTENCE("cuStreamQuery answered CUDA_ERROR_LAUNCH_FAILED (719)");
  EXPECT_OK(gvb_close());
}

static void alloc_live(void) {
  gvb_work *work = NULL;
  int64_t before = 0, during = 0, total = 0;
  open_device();
  EXPECT_OK(gvb_memory_info(&before, &total));
  EXPECT_OK(gvb_prepare_alloc_live(GVB_QUERY, 2048, 64 << 20, 20, &work));
  EXPECT(gvb_columns(work) == 2);
  EXPECT_OK(gvb_memory_info(&during, &total));
  EXPECT(before - during >= 2048 * 4096);
  const gvb_interval i = run_once(work);
  EXPECT_TIME(median(&i, 2, 0) > 300 * MICROSECOND && median(&i, 2, 0) < 350 * MICROSECOND);
  EXPECT_TIME(median(&i, 2, 1) > 200 * MICROSECOND && median(&i, 2, 1) < 250 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
  EXPECT_OK(gvb_memory_info(&during, &total));
  EXPECT(during == before);
}

static void alloc_none_live(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_alloc_live(GVB_QUERY, 0, 4096, 20, &work));
  run_once(work);
  EXPECT_OK(gvb_release(work));
}

static void alloc_storm(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_alloc_storm(64 << 20, 10 * MILLISECOND, 100 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 1);
  EXPECT_TIME(i.samples[0] > 100 && i.samples[0] <= 201); /* of 0.5 ms */
  EXPECT(i.end - i.begin >= 100 * MILLISECOND);
  EXPECT_OK(gvb_release(work));
}

/* Runs a work that would last for minutes; it is told to stop before it begins. */
static gvb_interval stopped_at_once(gvb_work *work) {
  const volatile int32_t stop = 1;
  gvb_interval i = room_for(work);
  i.stop = &stop;
  EXPECT_OK(gvb_run(work, &i));
  EXPECT(i.rows == 1);
  EXPECT_TIME(i.end - i.begin < 500 * MILLISECOND);
  EXPECT_OK(gvb_release(work));
  return i;
}

static void storm_stops(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_alloc_storm(4096, 10 * MILLISECOND, 300000 * (int64_t)MILLISECOND, &work));
  EXPECT(stopped_at_once(work).samples[0] == 0);
}

static void launch_paced(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_paced(GVB_QUERY, 50, MILLISECOND, 100000, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 50);
  EXPECT_TIME(median(&i, 1, 0) > 4900 && median(&i, 1, 0) < 7000);
  EXPECT_TIME(i.end - i.begin > 49 * MILLISECOND && i.end - i.begin < 1000 * MILLISECOND);
  EXPECT_OK(gvb_release(work));
}

static void launch_full(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_full(GVB_QUERY, 60, 8, 20000, sms, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 60);
  EXPECT_TIME(median(&i, 1, 0) > 4900 && median(&i, 1, 0) < 8000);
  /* 52 kernels of 1.28 ms ended before the last launch: the queue was kept full and no longer */
  EXPECT_TIME(i.end - i.begin > 50 * 1280 * MICROSECOND && i.end - i.begin < 1000 * 1280 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static void launch_rate(int32_t wait) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_rate(20000, 8 * sms, 8, 20 * MILLISECOND, 100 * MILLISECOND, wait, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.notes[0] == 1 && i.notes[1] == 0);
  EXPECT_TIME(i.rows > 60 && i.rows < 90); /* of 1.28 ms */
  EXPECT(i.samples[0] > 0 && i.samples[i.rows - 1] >= 100 * MILLISECOND);
  EXPECT(i.rows == 1 || i.samples[i.rows - 2] < 100 * MILLISECOND);
  EXPECT(i.samples[i.rows - 1] == i.end - i.begin);
  run_once(work);
  EXPECT_OK(gvb_release(work));
}

static void rate_spin(void) { launch_rate(GVB_WAIT_SPIN); }
static void rate_block(void) { launch_rate(GVB_WAIT_BLOCK); }

static void rate_short(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_rate(100, 8 * sms, 16, 0, 50 * MILLISECOND, GVB_WAIT_SPIN, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.notes[0] >= 1 && (i.notes[0] & (i.notes[0] - 1)) == 0);
  EXPECT_TIME(i.notes[0] >= 8);
  EXPECT_TIME(i.rows > 10 && i.rows <= 500);
  EXPECT_OK(gvb_release(work));
}

static void rate_stops(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_rate(2000, 4, 4, 0, 300000 * (int64_t)MILLISECOND, GVB_WAIT_SPIN, &work));
  stopped_at_once(work);
}

/* The answer to one attempt. */
static int64_t attempt(int32_t api, int64_t bytes) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_try_alloc(api, GVB_QUERY, bytes, 0, &work));
  const gvb_interval i = run_once(work);
  EXPECT_OK(gvb_release(work));
  return i.samples[0];
}

static void try_alloc_keeps(void) {
  int64_t before = 0, during = 0, after = 0, total = 0;
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_memory_info(&before, &total));
  EXPECT_OK(gvb_prepare_try_alloc(GVB_MEMORY_PLAIN, GVB_QUERY, 64 << 20, 1, &work));
  EXPECT(run_once(work).samples[0] == 0);
  EXPECT_OK(gvb_memory_info(&during, &total));
  EXPECT_OK(gvb_release(work));
  EXPECT_OK(gvb_memory_info(&after, &total));
  EXPECT(before - during >= 64 << 20 && after == before);
}

static void try_alloc(void) {
  int64_t before = 0, after = 0, total = 0;
  open_device();
  EXPECT_OK(gvb_memory_info(&before, &total));
  for (int32_t api = GVB_MEMORY_PLAIN; api <= GVB_MEMORY_VMM; api++) {
    EXPECT(attempt(api, 64 << 20) == 0);
    EXPECT(attempt(api, 1LL << 40) == 2);
  }
  for (int32_t api = GVB_MEMORY_PITCH; api <= GVB_MEMORY_ARRAY; api++) {
    EXPECT(attempt(api, 64 << 20) == 0);
    EXPECT(attempt(api, 1LL << 40) == (api == GVB_MEMORY_ARRAY ? 1 : 2)); /* no array is so large */
  }
  EXPECT_OK(gvb_memory_info(&after, &total));
  EXPECT(after == before);
  EXPECT_OK(gvb_close());
}

static void idle(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_idle(120 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.samples[0] >= 120 * MILLISECOND);
  EXPECT_TIME(i.samples[0] < 300 * MILLISECOND);
  EXPECT(i.samples[0] == i.end - i.begin);
  EXPECT_OK(gvb_release(work));
}

static void idle_stops(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_idle(300000 * (int64_t)MILLISECOND, &work));
  stopped_at_once(work);
}

#define CALLS QUICK "call 5000\ncopy_call 5000\n"

const check overhead_checks[] = {
    {"call_latency is the cost of each function", CALLS "latency.cuStreamQuery 8000\n", call_functions},
    {"call_latency finds its function in each resolution", CALLS, call_resolutions},
    {"a failing call ends call_latency", QUICK "fail.cuStreamQuery 5:719\n", call_fails},
    {"alloc_live holds what it says and gives it back",
     QUICK "alloc_large 300000\nalloc_per_2mib 0\nfree_large 200000\nfree_per_2mib 0\n", alloc_live},
    {"alloc_live can hold nothing", QUICK, alloc_none_live},
    {"alloc_storm counts its pairs", QUICK "alloc_large 300000\nalloc_per_2mib 0\nfree_large 200000\nfree_per_2mib 0\n",
     alloc_storm},
    {"alloc_storm stops when told", QUICK, storm_stops},
    {"launch_paced keeps its pace", QUICK "launch_kernel 5000\n", launch_paced},
    {"launch_full keeps the device busy", SMALL "launch_kernel 5000\n", launch_full},
    {"launch_rate sees each completion, polling", SMALL, rate_spin},
    {"launch_rate sees each completion, blocking", SMALL, rate_block},
    {"launch_rate groups short kernels", SMALL, rate_short},
    {"launch_rate stops when told", SMALL, rate_stops},
    {"try_alloc keeps until its release", QUICK, try_alloc_keeps},
    {"try_alloc tells a refusal from an allocation", QUICK, try_alloc},
    {"idle sleeps its time", QUICK, idle},
    {"idle stops when told", QUICK, idle_stops},
    {NULL, NULL, NULL}};
