#include "crowd.h"

int gvb_crowd_make(gvb_crowd *c, int64_t iterations, int64_t blocks) {
  GVB_TRY(gvb_fma_make(&c->fma, iterations, blocks));
  GVB_TRY(GVB_CUDA(cuStreamCreate, &c->stream, CU_STREAM_NON_BLOCKING));
  for (int k = 0; k < GVB_CROWD_DEPTH; k++) GVB_TRY(GVB_CUDA(cuEventCreate, &c->events[k], CU_EVENT_DISABLE_TIMING));
  return GVB_OK;
}

int gvb_crowd_free(gvb_crowd *c) {
  int status = gvb_fma_free(&c->fma);
  for (int k = 0; k < GVB_CROWD_DEPTH; k++)
    if (c->events[k] != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, c->events[k]));
  if (c->stream != NULL) status = gvb_first(status, GVB_CUDA(cuStreamDestroy_v2, c->stream));
  return status;
}

static int launch(gvb_crowd *c) {
  gvb_fma *f = &c->fma;
  void *arguments[] = {&f->iterations, &f->a, &f->b, &f->ok};
  f->launched++;
  GVB_TRY(GVB_CUDA(cuLaunchKernel, gvb_gpu.kernels[GVB_KERNEL_FMA], f->blocks, 1, 1, GVB_FMA_BLOCK, 1, 1, 0, c->stream,
                   arguments, NULL));
  return GVB_CUDA(cuEventRecord, c->events[c->launched++ % GVB_CROWD_DEPTH], c->stream);
}

/* Counts those that have ended. */
static int look(gvb_crowd *c) {
  while (c->ended < c->launched) {
    const CUresult code = gvb_cuda.cuEventQuery(c->events[c->ended % GVB_CROWD_DEPTH]);
    if (code == CUDA_ERROR_NOT_READY) return GVB_OK;
    GVB_TRY(gvb_cuda_status("cuEventQuery", code));
    c->ended++;
  }
  return GVB_OK;
}

int gvb_crowd_keep(gvb_crowd *c) {
  GVB_TRY(look(c));
  while (c->launched - c->ended < GVB_CROWD_DEPTH) GVB_TRY(launch(c));
  return GVB_OK;
}

int gvb_crowd_disperse(gvb_crowd *c) {
  GVB_TRY(GVB_CUDA(cuStreamSynchronize, c->stream));
  c->ended = c->launched;
  return gvb_fma_verify(&c->fma);
}
