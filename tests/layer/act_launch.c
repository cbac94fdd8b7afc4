/* What the layer does at launches, and where contexts end. */
#include <stdatomic.h>

#include "limiter.h"

static bool is_lost(void) {
  static atomic_llong launches;
  return knobs.lose > 0 && atomic_fetch_add(&launches, 1) % knobs.lose == knobs.lose - 1;
}

CUresult act_cuLaunchKernel(cuLaunchKernel_fn *next, CUfunction function, unsigned int grid_x, unsigned int grid_y,
                            unsigned int grid_z, unsigned int block_x, unsigned int block_y, unsigned int block_z,
                            unsigned int shared, CUstream stream, void **parameters, void **extra) {
  if (is_lost()) return CUDA_SUCCESS;
  const bool limited = limiter_begin((uint64_t)grid_x * grid_y * grid_z, stream);
  const CUresult code =
      next(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, parameters, extra);
  if (limited) limiter_end(stream, code);
  return code;
}

CUresult act_cuLaunchKernelEx(cuLaunchKernelEx_fn *next, const CUlaunchConfig *config, CUfunction function,
                              void **parameters, void **extra) {
  if (config == NULL) return next(config, function, parameters, extra);
  const uint64_t blocks = (uint64_t)config->gridDimX * config->gridDimY * config->gridDimZ;
  const bool limited = limiter_begin(blocks, config->hStream);
  const CUresult code = next(config, function, parameters, extra);
  if (limited) limiter_end(config->hStream, code);
  return code;
}

/* The layer does not know what is in a graph: no blocks. */
CUresult act_cuGraphLaunch(cuGraphLaunch_fn *next, CUgraphExec exec, CUstream stream) {
  const bool limited = limiter_begin(0, stream);
  const CUresult code = next(exec, stream);
  if (limited) limiter_end(stream, code);
  return code;
}

CUresult act_cuDevicePrimaryCtxRelease_v2(cuDevicePrimaryCtxRelease_v2_fn *next, CUdevice device) {
  limiter_forget();
  return next(device);
}

CUresult act_cuDevicePrimaryCtxReset_v2(cuDevicePrimaryCtxReset_v2_fn *next, CUdevice device) {
  limiter_forget();
  return next(device);
}

CUresult act_cuCtxDestroy_v2(cuCtxDestroy_v2_fn *next, CUcontext context) {
  limiter_forget();
  return next(context);
}
