/* rate, launch_rate and graph_rate: a full queue of one kernel, and when each launch of it was done. */
#include "clock.h"
#include "flight.h"
#include "graph.h"
#include "period.h"
#include "piece.h"
#include "work.h"

enum { TRIALS = 16, LARGEST_GROUP = 1 << 10, MOST_RATE_ROWS = 1 << 20, MOST_NODES = 1 << 16 };
enum { GROUP, LEFT_OUT, WORK, SETTLED }; /* notes */

#define SHORT_KERNEL (50 * GVB_MICROSECOND)
#define EVENT_SPACING (100 * GVB_MICROSECOND)
/* Rows have room for kernels that turn out to be faster than they were in the trial. */
#define CLOSEST_EVENTS (10 * GVB_MICROSECOND)

typedef struct rate_work {
  gvb_work work;
  gvb_piece piece;
  gvb_graph graph; /* of `nodes` kernels; 0: single ones are launched */
  int64_t nodes;
  gvb_flight flight;
  gvb_period period;
  int64_t settle, duration;
  int64_t group;    /* launches per event */
  bool is_by_clock; /* begin and end of the window, not by completions */
} rate_work;

static int launch_one(rate_work *w) {
  if (w->nodes == 0) return gvb_piece_launch(&w->piece);
  w->piece.fma.launched += (uint64_t)w->nodes;
  return GVB_CUDA(cuGraphLaunch, w->graph.exec, gvb_gpu.stream);
}

static int launch_group(rate_work *w) {
  for (int64_t i = 0; i < w->group; i++) GVB_TRY(launch_one(w));
  return gvb_flight_take_off(&w->flight);
}

static int submit(rate_work *w) {
  while (!gvb_flight_full(&w->flight) && gvb_period_is_open(&w->period)) {
    gvb_period_begin(&w->period);
    GVB_TRY(launch_group(w));
  }
  return GVB_OK;
}

/* Where work begins at some times alone, the queue may be empty. */
static int land_at_times(rate_work *w) {
  bool landed = false;
  while (!landed) {
    GVB_TRY(submit(w));
    if (w->flight.landed == w->flight.taken_off) gvb_period_rest(&w->period);
    GVB_TRY(gvb_flight_try_land(&w->flight, &landed));
  }
  return GVB_OK;
}

/* Waits for one group, stamps it and launches the next. */
static int next_completion(rate_work *w, int64_t *stamp) {
  GVB_TRY(gvb_period_is_always(&w->period) ? gvb_flight_land(&w->flight) : land_at_times(w));
  *stamp = gvb_clock();
  return submit(w);
}

/* `stamp` is that of the completion that ended it. */
static int settle(rate_work *w, gvb_interval *interval, int64_t *stamp) {
  gvb_period_start(&w->period);
  GVB_TRY(submit(w));
  do {
    GVB_TRY(next_completion(w, stamp));
    interval->begin = *stamp;
  } while (*stamp - w->period.origin < w->settle && !gvb_stopped(interval));
  if (w->is_by_clock && w->settle > 0) interval->begin = w->period.origin + w->settle;
  interval->notes[SETTLED] = interval->begin - w->period.origin;
  return GVB_OK;
}

/* Completions beyond the room are work, not samples. */
static void note(const rate_work *w, gvb_interval *interval, int64_t stamp) {
  if (interval->rows < w->work.rows)
    interval->samples[interval->rows++] = stamp - interval->begin;
  else
    interval->notes[LEFT_OUT]++;
}

/* The last completion lies behind a window that ends by the clock. */
static int measure(rate_work *w, gvb_interval *interval, int64_t stamp) {
  const int64_t last = interval->begin + w->duration;
  if (w->is_by_clock && stamp > interval->begin && stamp < last) note(w, interval, stamp);
  do {
    GVB_TRY(next_completion(w, &stamp));
    if (!w->is_by_clock || stamp < last || interval->rows == 0) note(w, interval, stamp);
  } while (stamp < last && !gvb_stopped(interval));
  interval->end = w->is_by_clock && stamp > last ? last : stamp;
  return GVB_OK;
}

static int run(gvb_work *work, gvb_interval *interval) {
  rate_work *w = (rate_work *)work;
  int64_t stamp;
  interval->notes[GROUP] = w->group;
  interval->notes[WORK] = w->piece.work;
  GVB_TRY(settle(w, interval, &stamp));
  GVB_TRY(measure(w, interval, stamp));
  GVB_TRY(gvb_flight_empty(&w->flight));
  return gvb_piece_verify(&w->piece);
}

static int run_pieces(gvb_work *work, gvb_interval *interval) {
  rate_work *w = (rate_work *)work;
  interval->begin = gvb_clock();
  for (interval->rows = 0; interval->rows < work->rows; interval->rows++) {
    const int64_t begin = gvb_clock();
    GVB_TRY(gvb_piece_launch(&w->piece));
    GVB_TRY(gvb_sync());
    interval->samples[interval->rows] = gvb_clock() - begin;
  }
  interval->end = gvb_clock();
  interval->notes[0] = w->piece.work;
  return gvb_piece_verify(&w->piece);
}

static int release(gvb_work *work) {
  rate_work *w = (rate_work *)work;
  const int status = gvb_first(gvb_flight_free(&w->flight), gvb_graph_free(&w->graph));
  return gvb_first(status, gvb_piece_free(&w->piece));
}

/* Host time of some launches and a sync: for a kernel that is short, longer than the device's by what the launches
 * cost, and then the group is only smaller than it might be. */
static int time_launches(rate_work *w, int64_t launches, int64_t *each) {
  const int64_t begin = gvb_clock();
  for (int64_t i = 0; i < launches; i++) GVB_TRY(launch_one(w));
  GVB_TRY(gvb_sync());
  *each = (gvb_clock() - begin) / launches;
  return GVB_OK;
}

/* The first launch carries what a first launch costs. A kernel that is not short needs no second look. */
static int choose_group(rate_work *w) {
  int64_t each = 0;
  GVB_TRY(time_launches(w, 1, &each));
  GVB_TRY(time_launches(w, 1, &each));
  if (each < 2 * SHORT_KERNEL) GVB_TRY(time_launches(w, TRIALS, &each));
  w->group = 1;
  while (each < SHORT_KERNEL && w->group * each < EVENT_SPACING && w->group < LARGEST_GROUP) w->group *= 2;
  return gvb_piece_verify(&w->piece);
}

static int set_up(rate_work *w, int64_t depth, int32_t wait) {
  GVB_TRY(choose_group(w));
  const int64_t groups = (depth + w->group - 1) / w->group;
  return gvb_flight_make(&w->flight, groups < 2 && depth > 1 ? 2 : groups, wait);
}

static int make(int64_t settle_ns, int64_t duration, rate_work **into) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_range("settle", settle_ns, 0, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  const int64_t rows = duration / CLOSEST_EVENTS + 2;
  GVB_TRY(gvb_device_work_new(sizeof(rate_work), rows < MOST_RATE_ROWS ? rows : MOST_RATE_ROWS, 1, &made));
  made->run = run;
  made->release = release;
  *into = (rate_work *)made;
  (*into)->settle = settle_ns;
  (*into)->duration = duration;
  (*into)->period.busy = GVB_PERIOD;
  return GVB_OK;
}

int gvb_prepare_launch_rate(int64_t iterations, int64_t blocks, int64_t depth, int64_t settle_ns, int64_t duration,
                            int32_t wait, gvb_work **work) {
  rate_work *w = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_piece(GVB_RATE_FMA, 0, iterations, blocks));
  GVB_TRY(gvb_need_range("depth", depth, 1, GVB_DEEPEST_FLIGHT));
  GVB_TRY(gvb_need_range("wait", wait, GVB_WAIT_SPIN, GVB_WAIT_BLOCK));
  GVB_TRY(make(settle_ns, duration, &w));
  const int status = gvb_piece_make(&w->piece, GVB_RATE_FMA, 0, iterations, blocks);
  return gvb_work_ready(&w->work, status == GVB_OK ? set_up(w, depth, wait) : status, work);
}

static int make_graph(rate_work *w) {
  gvb_fma *f = &w->piece.fma;
  void *arguments[] = {&f->iterations, &f->a, &f->b, &f->ok};
  const CUDA_KERNEL_NODE_PARAMS_v2 node = {.func = gvb_gpu.kernels[GVB_KERNEL_FMA],
                                           .gridDimX = f->blocks,
                                           .gridDimY = 1,
                                           .gridDimZ = 1,
                                           .blockDimX = GVB_FMA_BLOCK,
                                           .blockDimY = 1,
                                           .blockDimZ = 1,
                                           .kernelParams = arguments};
  GVB_TRY(GVB_NEED(cuGraphLaunch));
  return gvb_graph_make(&w->graph, &node, w->nodes, true);
}

static int set_up_graph(rate_work *w, int64_t iterations, int64_t blocks, int64_t depth) {
  GVB_TRY(gvb_piece_make(&w->piece, GVB_RATE_FMA, 0, iterations, blocks));
  w->piece.work *= w->nodes;
  GVB_TRY(make_graph(w));
  return set_up(w, depth, GVB_WAIT_SPIN);
}

int gvb_prepare_graph_rate(int64_t iterations, int64_t blocks, int64_t nodes, int64_t depth, int64_t settle_ns,
                           int64_t duration, gvb_work **work) {
  rate_work *w = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_piece(GVB_RATE_FMA, 0, iterations, blocks));
  GVB_TRY(gvb_need_range("nodes", nodes, 1, MOST_NODES));
  GVB_TRY(gvb_need_range("depth", depth, 1, GVB_DEEPEST_FLIGHT));
  GVB_TRY(make(settle_ns, duration, &w));
  w->nodes = nodes;
  return gvb_work_ready(&w->work, set_up_graph(w, iterations, blocks, depth), work);
}

int gvb_prepare_rate(int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks, int64_t depth, int64_t busy,
                     int64_t every, int64_t settle_ns, int64_t duration, gvb_work **work) {
  rate_work *w = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_piece(kernel, bytes, amount, blocks));
  GVB_TRY(gvb_need_range("depth", depth, 1, GVB_DEEPEST_FLIGHT));
  GVB_TRY(gvb_need_range("busy", busy, 1, GVB_PERIOD));
  GVB_TRY(gvb_need_range("every", every, 0, GVB_SECOND));
  GVB_TRY(make(settle_ns, duration, &w));
  w->period.busy = busy;
  w->period.every = every;
  w->is_by_clock = true;
  const int status = gvb_piece_make(&w->piece, kernel, bytes, amount, blocks);
  return gvb_work_ready(&w->work, status == GVB_OK ? set_up(w, depth, GVB_WAIT_SPIN) : status, work);
}

int gvb_prepare_pieces(int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks, int64_t count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_piece(kernel, bytes, amount, blocks));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_device_work_new(sizeof(rate_work), count, 1, &made));
  made->run = run_pieces;
  made->release = release;
  return gvb_work_ready(made, gvb_piece_make(&((rate_work *)made)->piece, kernel, bytes, amount, blocks), work);
}
