/* launch_paced and launch_full: the launch call when next to nothing, and when everything, is asked of the device. */
#include "clock.h"
#include "compute.h"
#include "count.h"
#include "flight.h"
#include "work.h"

enum { BLOCK = 32, MOST_BLOCKS = INT32_MAX, WARM_LAUNCHES = 20 };

typedef struct pace_work {
  gvb_work work;
  const gvb_driver *cuda; /* as its way finds them */
  int64_t period, blocks;
  gvb_count count;
} pace_work;

static int launch_empty(pace_work *w, int64_t *t0, int64_t *t1) {
  *t0 = gvb_clock();
  const CUresult code = w->cuda->cuLaunchKernel(gvb_gpu.kernels[GVB_KERNEL_EMPTY], (unsigned)w->blocks, 1, 1, BLOCK, 1,
                                                1, 0, gvb_gpu.stream, w->count.arguments, NULL);
  *t1 = gvb_clock();
  GVB_TRY(gvb_cuda_status("cuLaunchKernel", code));
  w->count.launched++;
  return gvb_sync();
}

static int run_paced(gvb_work *work, gvb_interval *interval) {
  pace_work *w = (pace_work *)work;
  int64_t t0 = 0;
  for (int64_t i = 0; i < work->rows; i++) {
    if (i > 0) gvb_spin_until(t0 + w->period);
    GVB_TRY(launch_empty(w, &t0, &interval->end));
    interval->samples[i] = interval->end - t0;
    if (i == 0) interval->begin = t0;
  }
  interval->rows = work->rows;
  return gvb_count_verify(&w->count);
}

static int release_paced(gvb_work *work) { return gvb_count_free(&((pace_work *)work)->count); }

static int set_up_paced(pace_work *w, int32_t resolution) {
  int64_t t0, t1;
  GVB_TRY(gvb_driver_by(resolution, &w->cuda));
  GVB_TRY(gvb_count_make(&w->count));
  for (int i = 0; i < WARM_LAUNCHES; i++) GVB_TRY(launch_empty(w, &t0, &t1));
  return gvb_count_verify(&w->count);
}

int gvb_prepare_launch_paced(int32_t resolution, int64_t count, int64_t period, int64_t blocks, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_need_range("period", period, 0, GVB_SECOND));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, MOST_BLOCKS));
  GVB_TRY(gvb_device_work_new(sizeof(pace_work), count, 1, &made));
  made->run = run_paced;
  made->release = release_paced;
  pace_work *w = (pace_work *)made;
  w->period = period;
  w->blocks = blocks;
  return gvb_work_ready(made, set_up_paced(w, resolution), work);
}

typedef struct full_work {
  gvb_work work;
  gvb_fma fma;
  gvb_flight flight;
} full_work;

static int launch_timed(full_work *w, int64_t *t0, int64_t *t1) {
  if (gvb_flight_full(&w->flight)) GVB_TRY(gvb_flight_land(&w->flight));
  *t0 = gvb_clock();
  const int status = gvb_fma_launch(&w->fma);
  *t1 = gvb_clock();
  GVB_TRY(status);
  return gvb_flight_take_off(&w->flight);
}

static int run_full(gvb_work *work, gvb_interval *interval) {
  full_work *w = (full_work *)work;
  int64_t t0 = 0;
  for (int64_t i = 0; i < work->rows; i++) {
    GVB_TRY(launch_timed(w, &t0, &interval->end));
    interval->samples[i] = interval->end - t0;
    if (i == 0) interval->begin = t0;
  }
  interval->rows = work->rows;
  GVB_TRY(gvb_flight_empty(&w->flight));
  return gvb_fma_verify(&w->fma);
}

static int release_full(gvb_work *work) {
  full_work *w = (full_work *)work;
  const int status = gvb_flight_free(&w->flight);
  return gvb_first(status, gvb_fma_free(&w->fma));
}

static int set_up_full(full_work *w, int32_t resolution, int64_t depth, int64_t iterations, int64_t sm_count) {
  int64_t t0, t1;
  GVB_TRY(gvb_flight_make(&w->flight, depth, GVB_WAIT_SPIN));
  GVB_TRY(gvb_fma_make(&w->fma, iterations, GVB_FMA_BLOCKS_PER_SM * sm_count));
  GVB_TRY(gvb_driver_by(resolution, &w->fma.cuda));
  GVB_TRY(launch_timed(w, &t0, &t1));
  GVB_TRY(gvb_flight_empty(&w->flight));
  return gvb_fma_verify(&w->fma);
}

int gvb_prepare_launch_full(int32_t resolution, int64_t count, int64_t depth, int64_t iterations, int64_t sm_count,
                            gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_need_range("depth", depth, 1, GVB_DEEPEST_FLIGHT));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("sm_count", sm_count, 1, GVB_MOST_SMS));
  GVB_TRY(gvb_device_work_new(sizeof(full_work), count, 1, &made));
  made->run = run_full;
  made->release = release_full;
  return gvb_work_ready(made, set_up_full((full_work *)made, resolution, depth, iterations, sm_count), work);
}
