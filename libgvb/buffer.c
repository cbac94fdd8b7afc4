/* Memory that works hold, made and filled outside of timed intervals. */
#include <string.h>

#include "context.h"

int gvb_device_new(size_t bytes, CUdeviceptr *address) {
  GVB_TRY(GVB_CUDA(cuMemAlloc_v2, address, bytes));
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, *address, 0, bytes));
  /* The memset runs on the legacy stream, which a non-blocking stream does not wait for. */
  return GVB_CUDA(cuCtxSynchronize);
}

int gvb_device_free(CUdeviceptr *address) {
  if (*address == 0) return GVB_OK;
  const CUdeviceptr freed = *address;
  *address = 0;
  return GVB_CUDA(cuMemFree_v2, freed);
}

int gvb_pinned_new(size_t bytes, void **address) {
  GVB_TRY(GVB_CUDA(cuMemHostAlloc, address, bytes, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP));
  memset(*address, 0, bytes);
  return GVB_OK;
}

int gvb_pinned_free(void **address) {
  if (*address == NULL) return GVB_OK;
  void *freed = *address;
  *address = NULL;
  return GVB_CUDA(cuMemFreeHost, freed);
}

int gvb_upload(CUdeviceptr to, const void *from, size_t bytes) {
  GVB_TRY(GVB_CUDA(cuMemcpyHtoD_v2, to, from, bytes));
  /* A small copy from pageable memory returns before it has arrived. */
  return GVB_CUDA(cuCtxSynchronize);
}

int gvb_download(void *to, CUdeviceptr from, size_t bytes) {
  GVB_TRY(gvb_sync());
  return GVB_CUDA(cuMemcpyDtoH_v2, to, from, bytes);
}
