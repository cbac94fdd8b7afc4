/* alloc_storm and try_alloc: allocations as a neighbor, and as a question. */
#include "allocator.h"
#include "clock.h"
#include "work.h"

typedef struct storm_work {
  gvb_work work;
  size_t bytes;
  int64_t duration;
  int32_t api, resolution;
} storm_work;

static int one_pair(size_t bytes) {
  CUdeviceptr address = 0;
  GVB_TRY(GVB_CUDA(cuMemAlloc_v2, &address, bytes));
  return GVB_CUDA(cuMemFree_v2, address);
}

static int run_storm(gvb_work *work, gvb_interval *interval) {
  const storm_work *w = (storm_work *)work;
  int64_t pairs = 0;
  int64_t now = interval->begin = gvb_clock();
  while (now - interval->begin < w->duration && !gvb_stopped(interval)) {
    GVB_TRY(one_pair(w->bytes));
    pairs++;
    now = gvb_clock();
  }
  interval->end = now;
  interval->samples[0] = pairs;
  interval->rows = 1;
  return GVB_OK;
}

static int attempt(const gvb_allocator *a, size_t bytes, gvb_interval *interval) {
  gvb_block block;
  interval->begin = gvb_clock();
  const gvb_answer answer = gvb_block_new(a, bytes, &block);
  interval->end = gvb_clock();
  interval->samples[0] = (int32_t)answer.code; /* a layer may answer -1 */
  interval->rows = 1;
  return answer.code == CUDA_SUCCESS ? gvb_answer_status(gvb_block_free(a, &block)) : GVB_OK;
}

/* The allocator is opened anew: a pool must not answer from what an earlier attempt left in it. */
static int run_attempt(gvb_work *work, gvb_interval *interval) {
  const storm_work *w = (storm_work *)work;
  gvb_allocator allocator = {0};
  GVB_TRY(gvb_allocator_open(&allocator, w->api, w->resolution));
  const int status = attempt(&allocator, w->bytes, interval);
  return gvb_first(status, gvb_allocator_close(&allocator));
}

static int prepare(int64_t bytes, int (*run)(gvb_work *, gvb_interval *), gvb_work **made) {
  GVB_TRY(gvb_device_work_new(sizeof(storm_work), 1, 1, made));
  (*made)->run = run;
  ((storm_work *)*made)->bytes = (size_t)bytes;
  return GVB_OK;
}

int gvb_prepare_alloc_storm(int64_t bytes, int64_t duration, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("bytes", bytes, 1, INT64_MAX / 2));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(prepare(bytes, run_storm, &made));
  ((storm_work *)made)->duration = duration;
  return gvb_work_ready(made, one_pair((size_t)bytes), work);
}

/* What the device lacks is said when the work is prepared. */
static int check_api(int32_t api, int32_t resolution) {
  gvb_allocator allocator = {0};
  GVB_TRY(gvb_allocator_open(&allocator, api, resolution));
  return gvb_allocator_close(&allocator);
}

int gvb_prepare_try_alloc(int32_t api, int32_t resolution, int64_t bytes, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("api", api, GVB_MEMORY_PLAIN, GVB_MEMORY_ARRAY));
  GVB_TRY(gvb_need_range("bytes", bytes, 1, INT64_MAX / 2));
  GVB_TRY(prepare(bytes, run_attempt, &made));
  ((storm_work *)made)->api = api;
  ((storm_work *)made)->resolution = resolution;
  return gvb_work_ready(made, check_api(api, resolution), work);
}
