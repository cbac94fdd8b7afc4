#include "launcher.h"

#include "work.h"

int gvb_need_launch_api(int32_t api) { return gvb_need_range("api", api, GVB_LAUNCH_KERNEL, GVB_LAUNCH_GRAPH); }

static int make_graph(gvb_launcher *l) {
  const CUDA_KERNEL_NODE_PARAMS_v2 kernel = {.func = l->function,
                                             .gridDimX = 1,
                                             .gridDimY = 1,
                                             .gridDimZ = 1,
                                             .blockDimX = l->shape.blockDimX,
                                             .blockDimY = 1,
                                             .blockDimZ = 1,
                                             .kernelParams = l->arguments};
  GVB_TRY(GVB_NEED_OF(*l->cuda, cuGraphLaunch));
  return gvb_graph_make(&l->graph, &kernel, 1, true);
}

int gvb_launcher_make(gvb_launcher *l, int32_t api, int32_t resolution, gvb_kernel kernel, unsigned block,
                      void **arguments) {
  GVB_TRY(gvb_driver_by(resolution, &l->cuda));
  l->api = api;
  l->function = gvb_gpu.kernels[kernel];
  l->arguments = arguments;
  l->shape = (CUlaunchConfig){.gridDimX = 1,
                              .gridDimY = 1,
                              .gridDimZ = 1,
                              .blockDimX = block,
                              .blockDimY = 1,
                              .blockDimZ = 1,
                              .hStream = gvb_gpu.stream};
  if (api == GVB_LAUNCH_KERNEL_EX) return GVB_NEED_OF(*l->cuda, cuLaunchKernelEx);
  return api == GVB_LAUNCH_GRAPH ? make_graph(l) : GVB_OK;
}

int gvb_launcher_free(gvb_launcher *l) { return gvb_graph_free(&l->graph); }

const char *gvb_launcher_call(const gvb_launcher *l) {
  switch (l->api) {
    case GVB_LAUNCH_KERNEL:
      return "cuLaunchKernel";
    case GVB_LAUNCH_KERNEL_EX:
      return "cuLaunchKernelEx";
    default:
      return "cuGraphLaunch";
  }
}
