/* launch_rate: a full queue of arithmetic, and when each launch of it was done. */
#include "clock.h"
#include "compute.h"
#include "flight.h"
#include "work.h"

enum { MOST_BLOCKS = INT32_MAX, TRIALS = 16, LARGEST_GROUP = 1 << 10, MOST_RATE_ROWS = 1 << 20 };

#define SHORT_KERNEL (50 * GVB_MICROSECOND)
#define EVENT_SPACING (100 * GVB_MICROSECOND)
/* Rows have room for kernels that turn out to be faster than they were in the trial. */
#define CLOSEST_EVENTS (10 * GVB_MICROSECOND)

typedef struct rate_work {
  gvb_work work;
  gvb_fma fma;
  gvb_flight flight;
  int64_t settle, duration;
  int64_t group; /* launches per event */
} rate_work;

static int launch_group(rate_work *w) {
  for (int64_t i = 0; i < w->group; i++) GVB_TRY(gvb_fma_launch(&w->fma));
  return gvb_flight_take_off(&w->flight);
}

static int fill(rate_work *w) {
  while (!gvb_flight_full(&w->flight)) GVB_TRY(launch_group(w));
  return GVB_OK;
}

/* Waits for one group, stamps it and launches the next. */
static int next_completion(rate_work *w, int64_t *stamp) {
  GVB_TRY(gvb_flight_land(&w->flight));
  *stamp = gvb_clock();
  return launch_group(w);
}

static int settle(rate_work *w, gvb_interval *interval) {
  const int64_t begin = gvb_clock();
  GVB_TRY(fill(w));
  do {
    GVB_TRY(next_completion(w, &interval->begin));
  } while (interval->begin - begin < w->settle && !gvb_stopped(interval));
  interval->end = interval->begin;
  return GVB_OK;
}

/* Completions beyond the room are work, not samples. */
static int measure(rate_work *w, gvb_interval *interval) {
  do {
    GVB_TRY(next_completion(w, &interval->end));
    if (interval->rows < w->work.rows)
      interval->samples[interval->rows++] = interval->end - interval->begin;
    else
      interval->notes[1]++;
  } while (interval->end - interval->begin < w->duration && !gvb_stopped(interval));
  return GVB_OK;
}

static int run(gvb_work *work, gvb_interval *interval) {
  rate_work *w = (rate_work *)work;
  interval->notes[0] = w->group;
  GVB_TRY(settle(w, interval));
  GVB_TRY(measure(w, interval));
  GVB_TRY(gvb_flight_empty(&w->flight));
  return gvb_fma_verify(&w->fma);
}

static int release(gvb_work *work) {
  rate_work *w = (rate_work *)work;
  const int status = gvb_flight_free(&w->flight);
  return gvb_first(status, gvb_fma_free(&w->fma));
}

/* Host time of some launches and a sync: for a kernel that is short, longer than the device's by what the launches
 * cost, and then the group is only smaller than it might be. */
static int time_launches(rate_work *w, int64_t launches, int64_t *each) {
  const int64_t begin = gvb_clock();
  for (int64_t i = 0; i < launches; i++) GVB_TRY(gvb_fma_launch(&w->fma));
  GVB_TRY(gvb_sync());
  *each = (gvb_clock() - begin) / launches;
  return gvb_fma_verify(&w->fma);
}

/* The first launch carries what a first launch costs. A kernel that is not short needs no second look. */
static int choose_group(rate_work *w) {
  int64_t each = 0;
  GVB_TRY(time_launches(w, 1, &each));
  GVB_TRY(time_launches(w, 1, &each));
  if (each < 2 * SHORT_KERNEL) GVB_TRY(time_launches(w, TRIALS, &each));
  w->group = 1;
  if (each >= SHORT_KERNEL) return GVB_OK;
  while (w->group * each < EVENT_SPACING && w->group < LARGEST_GROUP) w->group *= 2;
  return GVB_OK;
}

static int set_up(rate_work *w, int64_t iterations, int64_t blocks, int64_t depth, int32_t wait) {
  GVB_TRY(gvb_fma_make(&w->fma, iterations, blocks));
  GVB_TRY(choose_group(w));
  const int64_t groups = (depth + w->group - 1) / w->group;
  return gvb_flight_make(&w->flight, groups < 2 && depth > 1 ? 2 : groups, wait);
}

int gvb_prepare_launch_rate(int64_t iterations, int64_t blocks, int64_t depth, int64_t settle_ns, int64_t duration,
                            int32_t wait, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, MOST_BLOCKS));
  GVB_TRY(gvb_need_range("depth", depth, 1, GVB_DEEPEST_FLIGHT));
  GVB_TRY(gvb_need_range("settle", settle_ns, 0, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("wait", wait, GVB_WAIT_SPIN, GVB_WAIT_BLOCK));
  const int64_t rows = duration / CLOSEST_EVENTS + 2;
  GVB_TRY(gvb_device_work_new(sizeof(rate_work), rows < MOST_RATE_ROWS ? rows : MOST_RATE_ROWS, 1, &made));
  made->run = run;
  made->release = release;
  rate_work *w = (rate_work *)made;
  w->settle = settle_ns;
  w->duration = duration;
  return gvb_work_ready(made, set_up(w, iterations, blocks, depth, wait), work);
}
