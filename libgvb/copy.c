/* copy: what a batch of copies takes on the device, or one call on the host. */
#include "clock.h"
#include "lane.h"
#include "work.h"

typedef struct copy_work {
  gvb_work work;
  gvb_lane lane;
  CUevent first, last;
  int64_t batch;
} copy_work;

static int queue_batch(copy_work *w) {
  GVB_TRY(GVB_CUDA(cuEventRecord, w->first, w->lane.stream));
  for (int64_t i = 0; i < w->batch; i++)
    GVB_TRY(gvb_cuda_status(gvb_lane_queue_name(&w->lane), gvb_lane_queue(&w->lane)));
  return GVB_CUDA(cuEventRecord, w->last, w->lane.stream);
}

static int one_batch(copy_work *w, int64_t *took) {
  float milliseconds = 0;
  GVB_TRY(queue_batch(w));
  GVB_TRY(GVB_CUDA(cuEventSynchronize, w->last));
  GVB_TRY(GVB_CUDA(cuEventElapsedTime, &milliseconds, w->first, w->last));
  *took = (int64_t)((double)milliseconds * GVB_MILLISECOND + 0.5);
  return GVB_OK;
}

static int one_call(copy_work *w, int64_t *took) {
  const int64_t t0 = gvb_clock();
  const CUresult code = gvb_lane_call(&w->lane);
  const int64_t t1 = gvb_clock();
  GVB_TRY(gvb_cuda_status(gvb_lane_call_name(&w->lane), code));
  *took = t1 - t0;
  return GVB_CUDA(cuCtxSynchronize);
}

static int run_each(copy_work *w, gvb_interval *interval, int (*one)(copy_work *, int64_t *)) {
  interval->notes[0] = w->lane.node;
  interval->notes[1] = w->lane.near;
  interval->begin = gvb_clock();
  for (int64_t i = 0; i < w->work.rows; i++) GVB_TRY(one(w, &interval->samples[i]));
  interval->end = gvb_clock();
  interval->rows = w->work.rows;
  return gvb_lane_verify(&w->lane);
}

static int run_batches(gvb_work *work, gvb_interval *interval) {
  return run_each((copy_work *)work, interval, one_batch);
}

static int run_calls(gvb_work *work, gvb_interval *interval) { return run_each((copy_work *)work, interval, one_call); }

static int release(gvb_work *work) {
  copy_work *w = (copy_work *)work;
  int status = gvb_lane_free(&w->lane);
  if (w->first != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, w->first));
  if (w->last != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, w->last));
  return status;
}

static int set_up(copy_work *w) {
  GVB_TRY(GVB_CUDA(cuEventCreate, &w->first, CU_EVENT_DEFAULT));
  GVB_TRY(GVB_CUDA(cuEventCreate, &w->last, CU_EVENT_DEFAULT));
  return gvb_lane_make(&w->lane);
}

int gvb_prepare_copy(int32_t kind, int32_t host, int32_t api, int32_t payload, int64_t bytes, int64_t batch,
                     int64_t count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("kind", kind, GVB_COPY_H2D, GVB_COPY_D2H));
  GVB_TRY(gvb_need_range("api", api, GVB_COPY_BATCH, GVB_COPY_CALL));
  GVB_TRY(gvb_need_lane(host, payload, bytes));
  GVB_TRY(gvb_need_range("batch", batch, 1, api == GVB_COPY_BATCH ? GVB_MOST_ROWS : 1));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_device_work_new(sizeof(copy_work), count, 1, &made));
  made->run = api == GVB_COPY_BATCH ? run_batches : run_calls;
  made->release = release;
  copy_work *w = (copy_work *)made;
  w->lane = (gvb_lane){.kind = kind, .host = host, .payload = payload, .bytes = (size_t)bytes};
  w->batch = batch;
  return gvb_work_ready(made, set_up(w), work);
}
