/* launch_sustained, launch_graph, launch_storm: as many launches as the queue takes. */
#include "clock.h"
#include "count.h"
#include "flight.h"
#include "launcher.h"
#include "period.h"
#include "work.h"

enum { BLOCK = 32, SMALLEST_DEPTH = 2, DEEPEST_QUEUE = 1 << 16, MOST_NODES = 1 << 16, GROUPS = 2, WARM = 200 };

typedef struct sustained_work {
  gvb_work work;
  gvb_launcher launcher; /* of single kernels */
  gvb_graph graph;       /* of `nodes` kernels; 0: none */
  gvb_count count;
  gvb_flight flight; /* two groups: one is filled while the other is at work */
  const gvb_driver *cuda;
  int64_t nodes, launches;
  int64_t group; /* launches between two events */
  int64_t busy, duration;
} sustained_work;

static int launch_one(sustained_work *w) {
  w->count.launched += w->nodes > 0 ? (uint64_t)w->nodes : 1;
  if (w->nodes > 0) return gvb_cuda_status("cuGraphLaunch", w->cuda->cuGraphLaunch(w->graph.exec, gvb_gpu.stream));
  return gvb_cuda_status(gvb_launcher_call(&w->launcher), gvb_launcher_go(&w->launcher));
}

/* Up to `most` launches and the event after them. */
static int launch_group(sustained_work *w, int64_t most) {
  if (gvb_flight_full(&w->flight)) GVB_TRY(gvb_flight_land(&w->flight));
  for (int64_t i = 0; i < w->group && i < most; i++) GVB_TRY(launch_one(w));
  return gvb_flight_take_off(&w->flight);
}

static int launch_all(sustained_work *w, int64_t launches) {
  for (int64_t done = 0; done < launches; done += w->group) GVB_TRY(launch_group(w, launches - done));
  GVB_TRY(gvb_flight_empty(&w->flight));
  return gvb_cuda_status("cuStreamSynchronize", w->cuda->cuStreamSynchronize(gvb_gpu.stream));
}

static int run(gvb_work *work, gvb_interval *interval) {
  sustained_work *w = (sustained_work *)work;
  interval->begin = gvb_clock();
  GVB_TRY(launch_all(w, w->launches));
  interval->end = gvb_clock();
  interval->samples[0] = interval->end - interval->begin;
  interval->rows = 1;
  return gvb_count_verify(&w->count);
}

/* Launches until `until`, then waits for them. */
static int burst(sustained_work *w, const gvb_interval *interval, int64_t until) {
  while (gvb_clock() < until && !gvb_stopped(interval)) GVB_TRY(launch_group(w, w->group));
  return gvb_flight_empty(&w->flight);
}

static int run_storm(gvb_work *work, gvb_interval *interval) {
  sustained_work *w = (sustained_work *)work;
  const uint64_t before = w->count.launched;
  int64_t period = interval->begin = gvb_clock();
  const int64_t last = interval->begin + w->duration;
  for (; period < last && !gvb_stopped(interval); period += GVB_PERIOD) {
    gvb_spin_until(period);
    GVB_TRY(burst(w, interval, w->busy >= GVB_PERIOD ? last : period + w->busy));
  }
  interval->end = gvb_clock();
  interval->samples[0] = (int64_t)(w->count.launched - before);
  interval->rows = 1;
  return gvb_count_verify(&w->count);
}

static int release(gvb_work *work) {
  sustained_work *w = (sustained_work *)work;
  int status = gvb_first(gvb_launcher_free(&w->launcher), gvb_graph_free(&w->graph));
  status = gvb_first(status, gvb_flight_free(&w->flight));
  return gvb_first(status, gvb_count_free(&w->count));
}

static int make_graph(sustained_work *w) {
  const CUDA_KERNEL_NODE_PARAMS_v2 node = {.func = gvb_gpu.kernels[GVB_KERNEL_EMPTY],
                                           .gridDimX = 1,
                                           .gridDimY = 1,
                                           .gridDimZ = 1,
                                           .blockDimX = BLOCK,
                                           .blockDimY = 1,
                                           .blockDimZ = 1,
                                           .kernelParams = w->count.arguments};
  GVB_TRY(GVB_NEED_OF(*w->cuda, cuGraphLaunch));
  return gvb_graph_make(&w->graph, &node, w->nodes, true);
}

static int set_up(sustained_work *w, int32_t api, int32_t resolution, int64_t depth) {
  GVB_TRY(gvb_count_make(&w->count));
  GVB_TRY(gvb_driver_by(resolution, &w->cuda));
  if (w->nodes > 0)
    GVB_TRY(make_graph(w));
  else
    GVB_TRY(gvb_launcher_make(&w->launcher, api, resolution, GVB_KERNEL_EMPTY, BLOCK, w->count.arguments));
  w->group = depth / GROUPS;
  GVB_TRY(gvb_flight_make(&w->flight, GROUPS, GVB_WAIT_SPIN));
  GVB_TRY(launch_all(w, w->nodes > 0 ? GROUPS : WARM));
  return gvb_count_verify(&w->count);
}

static int make(sustained_work **into, int (*body)(gvb_work *, gvb_interval *)) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_device_work_new(sizeof(sustained_work), 1, 1, &made));
  made->run = body;
  made->release = release;
  *into = (sustained_work *)made;
  return GVB_OK;
}

int gvb_prepare_launch_sustained(int32_t api, int32_t resolution, int64_t count, int64_t depth, gvb_work **work) {
  sustained_work *w = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_launch_api(api));
  GVB_TRY(gvb_need_range("count", count, 1, INT32_MAX));
  GVB_TRY(gvb_need_range("depth", depth, SMALLEST_DEPTH, DEEPEST_QUEUE));
  GVB_TRY(make(&w, run));
  w->launches = count;
  return gvb_work_ready(&w->work, set_up(w, api, resolution, depth), work);
}

int gvb_prepare_launch_graph(int32_t resolution, int64_t nodes, int64_t count, int64_t depth, gvb_work **work) {
  sustained_work *w = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("nodes", nodes, 1, MOST_NODES));
  GVB_TRY(gvb_need_range("count", count, 1, INT32_MAX));
  GVB_TRY(gvb_need_range("depth", depth, SMALLEST_DEPTH, DEEPEST_QUEUE));
  GVB_TRY(make(&w, run));
  w->launches = count;
  w->nodes = nodes;
  return gvb_work_ready(&w->work, set_up(w, GVB_LAUNCH_GRAPH, resolution, depth), work);
}

int gvb_prepare_launch_storm(int64_t depth, int64_t busy, int64_t duration, gvb_work **work) {
  sustained_work *w = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("depth", depth, SMALLEST_DEPTH, DEEPEST_QUEUE));
  GVB_TRY(gvb_need_range("busy", busy, 1, GVB_PERIOD));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(make(&w, run_storm));
  w->busy = busy;
  w->duration = duration;
  return gvb_work_ready(&w->work, set_up(w, GVB_LAUNCH_KERNEL, GVB_QUERY, depth), work);
}
