/* refusal: how long it takes to be told no. */
#include <string.h>

#include "allocator.h"
#include "clock.h"
#include "work.h"

enum { WARM_UPS = 10 };

typedef struct refusal_work {
  gvb_work work;
  size_t used, ask;
  gvb_allocator allocator;
  gvb_block held;
  bool is_open, is_held;
} refusal_work;

static int give_back(const refusal_work *w, gvb_block *block) {
  return gvb_answer_status(gvb_block_free(&w->allocator, block));
}

/* One that is granted is given back at once, outside: the next one must meet the same. */
static int ask_once(refusal_work *w, int64_t sample[2]) {
  gvb_block block;
  const int64_t t0 = gvb_clock();
  const gvb_answer answer = gvb_block_new(&w->allocator, w->ask, &block);
  sample[0] = gvb_clock() - t0;
  sample[1] = (int32_t)answer.code; /* a layer may answer -1 */
  return answer.code == CUDA_SUCCESS ? give_back(w, &block) : GVB_OK;
}

static int run(gvb_work *work, gvb_interval *interval) {
  refusal_work *w = (refusal_work *)work;
  for (int k = 0; k < WARM_UPS; k++) {
    int64_t sample[2];
    GVB_TRY(ask_once(w, sample));
    interval->notes[0] += sample[1] == CUDA_SUCCESS;
  }
  interval->begin = gvb_clock();
  for (int64_t k = 0; k < work->rows; k++) GVB_TRY(ask_once(w, &interval->samples[2 * k]));
  interval->end = gvb_clock();
  interval->rows = work->rows;
  return GVB_OK;
}

static int release(gvb_work *work) {
  refusal_work *w = (refusal_work *)work;
  const int status = w->is_held ? give_back(w, &w->held) : GVB_OK;
  return w->is_open ? gvb_first(status, gvb_allocator_close(&w->allocator)) : status;
}

static int set_up(refusal_work *w, int32_t api, int32_t resolution) {
  GVB_TRY(gvb_allocator_open(&w->allocator, api, resolution));
  w->is_open = true;
  if (w->used == 0) return GVB_OK;
  GVB_TRY(gvb_answer_status(gvb_block_new(&w->allocator, w->used, &w->held)));
  w->is_held = true;
  return GVB_OK;
}

int gvb_prepare_refusal(int32_t api, int32_t resolution, int64_t used, int64_t ask, int64_t count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("api", api, GVB_MEMORY_PLAIN, GVB_MEMORY_ARRAY));
  GVB_TRY(gvb_need_range("used", used, 0, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("ask", ask, 1, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_device_work_new(sizeof(refusal_work), count, 2, &made));
  made->run = run;
  made->release = release;
  refusal_work *w = (refusal_work *)made;
  w->used = (size_t)used, w->ask = (size_t)ask;
  return gvb_work_ready(made, set_up(w, api, resolution), work);
}
