#include "flight.h"

int gvb_flight_make(gvb_flight *f, int64_t depth, int32_t wait) {
  const unsigned flags = CU_EVENT_DISABLE_TIMING | (wait == GVB_WAIT_BLOCK ? CU_EVENT_BLOCKING_SYNC : 0);
  f->depth = depth;
  f->wait = wait;
  f->stream = gvb_gpu.stream;
  for (int64_t i = 0; i < depth; i++) GVB_TRY(GVB_CUDA(cuEventCreate, &f->events[i], flags));
  return GVB_OK;
}

int gvb_flight_free(gvb_flight *f) {
  int status = GVB_OK;
  for (int64_t i = 0; i < f->depth; i++)
    if (f->events[i] != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, f->events[i]));
  return status;
}

int gvb_flight_take_off(gvb_flight *f) {
  return GVB_CUDA(cuEventRecord, f->events[f->taken_off++ % f->depth], f->stream);
}

static CUresult poll(CUevent event) {
  CUresult code = CUDA_ERROR_NOT_READY;
  while (code == CUDA_ERROR_NOT_READY) code = gvb_cuda.cuEventQuery(event);
  return code;
}

int gvb_flight_land(gvb_flight *f) {
  const CUevent oldest = f->events[f->landed++ % f->depth];
  if (f->wait == GVB_WAIT_BLOCK) return GVB_CUDA(cuEventSynchronize, oldest);
  return gvb_cuda_status("cuEventQuery", poll(oldest));
}

int gvb_flight_try_land(gvb_flight *f, bool *landed) {
  *landed = false;
  if (f->landed == f->taken_off) return GVB_OK;
  const CUresult code = gvb_cuda.cuEventQuery(f->events[f->landed % f->depth]);
  if (code == CUDA_ERROR_NOT_READY) return GVB_OK;
  *landed = true;
  f->landed++;
  return gvb_cuda_status("cuEventQuery", code);
}

int gvb_flight_empty(gvb_flight *f) {
  while (f->landed < f->taken_off) GVB_TRY(gvb_flight_land(f));
  return GVB_OK;
}
