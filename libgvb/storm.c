/* alloc_storm and try_alloc: allocations as a neighbor, and as a question. */
#include <string.h>

#include "allocator.h"
#include "clock.h"
#include "period.h"
#include "work.h"

typedef struct storm_work {
  gvb_work work;
  size_t bytes;
  int64_t duration;
  gvb_period period;
  int32_t api, resolution;
  bool keep, is_kept;
  gvb_allocator allocator; /* of what is kept */
  gvb_block kept;
} storm_work;

static int one_pair(size_t bytes) {
  CUdeviceptr address = 0;
  GVB_TRY(GVB_CUDA(cuMemAlloc_v2, &address, bytes));
  return GVB_CUDA(cuMemFree_v2, address);
}

static int run_storm(gvb_work *work, gvb_interval *interval) {
  storm_work *w = (storm_work *)work;
  int64_t pairs = 0;
  gvb_period_start(&w->period);
  int64_t now = interval->begin = w->period.origin;
  while (now - interval->begin < w->duration && !gvb_stopped(interval)) {
    if (!gvb_period_is_open(&w->period)) gvb_period_rest(&w->period);
    GVB_TRY(one_pair(w->bytes));
    pairs++;
    now = gvb_clock();
  }
  interval->end = now;
  interval->samples[0] = pairs;
  interval->rows = 1;
  return GVB_OK;
}

static CUresult attempt(storm_work *w, gvb_interval *interval) {
  interval->begin = gvb_clock();
  const gvb_answer answer = gvb_block_new(&w->allocator, w->bytes, &w->kept);
  interval->end = gvb_clock();
  interval->samples[0] = (int32_t)answer.code; /* a layer may answer -1 */
  interval->rows = 1;
  return answer.code;
}

static int give_back(storm_work *w) {
  const int status = gvb_answer_status(gvb_block_free(&w->allocator, &w->kept));
  w->is_kept = false;
  return gvb_first(status, gvb_allocator_close(&w->allocator));
}

static int release_kept(gvb_work *work) {
  storm_work *w = (storm_work *)work;
  return w->is_kept ? give_back(w) : GVB_OK;
}

/* The allocator is opened anew: a pool must not answer from what an earlier attempt left in it. */
static int run_attempt(gvb_work *work, gvb_interval *interval) {
  storm_work *w = (storm_work *)work;
  if (w->is_kept) GVB_TRY(give_back(w));
  memset(&w->allocator, 0, sizeof w->allocator);
  GVB_TRY(gvb_allocator_open(&w->allocator, w->api, w->resolution));
  w->is_kept = attempt(w, interval) == CUDA_SUCCESS;
  if (!w->is_kept) return gvb_allocator_close(&w->allocator);
  return w->keep ? GVB_OK : give_back(w);
}

static int prepare(int64_t bytes, int (*run)(gvb_work *, gvb_interval *), gvb_work **made) {
  GVB_TRY(gvb_device_work_new(sizeof(storm_work), 1, 1, made));
  (*made)->run = run;
  ((storm_work *)*made)->bytes = (size_t)bytes;
  return GVB_OK;
}

int gvb_prepare_alloc_storm(int64_t bytes, int64_t busy, int64_t duration, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("bytes", bytes, 1, INT64_MAX / 2));
  GVB_TRY(gvb_need_range("busy", busy, 1, GVB_PERIOD));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(prepare(bytes, run_storm, &made));
  ((storm_work *)made)->duration = duration;
  ((storm_work *)made)->period.busy = busy;
  return gvb_work_ready(made, one_pair((size_t)bytes), work);
}

/* What the device lacks is said when the work is prepared. */
static int check_api(int32_t api, int32_t resolution) {
  gvb_allocator allocator = {0};
  GVB_TRY(gvb_allocator_open(&allocator, api, resolution));
  return gvb_allocator_close(&allocator);
}

int gvb_prepare_try_alloc(int32_t api, int32_t resolution, int64_t bytes, int32_t keep, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("api", api, GVB_MEMORY_PLAIN, GVB_MEMORY_ARRAY));
  GVB_TRY(gvb_need_range("bytes", bytes, 1, INT64_MAX / 2));
  GVB_TRY(gvb_need_range("keep", keep, 0, 1));
  GVB_TRY(prepare(bytes, run_attempt, &made));
  made->release = release_kept;
  ((storm_work *)made)->keep = keep != 0;
  ((storm_work *)made)->api = api;
  ((storm_work *)made)->resolution = resolution;
  return gvb_work_ready(made, check_api(api, resolution), work);
}
