/* gaps: when the device was another's, seen from a kernel that never stops looking. */
#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "mapping.h"
#include "work.h"

enum { COLUMNS = 3, HEAD = 3, CAPACITY = 1024, MOST_LAUNCHES = 4096, PLAIN_SHARED = 48 << 10 };

typedef struct gaps_work {
  gvb_work work;
  unsigned blocks, threads, shared;
  uint64_t piece, gap;
  int64_t duration, timer_step;
  CUdeviceptr out;
  int64_t *copy; /* of what a launch wrote: the number of gaps, its begin and end, then the gaps' */
} gaps_work;

static size_t byte_count(void) { return (HEAD + 2 * CAPACITY) * sizeof(int64_t); }

static int launch(gaps_work *w) {
  uint64_t capacity = CAPACITY;
  void *arguments[] = {&w->out, &capacity, &w->piece, &w->gap};
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, w->out, 0, byte_count()));
  GVB_TRY(GVB_CUDA(cuCtxSynchronize));
  GVB_TRY(GVB_CUDA(cuLaunchKernel, gvb_gpu.kernels[GVB_KERNEL_GAPS], w->blocks, 1, 1, w->threads, 1, 1, w->shared,
                   gvb_gpu.stream, arguments, NULL));
  GVB_TRY(gvb_sync());
  return gvb_download(w->copy, w->out, byte_count());
}

/* Times must rise, over at least the length that was asked for. */
static int check(const gaps_work *w) {
  const int64_t count = w->copy[0], *times = w->copy + HEAD;
  int64_t before = w->copy[1];
  if (count < 0 || count > CAPACITY)
    return gvb_fail(GVB_ERROR_WRONG_RESULT, "gvb_gaps noted %" PRId64 " gaps, expected 0 to %d: take a shorter piece",
                    count, CAPACITY);
  for (int64_t k = 0; k < 2 * count && before >= 0; k++) before = times[k] >= before ? times[k] : -1;
  if (before >= 0 && w->copy[2] >= before && w->copy[2] - w->copy[1] >= (int64_t)w->piece) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "gvb_gaps began at %" PRId64 " and ended at %" PRId64 ", expected at least %" PRIu64
                  " ns between, and %" PRId64 " gaps in order",
                  w->copy[1], w->copy[2], w->piece, count);
}

/* What lies between gaps. */
static void add_rows(const gaps_work *w, int64_t number, gvb_interval *interval) {
  const int64_t count = w->copy[0], *gap = w->copy + HEAD;
  for (int64_t k = 0; k <= count; k++) {
    int64_t *row = interval->samples + COLUMNS * interval->rows++;
    row[0] = number;
    row[1] = k == 0 ? w->copy[1] : gap[2 * k - 1];
    row[2] = k == count ? w->copy[2] : gap[2 * k];
  }
}

static int run(gvb_work *work, gvb_interval *interval) {
  gaps_work *w = (gaps_work *)work;
  interval->end = interval->begin = gvb_clock();
  for (int64_t number = 0; interval->end - interval->begin < w->duration && !gvb_stopped(interval); number++) {
    GVB_TRY(launch(w));
    GVB_TRY(check(w));
    add_rows(w, number, interval);
    interval->end = gvb_clock();
  }
  interval->notes[0] = w->timer_step;
  interval->notes[1] = w->shared;
  return GVB_OK;
}

static int release(gvb_work *work) {
  gaps_work *w = (gaps_work *)work;
  free(w->copy);
  return gvb_device_free(&w->out);
}

/* As much as a block may have. */
static int choose_shared(gaps_work *w) {
  int most = 0;
  GVB_TRY(GVB_CUDA(cuDeviceGetAttribute, &most, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, gvb_gpu.handle));
  if (most < PLAIN_SHARED) most = PLAIN_SHARED;
  if (w->shared > (unsigned)most) w->shared = (unsigned)most;
  return GVB_CUDA(cuFuncSetAttribute, gvb_gpu.kernels[GVB_KERNEL_GAPS], CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                  (int)w->shared);
}

static int set_up(gaps_work *w) {
  w->copy = malloc(byte_count());
  if (w->copy == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for %zu bytes of gaps", byte_count());
  GVB_TRY(gvb_load(GVB_MODULE_CONTENTION));
  GVB_TRY(gvb_timer_step(&w->timer_step));
  GVB_TRY(choose_shared(w));
  GVB_TRY(gvb_device_new(byte_count(), &w->out));
  GVB_TRY(launch(w));
  return check(w);
}

int gvb_prepare_gaps(int64_t piece, int64_t gap, int64_t blocks, int64_t threads, int64_t shared, int64_t duration,
                     gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("piece", piece, GVB_MICROSECOND, 10 * GVB_SECOND));
  GVB_TRY(gvb_need_range("gap", gap, 1, 10 * GVB_SECOND));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, INT32_MAX));
  GVB_TRY(gvb_need_range("threads", threads, 1, 1024));
  GVB_TRY(gvb_need_range("shared", shared, 0, INT32_MAX));
  GVB_TRY(gvb_need_range("duration", duration, 1, MOST_LAUNCHES * piece));
  const int64_t launches = duration / piece + 1;
  GVB_TRY(gvb_device_work_new(sizeof(gaps_work), launches * (CAPACITY + 1), COLUMNS, &made));
  made->run = run;
  made->release = release;
  gaps_work *w = (gaps_work *)made;
  w->piece = (uint64_t)piece, w->gap = (uint64_t)gap, w->duration = duration;
  w->blocks = (unsigned)blocks, w->threads = (unsigned)threads, w->shared = (unsigned)shared;
  return gvb_work_ready(made, set_up(w), work);
}
