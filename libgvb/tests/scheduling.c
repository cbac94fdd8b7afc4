/* Launches without an end, and kernels beside kernels: in virtual time, exact. */
#include "suite.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000, LAUNCHES = 3000 };

#define EXACT \
  QUICK "clock virtual\nlaunch_kernel 2000\ngraph_launch 3000\nkernel_minimum 1000\nevent_record 0\ncall 0\n"

static int64_t total_of(gvb_work *work) {
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 1 && i.samples[0] == i.end - i.begin);
  EXPECT_OK(gvb_release(work));
  return i.samples[0];
}

static int64_t sustained(int32_t api) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_sustained(api, GVB_QUERY, LAUNCHES, 256, &work));
  return total_of(work) / LAUNCHES;
}

static void host_bound(void) {
  const int64_t each = sustained(GVB_LAUNCH_KERNEL);
  EXPECT(each >= 2000 && each < 2050);
}

static void device_bound(void) {
  const int64_t each = sustained(GVB_LAUNCH_KERNEL);
  EXPECT(each >= 10000 && each < 10100);
}

static void graph(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_graph(GVB_QUERY, 100, 50, 2, &work));
  const int64_t each = total_of(work) / 5000;
  EXPECT(each >= 1000 && each < 1200);
}

static void storm(int64_t busy, int64_t least, int64_t most) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_storm(64, busy, 100 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.samples[0] >= least && i.samples[0] <= most);
  EXPECT_OK(gvb_release(work));
}

static void storm_always(void) { storm(10 * MILLISECOND, 49000, 50100); }
static void storm_at_times(void) { storm(2500 * MICROSECOND, 12000, 13000); }

static void branches(int32_t way, int64_t *serial, int64_t *concurrent) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_branches(way, 4, 250000, 33, 1, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 2 && i.notes[0] > 0);
  *serial = median(&i, 2, 0);
  *concurrent = median(&i, 2, 1);
  EXPECT_OK(gvb_release(work));
}

/* 250000 steps of 4 chains at 1 GHz: 1 ms a kernel, of 33 multiprocessors. */
static void one_and_four(int32_t way) {
  int64_t serial, concurrent;
  branches(way, &serial, &concurrent);
  EXPECT(serial >= 4 * MILLISECOND && serial < 4 * MILLISECOND + 50 * MICROSECOND);
  EXPECT(concurrent >= MILLISECOND && concurrent < MILLISECOND + 50 * MICROSECOND);
}

static void graph_branches(void) { one_and_four(GVB_WAY_GRAPH); }
static void stream_branches(void) { one_and_four(GVB_WAY_STREAMS); }

static gvb_interval probe(int64_t iterations) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_start_probe(40, MILLISECOND, 7, iterations, 132 * 8 * 20, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 40);
  EXPECT_OK(gvb_release(work));
  return i;
}

static void alone(void) {
  const gvb_interval i = probe(0);
  EXPECT(median(&i, 1, 0) >= 2000 && median(&i, 1, 0) < 6000);
}

/* Waves of 100 us: nobody waits longer, and half of them half of that. */
static void in_a_crowd(void) {
  const gvb_interval i = probe(1562);
  for (int64_t k = 0; k < i.rows; k++) EXPECT(i.samples[k] < 110 * MICROSECOND);
  EXPECT(median(&i, 1, 0) > 20 * MICROSECOND && median(&i, 1, 0) < 90 * MICROSECOND);
}

#define CLOCKED EXACT "sm_clock 1000000000\n"

const check scheduling_checks[] = {
    {"launch_sustained is the host's where that is slower", EXACT, host_bound},
    {"launch_sustained is the device's where that is slower", EXACT "kernel_minimum 10000\n", device_bound},
    {"launch_graph counts every kernel", EXACT, graph},
    {"launch_storm launches all the time", EXACT, storm_always},
    {"launch_storm launches in a part of each 10 ms", EXACT, storm_at_times},
    {"branches of a graph", CLOCKED, graph_branches},
    {"branches of streams", CLOCKED, stream_branches},
    {"start_probe on an idle device", CLOCKED, alone},
    {"start_probe passes a crowd at the end of its wave", CLOCKED, in_a_crowd},
    {NULL, NULL, NULL}};
