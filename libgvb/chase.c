/* chase and chase_steps: how long one access after the other takes, along one random cycle. */
#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "context.h"
#include "pattern.h"
#include "work.h"

enum { STRIDE = 128, THREADS = 32, GROUP = 64, BINS = 1024, RESULTS = 2 };
enum { CLOCKS, COUNT, COLUMNS }; /* of chase_steps */
enum { TOTAL };                  /* notes */

#define DESCHEDULED (10 * GVB_MICROSECOND)
#define MOST_CHASE_BYTES (64LL << 30)

typedef struct chase_work {
  gvb_work work;
  CUdeviceptr cycle, out, bins; /* bins: 0 where groups are timed */
  uint64_t lines, stride, warm, steps;
  uint64_t width;    /* of a bin, clocks */
  uint64_t last;     /* index after all steps */
  uint64_t *results; /* out, or bins, on the host */
} chase_work;

static uint64_t result_words(const chase_work *w) { return w->bins != 0 ? BINS + 1 : RESULTS + w->steps / GROUP; }

/* ---- the cycle ---- */

/* Sattolo: an element is exchanged with one before it, never with itself, so that there is a single cycle. */
static void shuffle(uint32_t *next, uint64_t lines, uint64_t seed) {
  for (uint64_t i = 0; i < lines; i++) next[i] = (uint32_t)i;
  for (uint64_t i = lines - 1; i > 0; i--) {
    const uint64_t other = gvb_pattern(i, seed) % i;
    const uint32_t kept = next[i];
    next[i] = next[other];
    next[other] = kept;
  }
}

static uint64_t follow(const uint32_t *next, uint64_t steps) {
  uint64_t at = 0;
  for (uint64_t s = 0; s < steps; s++) at = next[at];
  return at;
}

static int upload(const chase_work *w, const uint32_t *next) {
  const size_t words = w->stride / sizeof(uint64_t);
  uint64_t *spread = calloc(w->lines, w->stride);
  if (spread == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for %" PRIu64 " lines", w->lines);
  for (uint64_t i = 0; i < w->lines; i++) spread[i * words] = next[i];
  const int status = gvb_upload(w->cycle, spread, w->lines * w->stride);
  free(spread);
  return status;
}

static int make_cycle(chase_work *w, uint64_t seed) {
  uint32_t *next = malloc(w->lines * sizeof *next);
  if (next == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for %" PRIu64 " lines", w->lines);
  shuffle(next, w->lines, seed);
  w->last = follow(next, w->warm + w->steps);
  const int status = upload(w, next);
  free(next);
  return status;
}

/* ---- runs ---- */

static int chase(chase_work *w) {
  void *arguments[] = {&w->cycle, &w->lines, &w->stride, &w->warm, &w->steps, &w->width, &w->out, &w->bins};
  GVB_TRY(gvb_launch(GVB_KERNEL_CHASE, 1, THREADS, arguments));
  return gvb_sync();
}

static int verify(const chase_work *w, uint64_t found) {
  if (found == w->last) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "chase ended at line %" PRIu64 ", expected %" PRIu64 " after %" PRIu64 " steps", found, w->last,
                  w->warm + w->steps);
}

static int timed(chase_work *w, gvb_interval *interval) {
  interval->begin = gvb_clock();
  GVB_TRY(chase(w));
  interval->end = gvb_clock();
  return GVB_OK;
}

static int run_groups(gvb_work *work, gvb_interval *interval) {
  chase_work *w = (chase_work *)work;
  GVB_TRY(timed(w, interval));
  GVB_TRY(gvb_download(w->results, w->out, result_words(w) * sizeof *w->results));
  interval->notes[TOTAL] = (int64_t)w->results[1];
  for (int64_t i = 0; i < work->rows; i++) interval->samples[i] = (int64_t)w->results[RESULTS + i];
  interval->rows = work->rows;
  return verify(w, w->results[0]);
}

static int check_count(const chase_work *w, uint64_t counted) {
  if (counted == w->steps) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "chase counted %" PRIu64 " steps, expected %" PRIu64, counted, w->steps);
}

static int run_steps(gvb_work *work, gvb_interval *interval) {
  chase_work *w = (chase_work *)work;
  uint64_t ends[RESULTS], counted = 0;
  GVB_TRY(timed(w, interval));
  GVB_TRY(gvb_download(ends, w->out, sizeof ends));
  GVB_TRY(gvb_download(w->results, w->bins, result_words(w) * sizeof *w->results));
  interval->notes[TOTAL] = (int64_t)ends[1];
  for (int64_t b = 0; b <= BINS; b++) {
    interval->samples[b * COLUMNS + CLOCKS] = b * (int64_t)w->width;
    interval->samples[b * COLUMNS + COUNT] = (int64_t)w->results[b];
    counted += w->results[b];
  }
  interval->rows = work->rows;
  GVB_TRY(check_count(w, counted));
  return verify(w, ends[0]);
}

static int release(gvb_work *work) {
  chase_work *w = (chase_work *)work;
  free(w->results);
  w->results = NULL;
  const int status = gvb_first(gvb_device_free(&w->cycle), gvb_device_free(&w->out));
  return gvb_first(status, gvb_device_free(&w->bins));
}

/* ---- set-up ---- */

/* The last bin begins at 10 us. */
static int choose_width(chase_work *w) {
  gvb_device facts;
  GVB_TRY(gvb_device_facts(gvb_gpu.device, &facts));
  const int64_t clocks = (int64_t)((double)DESCHEDULED * (double)facts.sm_clock_hz / GVB_SECOND);
  w->width = (uint64_t)(clocks + BINS - 1) / BINS;
  if (w->width == 0) w->width = 1;
  return gvb_device_new((BINS + 1) * sizeof(uint64_t), &w->bins);
}

static int set_up(chase_work *w, bool each, int64_t seed) {
  GVB_TRY(gvb_load(GVB_MODULE_CONTENTION));
  if (each) GVB_TRY(choose_width(w));
  w->results = calloc(result_words(w), sizeof *w->results);
  if (w->results == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for %" PRIu64 " steps", w->steps);
  GVB_TRY(gvb_device_new((RESULTS + w->steps / GROUP) * sizeof(uint64_t), &w->out));
  GVB_TRY(gvb_device_new(w->lines * w->stride, &w->cycle));
  return make_cycle(w, (uint64_t)seed);
}

static int prepare(int64_t bytes, int64_t passes, int64_t steps, int64_t seed, bool each, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("bytes", bytes, 2 * STRIDE, MOST_CHASE_BYTES));
  GVB_TRY(gvb_need_range("warm", passes, 0, 1000));
  GVB_TRY(gvb_need_range("steps", steps, GROUP, GVB_MOST_ROWS));
  GVB_TRY(gvb_device_work_new(sizeof(chase_work), each ? BINS + 1 : steps / GROUP, each ? COLUMNS : 1, &made));
  chase_work *w = (chase_work *)made;
  made->run = each ? run_steps : run_groups;
  made->release = release;
  w->stride = STRIDE;
  w->lines = (uint64_t)bytes / STRIDE;
  w->warm = (uint64_t)passes * w->lines;
  w->steps = (uint64_t)(each ? steps : steps / GROUP * GROUP);
  return gvb_work_ready(made, set_up(w, each, seed), work);
}

int gvb_prepare_chase(int64_t bytes, int64_t warm, int64_t steps, int64_t seed, gvb_work **work) {
  return prepare(bytes, warm, steps, seed, false, work);
}

int gvb_prepare_chase_steps(int64_t bytes, int64_t warm, int64_t steps, int64_t seed, gvb_work **work) {
  return prepare(bytes, warm, steps, seed, true, work);
}
