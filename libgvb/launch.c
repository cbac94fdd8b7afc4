/* launch_latency and launch_sync: the empty kernel, seen from the host. */
#include "clock.h"
#include "count.h"
#include "launcher.h"
#include "work.h"

enum { BLOCK = 32, WARM_LAUNCHES = 200, DEEPEST_QUEUE = 1000 };

typedef struct launch_work {
  gvb_work work;
  gvb_launcher launcher;
  gvb_count count;
  int64_t drain;
} launch_work;

static int launch_once(launch_work *w) {
  w->count.launched++;
  return gvb_cuda_status(gvb_launcher_call(&w->launcher), gvb_launcher_go(&w->launcher));
}

static int warm_up(launch_work *w) {
  for (int i = 0; i < WARM_LAUNCHES; i++) {
    GVB_TRY(launch_once(w));
    if (i % BLOCK == 0) GVB_TRY(gvb_sync());
  }
  return gvb_count_verify(&w->count);
}

static int run_latency(gvb_work *work, gvb_interval *interval) {
  launch_work *w = (launch_work *)work;
  int64_t queued = 0;
  for (int64_t i = 0; i < work->rows; i++) {
    const int64_t t0 = gvb_clock();
    const CUresult code = gvb_launcher_go(&w->launcher);
    const int64_t t1 = gvb_clock();
    GVB_TRY(gvb_cuda_status(gvb_launcher_call(&w->launcher), code));
    interval->samples[i] = t1 - t0;
    if (i == 0) interval->begin = t0;
    interval->end = t1;
    w->count.launched++;
    if (++queued < w->drain) continue;
    queued = 0;
    GVB_TRY(gvb_sync());
  }
  interval->rows = work->rows;
  return gvb_count_verify(&w->count);
}

static int run_sync(gvb_work *work, gvb_interval *interval) {
  launch_work *w = (launch_work *)work;
  for (int64_t i = 0; i < work->rows; i++) {
    const int64_t t0 = gvb_clock();
    const CUresult launched = gvb_launcher_go(&w->launcher);
    const CUresult synchronized = w->launcher.cuda->cuStreamSynchronize(gvb_gpu.stream);
    const int64_t t1 = gvb_clock();
    GVB_TRY(gvb_cuda_status(gvb_launcher_call(&w->launcher), launched));
    GVB_TRY(gvb_cuda_status("cuStreamSynchronize", synchronized));
    interval->samples[i] = t1 - t0;
    if (i == 0) interval->begin = t0;
    interval->end = t1;
    w->count.launched++;
  }
  interval->rows = work->rows;
  return gvb_count_verify(&w->count);
}

static int release(gvb_work *work) {
  launch_work *w = (launch_work *)work;
  const int status = gvb_launcher_free(&w->launcher);
  return gvb_first(status, gvb_count_free(&w->count));
}

static int set_up(launch_work *w, int32_t api, int32_t resolution) {
  GVB_TRY(gvb_count_make(&w->count));
  GVB_TRY(gvb_launcher_make(&w->launcher, api, resolution, GVB_KERNEL_EMPTY, BLOCK, w->count.arguments));
  return warm_up(w);
}

static int prepare(int32_t api, int32_t resolution, int64_t count, int64_t drain,
                   int (*run)(gvb_work *, gvb_interval *), gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_device_work_new(sizeof(launch_work), count, 1, &made));
  made->run = run;
  made->release = release;
  ((launch_work *)made)->drain = drain;
  return gvb_work_ready(made, set_up((launch_work *)made, api, resolution), work);
}

int gvb_prepare_launch_latency(int32_t api, int32_t resolution, int64_t count, int64_t drain, gvb_work **work) {
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_launch_api(api));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_need_range("drain", drain, 1, DEEPEST_QUEUE));
  return prepare(api, resolution, count, drain, run_latency, work);
}

int gvb_prepare_launch_sync(int32_t api, int32_t resolution, int64_t count, gvb_work **work) {
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_launch_api(api));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  return prepare(api, resolution, count, 1, run_sync, work);
}
