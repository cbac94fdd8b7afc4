/* Graphs back to back, requests that are due, gaps, faults, and a bystander: in virtual time, exact. */
#include "suite.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000, SECOND = 1000000000 };

#define EXACT                                                                                           \
  QUICK                                                                                                 \
  "clock virtual\nlaunch_kernel 1000\ngraph_launch 1000\nkernel_minimum 1000\nevent_record 0\ncall 0\n" \
  "sm_clock 1000000000\n"

/* 250000 steps of 4 chains at 1 GHz are 16 ms in 8 blocks of 256 a multiprocessor: a sixteenth of them 1 ms. */
enum { STEPS_OF_1_MS = 15625, SMS = 132, BLOCKS = 8 * SMS };

/* After a fault nothing on the device can be freed: what is the host's, is. */
static void leave(gvb_work *work) { (void)gvb_release(work); }

static void graph_rate(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_graph_rate(STEPS_OF_1_MS, BLOCKS, 10, 2, 0, 200 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.notes[0] == 1 && i.rows == 20);
  EXPECT(i.samples[0] >= 10 * MILLISECOND && i.samples[0] < 10100 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static void release_to_begin(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_rate(STEPS_OF_1_MS, BLOCKS, 16, 0, 50 * MILLISECOND, GVB_WAIT_SPIN, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.notes[3] >= MILLISECOND && i.notes[3] < 1100 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static gvb_interval requests(int64_t period) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_requests(20, STEPS_OF_1_MS / 50, BLOCKS, period, 50 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT_OK(gvb_release(work));
  return i;
}

/* 20 kernels of 20 us. */
static void requests_in_time(void) {
  const gvb_interval i = requests(5 * MILLISECOND);
  EXPECT(i.rows == 10);
  for (int64_t k = 0; k < i.rows; k++) {
    const int64_t *row = i.samples + 3 * k;
    EXPECT(row[0] == k * 5 * MILLISECOND && row[1] >= row[0] && row[1] < row[0] + MICROSECOND);
    EXPECT(row[2] - row[1] >= 400 * MICROSECOND && row[2] - row[1] < 450 * MICROSECOND);
  }
}

/* Twice as often as they can be served: each waits for all before it, and all are served. */
static void requests_too_often(void) {
  const gvb_interval i = requests(200 * MICROSECOND);
  const int64_t *last = i.samples + 3 * (i.rows - 1);
  EXPECT(i.rows == 250 && last[0] == 249 * 200 * MICROSECOND);
  EXPECT(last[1] >= 249 * 400 * MICROSECOND);
}

static void gaps_alone(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_gaps(5 * MILLISECOND, 20 * MICROSECOND, SMS, 1024, 100 << 10, 50 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows >= 9 && i.rows <= 10 && i.notes[0] > 0 && i.notes[1] == 100 << 10);
  for (int64_t k = 0; k < i.rows; k++) {
    const int64_t *row = i.samples + 3 * k;
    EXPECT(row[0] == k && row[2] - row[1] >= 5 * MILLISECOND && row[2] - row[1] < 5100 * MICROSECOND);
    EXPECT(k == 0 || row[1] > row[-1]);
  }
  EXPECT_OK(gvb_release(work));
}

static void detected(int32_t fault, int64_t code) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_detect_error(fault, 10LL * SECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 1 && i.samples[0] == code);
  EXPECT(i.samples[1] >= 0 && i.samples[1] < 100 * MICROSECOND);
  leave(work);
}

static void illegal_address(void) { detected(GVB_FAULT_ILLEGAL_ADDRESS, 700); }
static void misaligned(void) { detected(GVB_FAULT_MISALIGNED, 716); }
static void trap(void) { detected(GVB_FAULT_TRAP, 719); }
static void assertion(void) { detected(GVB_FAULT_ASSERT, 710); }

static void late(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_detect_error(GVB_FAULT_TRAP, 10LL * SECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.samples[0] == 719 && i.samples[1] >= 4 * MILLISECOND && i.samples[1] < 4100 * MICROSECOND);
  leave(work);
}

static void swallowed(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_detect_error(GVB_FAULT_TRAP, 10LL * SECOND, &work));
  EXPECT(run_once(work).samples[0] == 0);
  EXPECT_OK(gvb_release(work));
}

static void endless(void) {
  static gvb_work *work; /* kept: a release would wait for the kernel */
  open_device();
  EXPECT_OK(gvb_prepare_detect_error(GVB_FAULT_ENDLESS, 100 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.samples[0] == 600 && i.samples[1] == -1);
}

static void bystander(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_bystander(1 << 20, 7, STEPS_OF_1_MS, BLOCKS, 50 * MILLISECOND, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 5);
  EXPECT(i.samples[0] >= 10 * MILLISECOND && i.samples[0] < 10200 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
}

static void bystander_hurt(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_bystander(1 << 20, 7, STEPS_OF_1_MS, BLOCKS, 500 * MILLISECOND, &work));
  gvb_interval i = room_for(work);
  EXPECT_STATUS(gvb_run(work, &i), GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE("of 512 in the page that was copied back");
  EXPECT_OK(gvb_release(work));
}

static void arguments(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_requests(0, 1, 1, MILLISECOND, SECOND, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_requests(1, 1, 1, 1, SECOND, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_graph_rate(1, 1, 0, 1, 0, SECOND, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_gaps(MILLISECOND, 1, 1, 2048, 0, SECOND, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_gaps(MICROSECOND, 1, 1, 32, 0, SECOND, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_detect_error(5, 0, &work), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_prepare_bystander(8, 1, 1, 1, SECOND, &work), GVB_ERROR_ARGUMENT);
}

const check party_checks[] = {
    {"graph_rate has a row for each graph", EXACT, graph_rate},
    {"launch_rate says how long the first launch took", EXACT, release_to_begin},
    {"requests are served when they are due", EXACT, requests_in_time},
    {"requests that come too often keep their due time", EXACT, requests_too_often},
    {"gaps: none alone", EXACT, gaps_alone},
    {"detect_error: illegal address", EXACT, illegal_address},
    {"detect_error: misaligned", EXACT, misaligned},
    {"detect_error: trap", EXACT, trap},
    {"detect_error: assertion", EXACT, assertion},
    {"detect_error: a fault that is reported late", EXACT "fault_late 4000000\n", late},
    {"detect_error: a fault that is swallowed is no error", EXACT "fault_swallowed 1\n", swallowed},
    {"detect_error: an endless kernel is not ready", EXACT, endless},
    {"bystander computes back to back", EXACT, bystander},
    {"bystander finds what a copy lost", EXACT "corrupt_copy 40\n", bystander_hurt},
    {"neighbors' routines refuse what makes no sense", QUICK, arguments},
    {NULL, NULL, NULL}};
