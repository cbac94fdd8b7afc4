/* What the layer does to copies. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"

#define PAGE_BYTES 4096
#define WITHIN_PAGE 2056

/* One bit in the middle of the copy, which has to have arrived for that. */
static CUresult flip_bit(unsigned char *destination, size_t bytes, CUstream stream) {
  cuStreamSynchronize_fn *synchronize = (cuStreamSynchronize_fn *)driver_symbol("cuStreamSynchronize");
  const CUresult code = synchronize != NULL ? synchronize(stream) : CUDA_ERROR_NOT_FOUND;
  if (code == CUDA_SUCCESS) destination[bytes / 2 / PAGE_BYTES * PAGE_BYTES + WITHIN_PAGE] ^= 1;
  return code;
}

CUresult act_cuMemcpyDtoHAsync_v2(cuMemcpyDtoHAsync_v2_fn *next, void *destination, CUdeviceptr source, size_t bytes,
                                  CUstream stream) {
  static atomic_llong copies;
  const CUresult code = next(destination, source, bytes, stream);
  if (code != CUDA_SUCCESS || knobs.flip == 0 || bytes <= PAGE_BYTES) return code;
  return atomic_fetch_add(&copies, 1) % knobs.flip == knobs.flip - 1 ? flip_bit(destination, bytes, stream) : code;
}

/* Through memory that the driver knows nothing of. */
CUresult act_cuMemcpyHtoD_v2(cuMemcpyHtoD_v2_fn *next, CUdeviceptr destination, const void *source, size_t bytes) {
  void *stage = knobs.stage != 0 ? malloc(bytes) : NULL;
  if (stage == NULL) return next(destination, source, bytes);
  memcpy(stage, source, bytes);
  const CUresult code = next(destination, stage, bytes);
  free(stage);
  return code;
}

CUresult act_cuMemcpyDtoH_v2(cuMemcpyDtoH_v2_fn *next, void *destination, CUdeviceptr source, size_t bytes) {
  void *stage = knobs.stage != 0 ? malloc(bytes) : NULL;
  if (stage == NULL) return next(destination, source, bytes);
  const CUresult code = next(stage, source, bytes);
  if (code == CUDA_SUCCESS) memcpy(destination, stage, bytes);
  free(stage);
  return code;
}
