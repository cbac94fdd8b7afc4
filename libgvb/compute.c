/* fma and warm: arithmetic for a known time. */
#include "compute.h"

#include <inttypes.h>

#include "clock.h"
#include "count.h"
#include "work.h"

enum { IN_FLIGHT = 4, MOST_WARM_ROWS = 65536, TRIAL_ITERATIONS = 20000 };

#define WARM_LAUNCH_NS GVB_MILLISECOND

typedef struct event_pair {
  CUevent begin, end;
} event_pair;

typedef struct compute_work {
  gvb_work work;
  gvb_fma fma;
  event_pair pairs[IN_FLIGHT];
  int64_t duration;
} compute_work;

int gvb_fma_make(gvb_fma *f, int64_t iterations, int64_t blocks) {
  f->cuda = &gvb_cuda;
  f->iterations = (uint64_t)iterations;
  f->blocks = (unsigned)blocks;
  f->a = f->b = 1.0f;
  return gvb_device_new(sizeof(uint64_t), &f->ok);
}

int gvb_fma_free(gvb_fma *f) { return gvb_device_free(&f->ok); }

int gvb_fma_launch(gvb_fma *f) {
  void *arguments[] = {&f->iterations, &f->a, &f->b, &f->ok};
  f->launched++;
  return gvb_launch_by(f->cuda, GVB_KERNEL_FMA, f->blocks, GVB_FMA_BLOCK, arguments);
}

int gvb_fma_verify(gvb_fma *f) {
  const uint64_t launches = f->launched - f->verified, each = (uint64_t)f->blocks * GVB_FMA_BLOCK;
  uint64_t right = 0;
  GVB_TRY(gvb_count_read(f->ok, f->launched * each, &right));
  right -= f->verified * each;
  f->verified = f->launched;
  if (right == launches * each) return GVB_OK;
  if (right < launches * each && right % each == 0)
    return gvb_fail(GVB_ERROR_WRONG_RESULT,
                    "%" PRIu64 " of %" PRIu64 " launches of gvb_fma never ran: each was accepted, and waited for",
                    launches - right / each, launches);
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "%" PRIu64 " of %" PRIu64 " threads of gvb_fma computed the right total",
                  right, launches * each);
}

static int queue(compute_work *w, const event_pair *pair) {
  GVB_TRY(GVB_CUDA(cuEventRecord, pair->begin, gvb_gpu.stream));
  GVB_TRY(gvb_fma_launch(&w->fma));
  return GVB_CUDA(cuEventRecord, pair->end, gvb_gpu.stream);
}

static int await(const event_pair *pair, int64_t *took) {
  float milliseconds = 0;
  GVB_TRY(GVB_CUDA(cuEventSynchronize, pair->end));
  GVB_TRY(GVB_CUDA(cuEventElapsedTime, &milliseconds, pair->begin, pair->end));
  *took = (int64_t)((double)milliseconds * GVB_MILLISECOND + 0.5);
  return GVB_OK;
}

static int run_fma(gvb_work *work, gvb_interval *interval) {
  compute_work *w = (compute_work *)work;
  interval->begin = gvb_clock();
  for (int64_t i = 0; i < work->rows; i++) {
    GVB_TRY(queue(w, w->pairs));
    GVB_TRY(await(w->pairs, &interval->samples[i]));
  }
  interval->end = gvb_clock();
  interval->rows = work->rows;
  return gvb_fma_verify(&w->fma);
}

/* Waits for the launch after which `ended` have ended; rows beyond the room are work, not samples. */
static int finish_one(compute_work *w, gvb_interval *interval, int64_t *ended) {
  int64_t took = 0;
  GVB_TRY(await(&w->pairs[*ended % IN_FLIGHT], &took));
  if (*ended < w->work.rows) interval->samples[interval->rows++] = took;
  ++*ended;
  return GVB_OK;
}

static int run_warm(gvb_work *work, gvb_interval *interval) {
  compute_work *w = (compute_work *)work;
  int64_t queued = 0, ended = 0;
  interval->begin = gvb_clock();
  while (gvb_clock() - interval->begin < w->duration && !gvb_stopped(interval)) {
    if (queued - ended == IN_FLIGHT) GVB_TRY(finish_one(w, interval, &ended));
    GVB_TRY(queue(w, &w->pairs[queued++ % IN_FLIGHT]));
  }
  while (ended < queued) GVB_TRY(finish_one(w, interval, &ended));
  interval->end = gvb_clock();
  return gvb_fma_verify(&w->fma);
}

static int release(gvb_work *work) {
  compute_work *w = (compute_work *)work;
  int status = gvb_fma_free(&w->fma);
  for (int i = 0; i < IN_FLIGHT; i++) {
    if (w->pairs[i].begin != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, w->pairs[i].begin));
    if (w->pairs[i].end != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, w->pairs[i].end));
  }
  return status;
}

static int one_launch(compute_work *w, int64_t *took) {
  GVB_TRY(queue(w, w->pairs));
  return await(w->pairs, took);
}

static int set_up(compute_work *w, int64_t iterations, int64_t sm_count) {
  int64_t took = 0;
  for (int i = 0; i < IN_FLIGHT; i++) {
    GVB_TRY(GVB_CUDA(cuEventCreate, &w->pairs[i].begin, CU_EVENT_DEFAULT));
    GVB_TRY(GVB_CUDA(cuEventCreate, &w->pairs[i].end, CU_EVENT_DEFAULT));
  }
  GVB_TRY(gvb_fma_make(&w->fma, iterations, GVB_FMA_BLOCKS_PER_SM * sm_count));
  GVB_TRY(one_launch(w, &took));
  return gvb_fma_verify(&w->fma);
}

/* The first launch carries what a first launch costs; the second tells how many steps make a millisecond. */
static int set_up_warm(compute_work *w, int64_t sm_count) {
  int64_t took = 0;
  GVB_TRY(set_up(w, TRIAL_ITERATIONS, sm_count));
  GVB_TRY(one_launch(w, &took));
  if (took < 1) took = 1;
  w->fma.iterations = (uint64_t)(TRIAL_ITERATIONS * WARM_LAUNCH_NS / took) + 1;
  return gvb_fma_verify(&w->fma);
}

static int make(int64_t rows, int (*run)(gvb_work *, gvb_interval *), gvb_work **made) {
  GVB_TRY(gvb_device_work_new(sizeof(compute_work), rows, 1, made));
  (*made)->run = run;
  (*made)->release = release;
  return GVB_OK;
}

int gvb_prepare_fma(int64_t iterations, int64_t sm_count, int64_t count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("sm_count", sm_count, 1, GVB_MOST_SMS));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(make(count, run_fma, &made));
  return gvb_work_ready(made, set_up((compute_work *)made, iterations, sm_count), work);
}

int gvb_prepare_warm(int64_t duration, int64_t sm_count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("sm_count", sm_count, 1, GVB_MOST_SMS));
  GVB_TRY(make(MOST_WARM_ROWS, run_warm, &made));
  ((compute_work *)made)->duration = duration;
  return gvb_work_ready(made, set_up_warm((compute_work *)made, sm_count), work);
}
