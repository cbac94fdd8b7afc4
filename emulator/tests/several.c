#include "several.h"

#include <math.h>

CUcontext of[4];
CUstream on[4];
CUdeviceptr here[4];
CUfunction spin[4], fill[4];
CUevent edge[4][2];

static const char ptx[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry gvb_spin(\n.visible .entry gvb_fill(\n";

void use(int d) { MUST(cu.cuCtxSetCurrent(of[d])); }

void each_device(int count) {
  open_driver();
  machine = machine_clock();
  MUST(cu.cuInit(0));
  for (int d = 0; d < count; d++) {
    CUmodule loaded;
    MUST(cu.cuDevicePrimaryCtxRetain(&of[d], d));
    use(d);
    MUST(cu.cuStreamCreate(&on[d], CU_STREAM_NON_BLOCKING));
    MUST(cu.cuMemAlloc_v2(&here[d], BYTES));
    MUST(cu.cuModuleLoadData(&loaded, ptx));
    MUST(cu.cuModuleGetFunction(&spin[d], loaded, "gvb_spin"));
    MUST(cu.cuModuleGetFunction(&fill[d], loaded, "gvb_fill"));
    for (int k = 0; k < 2; k++) MUST(cu.cuEventCreate(&edge[d][k], 0));
  }
}

void work(int d, uint64_t ns) {
  void *arguments[] = {&ns, &here[d]};
  use(d);
  MUST(cu.cuLaunchKernel(spin[d], 1, 1, 1, 32, 1, 1, 0, on[d], arguments, NULL));
}

void start(int d) { MUST(cu.cuEventRecord(edge[d][0], on[d])); }
void stop(int d) { MUST(cu.cuEventRecord(edge[d][1], on[d])); }

int64_t took(int d) {
  float milliseconds;
  MUST(cu.cuEventSynchronize(edge[d][1]));
  MUST(cu.cuEventElapsedTime(&milliseconds, edge[d][0], edge[d][1]));
  return llround((double)milliseconds * MILLISECOND);
}

_Noreturn void end(bool good) {
  fflush(stdout);
  exit(good ? 0 : 1);
}
