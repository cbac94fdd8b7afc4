/* Limits of contexts: kept, and without effect. */
#include "driver_call.h"

static size_t limits[3] = {1024, 1 << 20, 8 << 20};

/* The others that CUDA 13 knows are not modelled. */
static CUresult find_limit(CUlimit limit, size_t **found) {
  enum { KNOWN = 10 };
  const unsigned int which = (unsigned int)limit;
  *found = which < 3 ? &limits[which] : NULL;
  return *found ? CUDA_SUCCESS : which < KNOWN ? CUDA_ERROR_UNSUPPORTED_LIMIT : CUDA_ERROR_INVALID_VALUE;
}

CUresult emu_cuCtxGetLimit(size_t *value, CUlimit limit) {
  size_t *found;
  CUresult result = need_context(NULL);
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) result = find_limit(limit, &found);
  if (result == CUDA_SUCCESS) *value = *found;
  return result;
}

CUresult emu_cuCtxSetLimit(CUlimit limit, size_t value) {
  size_t *found;
  CUresult result = need_context(NULL);
  if (result == CUDA_SUCCESS) result = find_limit(limit, &found);
  if (result == CUDA_SUCCESS) *found = value;
  return result;
}
