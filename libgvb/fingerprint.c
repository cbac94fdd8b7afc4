/* fingerprint: where a grid's blocks ran, and when. */
#include <inttypes.h>

#include "clock.h"
#include "context.h"
#include "work.h"

enum { COLUMNS = 3, BLOCK = 32, MOST_BLOCKS = 1 << 20 };

typedef struct fingerprint_work {
  gvb_work work;
  uint64_t ns;
  CUdeviceptr out;
  size_t bytes;
} fingerprint_work;

static int clear(const fingerprint_work *w) {
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, w->out, 0, w->bytes));
  return GVB_CUDA(cuCtxSynchronize);
}

static int launch(fingerprint_work *w, gvb_interval *interval) {
  void *arguments[] = {&w->ns, &w->out};
  interval->begin = gvb_clock();
  GVB_TRY(gvb_launch(GVB_KERNEL_FINGERPRINT, (unsigned)w->work.rows, BLOCK, arguments));
  GVB_TRY(gvb_sync());
  interval->end = gvb_clock();
  return GVB_OK;
}

static int verify(const fingerprint_work *w, const int64_t *samples) {
  for (int64_t b = 0; b < w->work.rows; b++) {
    const int64_t begin = samples[COLUMNS * b + 1], end = samples[COLUMNS * b + 2];
    if (begin != 0 && end - begin >= (int64_t)w->ns) continue;
    return gvb_fail(GVB_ERROR_WRONG_RESULT,
                    "block %" PRId64 " of gvb_fingerprint began at %" PRId64 " and ended at %" PRId64
                    ", expected %" PRIu64 " ns between",
                    b, begin, end, w->ns);
  }
  return GVB_OK;
}

static int run(gvb_work *work, gvb_interval *interval) {
  fingerprint_work *w = (fingerprint_work *)work;
  GVB_TRY(clear(w));
  GVB_TRY(launch(w, interval));
  GVB_TRY(gvb_download(interval->samples, w->out, w->bytes));
  GVB_TRY(verify(w, interval->samples));
  interval->rows = work->rows;
  return GVB_OK;
}

static int release(gvb_work *work) { return gvb_device_free(&((fingerprint_work *)work)->out); }

static int set_up(fingerprint_work *w) {
  gvb_interval ignored;
  GVB_TRY(gvb_device_new(w->bytes, &w->out));
  return launch(w, &ignored);
}

int gvb_prepare_fingerprint(int64_t duration, int64_t blocks, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("duration", duration, 1, 10 * GVB_SECOND));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, MOST_BLOCKS));
  GVB_TRY(gvb_device_work_new(sizeof(fingerprint_work), blocks, COLUMNS, &made));
  made->run = run;
  made->release = release;
  fingerprint_work *w = (fingerprint_work *)made;
  w->ns = (uint64_t)duration;
  w->bytes = (size_t)blocks * COLUMNS * sizeof(int64_t);
  return gvb_work_ready(made, set_up(w), work);
}
