/* Kernels: what they are, and what is set of them. */
#include "driver_call.h"
#include "driver_launch.h"

bool function_lives(CUfunction function) {
  return function && function->magic == MAGIC_FUNCTION && owner_lives(&function->module->owner);
}

static bool attribute_of(CUfunction function, CUfunction_attribute attribute, int *value) {
  switch ((int)attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = 1024;
      return true;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      *value = 32;
      return true;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
      *value = function->module->target;
      return true;
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
      *value = (int)gpu.config.compute_capability;
      return true;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
      *value = 0;
      return true;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      *value = (int)function->dynamic;
      return true;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      *value = function->carveout;
      return true;
    default:
      return false;
  }
}

CUresult emu_cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  if (!function_lives(function)) return CUDA_ERROR_INVALID_HANDLE;
  return attribute_of(function, attribute, value) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* All others are told, not set; those of clusters are not modelled. */
static CUresult set(CUfunction function, CUfunction_attribute attribute, int value) {
  enum { FIRST_OF_CLUSTERS = 11, LAST_OF_CLUSTERS = 15 };
  if ((int)attribute >= FIRST_OF_CLUSTERS && (int)attribute <= LAST_OF_CLUSTERS) return CUDA_ERROR_NOT_SUPPORTED;
  if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES && value >= 0 && value <= SHARED_MOST)
    function->dynamic = (unsigned int)value;
  else if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT && value >= -1 && value <= 100)
    function->carveout = value;
  else
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

CUresult emu_cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  return function_lives(function) ? set(function, attribute, value) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult emu_cuFuncGetName(const char **name, CUfunction function) {
  if (!name || !function) return CUDA_ERROR_INVALID_VALUE;
  if (!function_lives(function)) return CUDA_ERROR_INVALID_HANDLE;
  *name = function->name;
  return CUDA_SUCCESS;
}

CUresult emu_cuFuncGetModule(CUmodule *module, CUfunction function) {
  if (!module || !function) return CUDA_ERROR_INVALID_VALUE;
  if (!function_lives(function)) return CUDA_ERROR_INVALID_HANDLE;
  *module = function->module;
  return CUDA_SUCCESS;
}

/* What a multiprocessor has room for: threads, blocks, and their shared memory. */
static int64_t blocks_of(int64_t threads, int64_t shared) {
  const int64_t by_threads = gpu.config.threads_per_sm / threads, by_shared = SHARED_OF_SM / (shared + SHARED_SYSTEM);
  const int64_t least = by_threads < by_shared ? by_threads : by_shared;
  if (threads > BLOCK_THREADS) return 0;
  return least < gpu.config.blocks_per_sm ? least : gpu.config.blocks_per_sm;
}

CUresult emu_cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int block_size,
                                                         size_t shared) {
  if (!blocks || block_size < 1) return CUDA_ERROR_INVALID_VALUE;
  if (!function_lives(function)) return CUDA_ERROR_INVALID_HANDLE;
  *blocks = (int)blocks_of(block_size, shared < SHARED_OF_SM ? (int64_t)shared : SHARED_OF_SM);
  return CUDA_SUCCESS;
}
