/* Copies between host and device, on an emulated link that was told how fast it is. */
#include "suite.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000, PIECE = 65536 };

/* A piece takes a millisecond; a pageable one four. */
#define LINK QUICK "h2d_bandwidth 65536000\nd2h_bandwidth 65536000\npageable_bandwidth 16384000\ncopy_latency 0\n"

static gvb_work *copies(int32_t kind, int32_t payload, int64_t bytes, int64_t batch, int64_t count) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_copy(kind, GVB_HOST_PINNED, GVB_COPY_BATCH, payload, bytes, batch, count, &work));
  return work;
}

static void batches(void) {
  open_device();
  for (int32_t kind = GVB_COPY_H2D; kind <= GVB_COPY_D2H; kind++) {
    gvb_work *work = copies(kind, GVB_PAYLOAD_NEW, PIECE, 20, 3);
    const gvb_interval i = run_once(work);
    EXPECT(i.rows == 3);
    EXPECT(median(&i, 1, 0) >= 19990 * MICROSECOND);
    EXPECT_TIME(median(&i, 1, 0) < 30 * MILLISECOND);
    run_once(work);
    EXPECT_OK(gvb_release(work));
  }
}

static void payloads(void) {
  open_device();
  for (int32_t kind = GVB_COPY_H2D; kind <= GVB_COPY_D2H; kind++)
    for (int32_t payload = GVB_PAYLOAD_NEW; payload <= GVB_PAYLOAD_ZEROS; payload++) {
      gvb_work *work = copies(kind, payload, 4096, 5000, 1); /* more copies than destinations */
      run_once(work);
      run_once(work);
      EXPECT_OK(gvb_release(work));
    }
}

static int64_t call_time(int32_t kind, int32_t host) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_copy(kind, host, GVB_COPY_CALL, GVB_PAYLOAD_NEW, 8 * PIECE, 1, 3, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 3);
  EXPECT_OK(gvb_release(work));
  return median(&i, 1, 0);
}

static void calls(void) {
  open_device();
  for (int32_t kind = GVB_COPY_H2D; kind <= GVB_COPY_D2H; kind++) {
    const int64_t pinned = call_time(kind, GVB_HOST_PINNED), pageable = call_time(kind, GVB_HOST_PAGEABLE);
    EXPECT(pinned >= 8 * MILLISECOND && pageable >= 32 * MILLISECOND);
    EXPECT_TIME(pinned < 12 * MILLISECOND && pageable < 48 * MILLISECOND);
  }
}

/* Preparing makes one copy and looks at it. */
static void lost_page(int32_t kind, const char *sentence) {
  gvb_work *work = NULL;
  EXPECT_STATUS(gvb_prepare_copy(kind, GVB_HOST_PINNED, GVB_COPY_BATCH, GVB_PAYLOAD_NEW, PIECE, 4, 1, &work),
                GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE(sentence);
}

static void lost_to_device(void) {
  open_device();
  lost_page(GVB_COPY_H2D, "copied wrong: host to device, 512 words");
  EXPECT_SENTENCE("the first at word 7680 of its copy");
}

static void lost_to_host(void) {
  open_device();
  lost_page(GVB_COPY_D2H, "copied wrong: device to host, 512 words");
}

/* The copies of host memory before the run's: 1 of the preparation, and for copies to the device 2 that look at it. */
static void lost_in_run(int32_t kind, int32_t payload) {
  gvb_work *work = copies(kind, payload, PIECE, 4, 1);
  gvb_interval i = room_for(work);
  EXPECT_STATUS(gvb_run(work, &i), GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE(kind == GVB_COPY_H2D ? "host to device, 512 words" : "device to host, 512 words");
  EXPECT_OK(gvb_release(work));
}

static void lost_new_in_run(void) {
  open_device();
  lost_in_run(GVB_COPY_H2D, GVB_PAYLOAD_NEW);
}

static void lost_same_in_run(void) {
  open_device();
  lost_in_run(GVB_COPY_H2D, GVB_PAYLOAD_SAME);
}

static void lost_zeros_in_run(void) {
  open_device();
  lost_in_run(GVB_COPY_H2D, GVB_PAYLOAD_ZEROS);
}

static void lost_back_in_run(void) {
  open_device();
  lost_in_run(GVB_COPY_D2H, GVB_PAYLOAD_SAME);
}

static void lost_zeros_back_in_run(void) {
  open_device();
  lost_in_run(GVB_COPY_D2H, GVB_PAYLOAD_ZEROS);
}

static gvb_interval rate_of(int32_t kind, int64_t busy) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_copy_rate(kind, PIECE, 4, busy, 20 * MILLISECOND, 200 * MILLISECOND, &work));
  EXPECT(gvb_columns(work) == 2);
  const gvb_interval i = run_once(work);
  EXPECT(i.notes[0] == 0);
  EXPECT(i.samples[2 * (i.rows - 1)] == i.end - i.begin && i.end - i.begin >= 200 * MILLISECOND);
  EXPECT_OK(gvb_release(work));
  return i;
}

static int64_t rows_of(const gvb_interval *i, int64_t kind) {
  int64_t count = 0;
  for (int64_t row = 0; row < i->rows; row++) count += i->samples[2 * row + 1] == kind;
  return count;
}

static void rate(void) {
  open_device();
  for (int32_t kind = GVB_COPY_H2D; kind <= GVB_COPY_D2H; kind++) {
    const gvb_interval i = rate_of(kind, 10 * MILLISECOND);
    EXPECT(rows_of(&i, kind) == i.rows);
    EXPECT_TIME(i.rows > 140 && i.rows <= 202);
  }
}

static void rate_both_ways(void) {
  open_device();
  const gvb_interval i = rate_of(GVB_COPY_DUPLEX, 10 * MILLISECOND);
  for (int32_t kind = GVB_COPY_H2D; kind <= GVB_COPY_D2H; kind++)
    EXPECT_TIME(rows_of(&i, kind) > 140 && rows_of(&i, kind) <= 202);
}

/* In 2 ms of each 10 ms copies are submitted, of which 4 are under way when it ends. */
static void rate_in_part(void) {
  open_device();
  const gvb_interval i = rate_of(GVB_COPY_H2D, 2 * MILLISECOND);
  EXPECT_TIME(i.rows > 40 && i.rows <= 150);
}

static void rate_stops(void) {
  gvb_work *work = NULL;
  const volatile int32_t stop = 1;
  open_device();
  EXPECT_OK(
      gvb_prepare_copy_rate(GVB_COPY_DUPLEX, PIECE, 4, 10 * MILLISECOND, 0, 300000 * (int64_t)MILLISECOND, &work));
  gvb_interval i = room_for(work);
  i.stop = &stop;
  EXPECT_OK(gvb_run(work, &i));
  EXPECT(i.rows == 1);
  EXPECT_OK(gvb_release(work));
}

static void rate_loses(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_copy_rate(GVB_COPY_D2H, PIECE, 2, 10 * MILLISECOND, 0, MILLISECOND, &work));
  gvb_interval i = room_for(work);
  EXPECT_STATUS(gvb_run(work, &i), GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE("device to host, 512 words");
  EXPECT_OK(gvb_release(work));
}

const check copy_checks[] = {
    {"copy times batches in both directions", LINK, batches},
    {"copy verifies every payload", LINK, payloads},
    {"copy times calls, pinned and pageable", LINK, calls},
    {"a lost page fails a copy to the device", LINK "corrupt_copy 1\n", lost_to_device},
    {"a lost page fails a copy to the host", LINK "corrupt_copy 1\n", lost_to_host},
    {"a lost page fails a run of new copies", LINK "corrupt_copy 6\n", lost_new_in_run},
    {"a lost page fails a run of the same copy", LINK "corrupt_copy 6\n", lost_same_in_run},
    {"a lost page fails a run of zeros", LINK "corrupt_copy 6\n", lost_zeros_in_run},
    {"a lost page fails a run of the same copy to the host", LINK "corrupt_copy 4\n", lost_back_in_run},
    {"a lost page fails a run of zeros to the host", LINK "corrupt_copy 4\n", lost_zeros_back_in_run},
    {"copy_rate keeps one direction full", LINK, rate},
    {"copy_rate keeps both directions full", LINK, rate_both_ways},
    {"copy_rate rests between its busy parts", LINK, rate_in_part},
    {"copy_rate stops when told", LINK, rate_stops},
    {"a lost page fails copy_rate", LINK "corrupt_copy 4\n", rate_loses},
    {NULL, NULL, NULL}};
