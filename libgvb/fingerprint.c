/* fingerprint: where a grid's blocks ran, and when: cut wherever the device was taken from them. */
#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "mapping.h"
#include "work.h"

/* A segment a time slice: 256 are enough for 50 ms in slices of 0.2 ms and a neighbor's. */
enum { COLUMNS = 4, SEGMENT = 3, CAPACITY = 256, BLOCK = 32, MOST_BLOCKS = 4096 };

typedef struct fingerprint_work {
  gvb_work work;
  int64_t blocks;
  uint64_t ns, gap_ns;
  int64_t timer_step;
  CUdeviceptr out;
  size_t bytes;
  int64_t *copy; /* of what the kernel wrote: a count for each block, then each block's segments */
} fingerprint_work;

static int clear(const fingerprint_work *w) {
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, w->out, 0, w->bytes));
  return GVB_CUDA(cuCtxSynchronize);
}

static int launch(fingerprint_work *w, gvb_interval *interval) {
  uint64_t capacity = CAPACITY;
  CUdeviceptr segments = w->out + (size_t)w->blocks * sizeof *w->copy;
  void *arguments[] = {&w->out, &segments, &capacity, &w->ns, &w->gap_ns};
  interval->begin = gvb_clock();
  GVB_TRY(gvb_launch(GVB_KERNEL_FINGERPRINT, (unsigned)w->blocks, BLOCK, arguments));
  GVB_TRY(gvb_sync());
  interval->end = gvb_clock();
  return GVB_OK;
}

static const int64_t *segments_of(const fingerprint_work *w, int64_t block) {
  return w->copy + w->blocks + SEGMENT * CAPACITY * block;
}

static int check_count(const fingerprint_work *w, int64_t block) {
  const int64_t count = w->copy[block];
  if (count >= 1 && count <= CAPACITY) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "block %" PRId64 " of gvb_fingerprint wrote %" PRId64
                  " segments, expected 1 to %d: if the device changes hands that often, take a shorter duration",
                  block, count, CAPACITY);
}

static int check_order(const fingerprint_work *w, int64_t block) {
  const int64_t *row = segments_of(w, block);
  for (int64_t k = 0; k < w->copy[block]; k++, row += SEGMENT) {
    if (row[1] > 0 && row[2] >= row[1] && (k == 0 || row[1] > row[2 - SEGMENT])) continue;
    return gvb_fail(GVB_ERROR_WRONG_RESULT,
                    "segment %" PRId64 " of block %" PRId64 " of gvb_fingerprint is %" PRId64 " to %" PRId64
                    ", expected an end after its begin, after the segment before",
                    k, block, row[1], row[2]);
  }
  return GVB_OK;
}

static int check_length(const fingerprint_work *w, int64_t block) {
  const int64_t *first = segments_of(w, block), *last = first + SEGMENT * (w->copy[block] - 1);
  if (last[2] - first[1] >= (int64_t)w->ns) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "block %" PRId64 " of gvb_fingerprint began at %" PRId64 " and ended at %" PRId64
                  ", expected at least %" PRIu64 " ns between",
                  block, first[1], last[2], w->ns);
}

static void add_rows(const fingerprint_work *w, int64_t block, gvb_interval *interval) {
  const int64_t *segment = segments_of(w, block);
  for (int64_t k = 0; k < w->copy[block]; k++, segment += SEGMENT) {
    int64_t *row = interval->samples + COLUMNS * interval->rows++;
    row[0] = block;
    for (int c = 0; c < SEGMENT; c++) row[1 + c] = segment[c];
  }
}

static int run(gvb_work *work, gvb_interval *interval) {
  fingerprint_work *w = (fingerprint_work *)work;
  GVB_TRY(clear(w));
  GVB_TRY(launch(w, interval));
  GVB_TRY(gvb_download(w->copy, w->out, w->bytes));
  for (int64_t block = 0; block < w->blocks; block++) {
    GVB_TRY(check_count(w, block));
    GVB_TRY(check_order(w, block));
    GVB_TRY(check_length(w, block));
    add_rows(w, block, interval);
  }
  interval->notes[0] = w->timer_step;
  return GVB_OK;
}

static int release(gvb_work *work) {
  fingerprint_work *w = (fingerprint_work *)work;
  free(w->copy);
  return gvb_device_free(&w->out);
}

static int set_up(fingerprint_work *w) {
  gvb_interval ignored;
  w->copy = malloc(w->bytes);
  if (w->copy == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for %zu bytes of segments", w->bytes);
  GVB_TRY(gvb_timer_step(&w->timer_step));
  GVB_TRY(gvb_device_new(w->bytes, &w->out));
  return launch(w, &ignored);
}

int gvb_prepare_fingerprint(int64_t duration, int64_t gap, int64_t blocks, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("duration", duration, 1, 10 * GVB_SECOND));
  GVB_TRY(gvb_need_range("gap", gap, 1, 10 * GVB_SECOND));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, MOST_BLOCKS));
  GVB_TRY(gvb_device_work_new(sizeof(fingerprint_work), blocks * CAPACITY, COLUMNS, &made));
  made->run = run;
  made->release = release;
  fingerprint_work *w = (fingerprint_work *)made;
  w->blocks = blocks;
  w->ns = (uint64_t)duration;
  w->gap_ns = (uint64_t)gap;
  w->bytes = (size_t)blocks * (1 + SEGMENT * CAPACITY) * sizeof *w->copy;
  return gvb_work_ready(made, set_up(w), work);
}
