#include "context.h"

#include <string.h>

#include "clock.h"
#include "kernels/ptx.h"

gvb_session gvb_gpu;

static const struct {
  const char *name;
  gvb_module module;
} kernel_table[GVB_KERNELS] = {
#define ROW(enumerator, name, module) {name, module},
    GVB_KERNEL_TABLE(ROW)
#undef ROW
};

const char *gvb_ptx(gvb_module module) {
  static const char *const texts[GVB_MODULES] = {gvb_ptx_empty,  gvb_ptx_timing,     gvb_ptx_compute,
                                                 gvb_ptx_memory, gvb_ptx_contention, gvb_ptx_fault};
  return texts[module];
}

int gvb_find_device(int32_t device, CUdevice *handle) {
  if (gvb_cuda.cuInit == NULL) return gvb_fail(GVB_ERROR_STATE, "gvb_open has not been called");
  GVB_TRY(GVB_CUDA(cuInit, 0));
  return GVB_CUDA(cuDeviceGet, handle, device);
}

static int load(gvb_session *s, gvb_module m) {
  GVB_TRY(GVB_CUDA(cuModuleLoadData, &s->modules[m], gvb_ptx(m)));
  for (int k = 0; k < GVB_KERNELS; k++)
    if (kernel_table[k].module == m)
      GVB_TRY(GVB_CUDA(cuModuleGetFunction, &s->kernels[k], s->modules[m], kernel_table[k].name));
  return GVB_OK;
}

int gvb_load(gvb_module module) { return gvb_gpu.modules[module] != NULL ? GVB_OK : load(&gvb_gpu, module); }

static int load_kernels(gvb_session *s) {
  for (int m = 0; m <= GVB_MODULE_MEMORY; m++) GVB_TRY(load(s, (gvb_module)m));
  return GVB_OK;
}

static int open_session(gvb_session *s) {
  const unsigned flags = s->wait == GVB_WAIT_SPIN ? CU_CTX_SCHED_SPIN : CU_CTX_SCHED_BLOCKING_SYNC;
  GVB_TRY(gvb_find_device(s->device, &s->handle));
  GVB_TRY(GVB_CUDA(cuDevicePrimaryCtxSetFlags_v2, s->handle, flags));
  GVB_TRY(GVB_CUDA(cuDevicePrimaryCtxRetain, &s->context, s->handle));
  GVB_TRY(GVB_CUDA(cuCtxSetCurrent, s->context));
  GVB_TRY(load_kernels(s));
  return GVB_CUDA(cuStreamCreate, &s->stream, CU_STREAM_NON_BLOCKING);
}

static int close_session(gvb_session *s) {
  int status = GVB_CUDA(cuCtxSetCurrent, s->context);
  if (s->stream != NULL) status = gvb_first(status, GVB_CUDA(cuStreamDestroy_v2, s->stream));
  for (int m = 0; m < GVB_MODULES; m++)
    if (s->modules[m] != NULL) status = gvb_first(status, GVB_CUDA(cuModuleUnload, s->modules[m]));
  status = gvb_first(status, GVB_CUDA(cuDevicePrimaryCtxRelease_v2, s->handle));
  memset(s, 0, sizeof *s);
  return status;
}

/* Closes what a failed opening left, and keeps that failure's sentence. */
static int undo(int status) {
  const gvb_failure failure = gvb_last_failure;
  if (gvb_gpu.context != NULL) close_session(&gvb_gpu);
  memset(&gvb_gpu, 0, sizeof gvb_gpu);
  gvb_last_failure = failure;
  return status;
}

static int enter_or_open(int32_t device, int32_t wait) {
  if (gvb_gpu.context != NULL && (gvb_gpu.device != device || gvb_gpu.wait != wait))
    return gvb_fail(GVB_ERROR_STATE, "the context is open on device %d with wait %d, asked for device %d with wait %d",
                    gvb_gpu.device, gvb_gpu.wait, device, wait);
  if (gvb_gpu.context != NULL) return GVB_CUDA(cuCtxSetCurrent, gvb_gpu.context);
  gvb_gpu.device = device;
  gvb_gpu.wait = wait;
  const int status = open_session(&gvb_gpu);
  return status == GVB_OK ? GVB_OK : undo(status);
}

int gvb_context(int32_t device, int32_t wait) {
  if (device < 0) return gvb_fail(GVB_ERROR_ARGUMENT, "device is %d, expected 0 or more", device);
  if (wait != GVB_WAIT_SPIN && wait != GVB_WAIT_BLOCK)
    return gvb_fail(GVB_ERROR_ARGUMENT, "wait is %d, expected %d or %d", wait, GVB_WAIT_SPIN, GVB_WAIT_BLOCK);
  gvb_lock();
  const int status = enter_or_open(device, wait);
  gvb_unlock();
  return status;
}

int gvb_close(void) {
  int status = GVB_OK;
  gvb_lock();
  if (gvb_gpu.works > 0)
    status = gvb_fail(GVB_ERROR_STATE, "%d works are still prepared: gvb_release them before gvb_close", gvb_gpu.works);
  else if (gvb_gpu.context != NULL)
    status = close_session(&gvb_gpu);
  gvb_unlock();
  return status;
}

int gvb_enter_context(void) {
  if (gvb_gpu.context == NULL) return gvb_fail(GVB_ERROR_STATE, "gvb_context has not been called");
  return GVB_CUDA(cuCtxSetCurrent, gvb_gpu.context);
}

void gvb_count_works(int change) {
  gvb_lock();
  gvb_gpu.works += change;
  gvb_unlock();
}

int gvb_launch(gvb_kernel kernel, unsigned grid, unsigned block, void **arguments) {
  return gvb_launch_by(&gvb_cuda, kernel, grid, block, arguments);
}

int gvb_launch_by(const gvb_driver *cuda, gvb_kernel kernel, unsigned grid, unsigned block, void **arguments) {
  return gvb_cuda_status("cuLaunchKernel", cuda->cuLaunchKernel(gvb_gpu.kernels[kernel], grid, 1, 1, block, 1, 1, 0,
                                                                gvb_gpu.stream, arguments, NULL));
}

int gvb_sync(void) { return GVB_CUDA(cuStreamSynchronize, gvb_gpu.stream); }

int gvb_sync_within(int64_t limit) {
  const int64_t begin = gvb_clock();
  for (;;) {
    const CUresult code = gvb_cuda.cuStreamQuery(gvb_gpu.stream);
    if (code != CUDA_ERROR_NOT_READY) return gvb_cuda_status("cuStreamQuery", code);
    if (gvb_clock() - begin > limit)
      return gvb_fail(GVB_ERROR_TIMEOUT, "the device did not finish within %lld s", (long long)(limit / GVB_SECOND));
  }
}
