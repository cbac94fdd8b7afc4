/* copy_rate: a link that is kept full, and when each copy over it was done. */
#include "clock.h"
#include "flight.h"
#include "lane.h"
#include "period.h"
#include "work.h"

enum { WAYS = 2, COLUMNS = 2, MOST_RATE_ROWS = 1 << 20 };
enum { LEFT_OUT, HOST_NODE, DEVICE_NODE }; /* notes */

/* Rows have room for copies of this length. */
#define CLOSEST_EVENTS (10 * GVB_MICROSECOND)

/* One direction: its copies, and those of them that are under way. */
typedef struct way {
  gvb_lane lane;
  gvb_flight flight;
} way;

typedef struct rate_work {
  gvb_work work;
  way ways[WAYS];
  int count;       /* of ways */
  CUstream second; /* of the second way; NULL: there is none */
  int64_t settle, duration;
  gvb_period period;
  int64_t turns;
} rate_work;

static int submit(rate_work *w, way *one) {
  while (!gvb_flight_full(&one->flight) && gvb_period_is_open(&w->period)) {
    GVB_TRY(gvb_cuda_status(gvb_lane_queue_name(&one->lane), gvb_lane_queue(&one->lane)));
    GVB_TRY(gvb_flight_take_off(&one->flight));
  }
  return GVB_OK;
}

static bool is_empty(const rate_work *w) {
  for (int i = 0; i < w->count; i++)
    if (w->ways[i].flight.landed < w->ways[i].flight.taken_off) return false;
  return true;
}

/* Waits for one copy, whichever way, stamps it and submits the next. Every way is asked first in turn. */
static int next_completion(rate_work *w, int64_t *stamp, int32_t *kind) {
  for (;;) {
    way *one = &w->ways[w->turns++ % w->count];
    bool landed = false;
    GVB_TRY(submit(w, one));
    GVB_TRY(gvb_flight_try_land(&one->flight, &landed));
    *stamp = gvb_clock();
    *kind = one->lane.kind;
    if (landed) return submit(w, one);
    if (is_empty(w)) gvb_period_rest(&w->period);
  }
}

static int settle(rate_work *w, gvb_interval *interval) {
  int32_t kind;
  gvb_period_start(&w->period);
  for (int i = 0; i < w->count; i++) GVB_TRY(submit(w, &w->ways[i]));
  do {
    GVB_TRY(next_completion(w, &interval->begin, &kind));
  } while (interval->begin - w->period.origin < w->settle && !gvb_stopped(interval));
  interval->end = interval->begin;
  return GVB_OK;
}

/* Completions beyond the room are work, not samples. */
static void note(const rate_work *w, gvb_interval *interval, int32_t kind) {
  int64_t *row = interval->samples + COLUMNS * interval->rows;
  if (interval->rows == w->work.rows) {
    interval->notes[LEFT_OUT]++;
    return;
  }
  row[0] = interval->end - interval->begin;
  row[1] = kind;
  interval->rows++;
}

static int measure(rate_work *w, gvb_interval *interval) {
  int32_t kind;
  do {
    GVB_TRY(next_completion(w, &interval->end, &kind));
    note(w, interval, kind);
  } while (interval->end - interval->begin < w->duration && !gvb_stopped(interval));
  return GVB_OK;
}

static int run(gvb_work *work, gvb_interval *interval) {
  rate_work *w = (rate_work *)work;
  interval->notes[HOST_NODE] = w->ways[0].lane.node;
  interval->notes[DEVICE_NODE] = w->ways[0].lane.near;
  GVB_TRY(settle(w, interval));
  GVB_TRY(measure(w, interval));
  for (int i = 0; i < w->count; i++) GVB_TRY(gvb_flight_empty(&w->ways[i].flight));
  for (int i = 0; i < w->count; i++) GVB_TRY(gvb_lane_verify(&w->ways[i].lane));
  return GVB_OK;
}

static int release(gvb_work *work) {
  rate_work *w = (rate_work *)work;
  int status = GVB_OK;
  for (int i = 0; i < w->count; i++) {
    status = gvb_first(status, gvb_flight_free(&w->ways[i].flight));
    status = gvb_first(status, gvb_lane_free(&w->ways[i].lane));
  }
  if (w->second != NULL) status = gvb_first(status, GVB_CUDA(cuStreamDestroy_v2, w->second));
  return status;
}

static int make_way(rate_work *w, int32_t kind, int64_t bytes, int64_t depth) {
  way *one = &w->ways[w->count];
  if (w->count > 0) GVB_TRY(GVB_CUDA(cuStreamCreate, &w->second, CU_STREAM_NON_BLOCKING));
  w->count++;
  one->lane = (gvb_lane){.kind = kind, .host = GVB_HOST_PINNED, .payload = GVB_PAYLOAD_NEW, .bytes = (size_t)bytes};
  one->lane.stream = w->second;
  GVB_TRY(gvb_lane_make(&one->lane));
  GVB_TRY(gvb_flight_make(&one->flight, depth, GVB_WAIT_SPIN));
  one->flight.stream = one->lane.stream;
  return GVB_OK;
}

static int set_up(rate_work *w, int32_t kind, int64_t bytes, int64_t depth) {
  if (kind != GVB_COPY_DUPLEX) return make_way(w, kind, bytes, depth);
  GVB_TRY(make_way(w, GVB_COPY_H2D, bytes, depth));
  return make_way(w, GVB_COPY_D2H, bytes, depth);
}

int gvb_prepare_copy_rate(int32_t kind, int64_t bytes, int64_t depth, int64_t busy, int64_t settle_ns, int64_t duration,
                          gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("kind", kind, GVB_COPY_H2D, GVB_COPY_DUPLEX));
  GVB_TRY(gvb_need_lane(GVB_HOST_PINNED, GVB_PAYLOAD_NEW, bytes));
  GVB_TRY(gvb_need_range("depth", depth, 1, GVB_DEEPEST_FLIGHT));
  GVB_TRY(gvb_need_range("busy", busy, 1, GVB_PERIOD));
  GVB_TRY(gvb_need_range("settle", settle_ns, 0, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  const int64_t rows = duration / CLOSEST_EVENTS + 2;
  GVB_TRY(gvb_device_work_new(sizeof(rate_work), rows < MOST_RATE_ROWS ? rows : MOST_RATE_ROWS, COLUMNS, &made));
  made->run = run;
  made->release = release;
  rate_work *w = (rate_work *)made;
  w->period.busy = busy;
  w->settle = settle_ns;
  w->duration = duration;
  return gvb_work_ready(made, set_up(w, kind, bytes, depth), work);
}
