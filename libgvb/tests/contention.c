/* rate and chase: loads of one part of the device, and the latency of one access; in virtual time, exact. */
#include "suite.h"

enum { KIB = 1 << 10, MIB = 1 << 20, MICROSECOND = 1000, MILLISECOND = 1000000, BLOCKS = 132 };

/* 1000 bytes a microsecond of DRAM, ten times as many of L2; 1 ns a clock. */
#define EXACT                                                                                                     \
  QUICK                                                                                                           \
  "clock virtual\nkernel_minimum 0\ncall 0\nmemory_bytes 1073741824\ndram_bandwidth 1000000000\nl2_bytes 65536\n" \
  "l2_bandwidth 10000000000\nsm_clock 1000000000\nl2_latency 100\ndram_latency 300\n"

static gvb_interval rate_at(int32_t kernel, int64_t bytes, int64_t amount, int64_t depth, int64_t busy, int64_t every) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(
      gvb_prepare_rate(kernel, bytes, amount, BLOCKS, depth, busy, every, 5 * MILLISECOND, 200 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT_OK(gvb_release(work));
  return i;
}

static gvb_interval rate(int32_t kernel, int64_t bytes, int64_t amount) {
  return rate_at(kernel, bytes, amount, 4, 10 * MILLISECOND, 0);
}

/* Work per second of the whole run. */
static double per_second(const gvb_interval *i) {
  return (double)(i->rows * i->notes[0] * i->notes[2]) * 1e9 / (double)(i->end - i->begin);
}

static void expect_rate(const gvb_interval *i, double expected) {
  const double seen = per_second(i);
  if (seen < 0.99 * expected || seen > 1.01 * expected) FAIL("%.6g a second, expected %.6g", seen, expected);
}

static void parts(void) {
  const int32_t kernels[] = {GVB_RATE_READ, GVB_RATE_WRITE, GVB_RATE_COPY, GVB_RATE_TRIAD};
  for (int k = 0; k < 4; k++) {
    const gvb_interval i = rate(kernels[k], 12 * MIB, 960000);
    EXPECT(i.notes[2] == 960000);
    expect_rate(&i, 1e9);
  }
}

static void passes(void) {
  const gvb_interval i = rate(GVB_RATE_COPY, 192 * KIB, 960000);
  EXPECT(i.notes[2] == 5 * 192 * KIB);
  expect_rate(&i, 1e9);
}

static void inside_l2(void) {
  const gvb_interval i = rate(GVB_RATE_L2_READ, 32 * KIB, 10000000);
  EXPECT(i.notes[2] == 305 * 32 * KIB);
  expect_rate(&i, 1e10);
}

/* Each moves a sector of 32 bytes. */
static void additions(void) {
  const gvb_interval i = rate(GVB_RATE_ATOMICS, 128, 10);
  EXPECT(i.notes[2] == 10 * BLOCKS * 256);
  expect_rate(&i, 1e10 / 32);
}

/* 132 x 128 lanes at 1 GHz, two operations each. */
static void arithmetic(void) {
  const gvb_interval i = rate(GVB_RATE_FMA, 0, 100000);
  expect_rate(&i, 2e9 * 132 * 128);
}

static void at_times(void) {
  const gvb_interval i = rate_at(GVB_RATE_READ, 12 * MIB, 480000, 1, 2500 * MICROSECOND, 0);
  expect_rate(&i, 6 * 480000 / 0.01); /* five end in the busy 2.5 ms, the sixth after them */
}

static void at_a_distance(void) {
  const gvb_interval i = rate_at(GVB_RATE_READ, 12 * MIB, 480000, 4, 10 * MILLISECOND, 2 * MILLISECOND);
  expect_rate(&i, 0.24e9);
}

static void pieces(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_pieces(GVB_RATE_READ, 12 * MIB, 480000, BLOCKS, 30, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 30 && i.notes[0] == 480000);
  EXPECT(median(&i, 1, 0) >= 480 * MICROSECOND && median(&i, 1, 0) < 490 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static void half_a_storm(void) {
  gvb_work *work = NULL;
  int64_t pairs[2];
  open_device();
  for (int k = 0; k < 2; k++) {
    EXPECT_OK(gvb_prepare_alloc_storm(2 * MIB, (k + 1) * 5 * MILLISECOND, 100 * MILLISECOND, &work));
    pairs[k] = run_once(work).samples[0];
    EXPECT_OK(gvb_release(work));
  }
  EXPECT(pairs[0] > 0.49 * pairs[1] && pairs[0] < 0.52 * pairs[1]);
}

static void refusals(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_rate(GVB_RATE_FMA, 0, 0, BLOCKS, 4, 1, 0, 0, 1, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_rate(GVB_RATE_TRIAD, 40, 48, BLOCKS, 4, 1, 0, 0, 1, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_rate(7, 48, 48, BLOCKS, 4, 1, 0, 0, 1, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_rate(GVB_RATE_ATOMICS, 64, 1, BLOCKS, 4, 1, 0, 0, 1, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_chase(128, 0, 64, 1, &work), GVB_ERROR_ARGUMENT);
}

static gvb_interval chase(int64_t bytes, int64_t warm, int64_t steps) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_chase(bytes, warm, steps, 7, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == steps / 64);
  EXPECT_OK(gvb_release(work));
  return i;
}

static void groups(void) {
  gvb_interval i = chase(32 * KIB, 2, 6400);
  EXPECT(median(&i, 1, 0) >= 64 * 100 - 64 && median(&i, 1, 0) <= 64 * 100 + 64);
  EXPECT(i.notes[0] == 640000);
  i = chase(128 * KIB, 0, 6400);
  EXPECT(median(&i, 1, 0) >= 64 * 300 - 64 && median(&i, 1, 0) <= 64 * 300 + 64);
}

/* Bins are 10 clocks wide; steps of 100 ns lie in the eleventh. */
static void each_step(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_chase_steps(32 * KIB, 2, 1000, 7, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 1025 && i.samples[2] == 10);
  EXPECT(i.samples[2 * 10] == 100 && i.samples[2 * 10 + 1] == 1000);
  EXPECT_OK(gvb_release(work));
}

/* A second pass finds what the first has brought in. */
static void again(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_chase_steps(32 * KIB, 0, 256, 7, &work));
  gvb_interval i = run_once(work);
  EXPECT(i.samples[2 * 30 + 1] == 256);
  i = run_once(work);
  EXPECT(i.samples[2 * 10 + 1] == 256);
  EXPECT_OK(gvb_release(work));
}

const check contention_checks[] = {{"rate goes through arrays part by part", EXACT, parts},
                                   {"rate goes through small arrays several times", EXACT, passes},
                                   {"rate reads what L2 holds", EXACT, inside_l2},
                                   {"rate adds", EXACT, additions},
                                   {"rate computes", EXACT, arithmetic},
                                   {"rate works in a part of each 10 ms", EXACT, at_times},
                                   {"rate keeps a distance", EXACT, at_a_distance},
                                   {"pieces are waited for one by one", EXACT, pieces},
                                   {"alloc_storm allocates in a part of each 10 ms", EXACT, half_a_storm},
                                   {"rate and chase refuse what cannot be", EXACT, refusals},
                                   {"chase times groups of steps", EXACT, groups},
                                   {"chase_steps counts steps by their length", EXACT, each_step},
                                   {"chase_steps goes on where it was", EXACT, again},
                                   {NULL, NULL, NULL}};
