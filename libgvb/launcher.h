/* One kernel launch by one of three calls. */
#ifndef GVB_LAUNCHER_H
#define GVB_LAUNCHER_H

#include "graph.h"

typedef struct gvb_launcher {
  const gvb_driver *cuda; /* as its way finds them */
  int32_t api;
  CUfunction function;
  void **arguments;
  CUlaunchConfig shape;
  gvb_graph graph;
} gvb_launcher;

/* Whether `api` is one of gvb_launch_api. */
int gvb_need_launch_api(int32_t api);

/* `arguments` is kept; a graph keeps the values that it points to now. */
int gvb_launcher_make(gvb_launcher *l, int32_t api, int32_t resolution, gvb_kernel kernel, unsigned block,
                      void **arguments);

int gvb_launcher_free(gvb_launcher *l);

/* The name of the call that gvb_launcher_go makes. */
const char *gvb_launcher_call(const gvb_launcher *l);

/* The call itself and a switch, nothing more: this lies in timed intervals. */
static inline CUresult gvb_launcher_go(const gvb_launcher *l) {
  switch (l->api) {
    case GVB_LAUNCH_KERNEL:
      return l->cuda->cuLaunchKernel(l->function, 1, 1, 1, l->shape.blockDimX, 1, 1, 0, l->shape.hStream, l->arguments,
                                     NULL);
    case GVB_LAUNCH_KERNEL_EX:
      return l->cuda->cuLaunchKernelEx(&l->shape, l->function, l->arguments, NULL);
    default:
      return l->cuda->cuGraphLaunch(l->graph.exec, l->shape.hStream);
  }
}

#endif
