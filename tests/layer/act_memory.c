/* What the layer does at functions that allocate, free or speak of memory. */
#include "memory.h"

/* The driver leaves NULL where it has no memory. */
static CUresult refused(CUdeviceptr *address) {
  if (address != NULL) *address = 0;
  return memory_refusal();
}

CUresult act_cuMemAlloc_v2(cuMemAlloc_v2_fn *next, CUdeviceptr *address, size_t bytes) {
  const uint64_t counted = memory_counted(HOOK_cuMemAlloc_v2, bytes);
  if (!memory_admit(counted)) return refused(address);
  return memory_book(MEMORY_POINTER, next(address, bytes), address, counted);
}

CUresult act_cuMemAllocManaged(cuMemAllocManaged_fn *next, CUdeviceptr *address, size_t bytes, unsigned int flags) {
  const uint64_t counted = memory_counted(HOOK_cuMemAllocManaged, bytes);
  if (!memory_admit(counted)) return memory_refusal();
  return memory_book(MEMORY_POINTER, next(address, bytes, flags), address, counted);
}

CUresult act_cuMemAllocAsync(cuMemAllocAsync_fn *next, CUdeviceptr *address, size_t bytes, CUstream stream) {
  const uint64_t counted = memory_counted(HOOK_cuMemAllocAsync, bytes);
  if (!memory_admit(counted)) return refused(address);
  return memory_book(MEMORY_POINTER, next(address, bytes, stream), address, counted);
}

CUresult act_cuMemAllocFromPoolAsync(cuMemAllocFromPoolAsync_fn *next, CUdeviceptr *address, size_t bytes,
                                     CUmemoryPool pool, CUstream stream) {
  const uint64_t counted = memory_counted(HOOK_cuMemAllocFromPoolAsync, bytes);
  if (!memory_admit(counted)) return refused(address);
  return memory_book(MEMORY_POINTER, next(address, bytes, pool, stream), address, counted);
}

/* Memory of the host is no business of a device limit. */
CUresult act_cuMemCreate(cuMemCreate_fn *next, CUmemGenericAllocationHandle *handle, size_t bytes,
                         const CUmemAllocationProp *properties, unsigned long long flags) {
  const bool device = properties != NULL && properties->location.type == CU_MEM_LOCATION_TYPE_DEVICE;
  const uint64_t counted = device ? memory_counted(HOOK_cuMemCreate, bytes) : 0;
  if (!memory_admit(counted)) return memory_refusal();
  return memory_book(MEMORY_HANDLE, next(handle, bytes, properties, flags), handle, counted);
}

/* The pitch is known only when the driver has chosen it: the padding is asked for afterwards. */
CUresult act_cuMemAllocPitch_v2(cuMemAllocPitch_v2_fn *next, CUdeviceptr *address, size_t *pitch, size_t width,
                                size_t height, unsigned int element) {
  const uint64_t counted = memory_counted(HOOK_cuMemAllocPitch_v2, width * height);
  if (!memory_admit(counted)) return refused(address);
  const CUresult code = next(address, pitch, width, height, element);
  if (counted == 0 || code != CUDA_SUCCESS) return memory_book(MEMORY_POINTER, code, address, counted);
  const uint64_t padding = *pitch * height - counted;
  if (padding == 0 || memory_admit(padding)) return memory_book(MEMORY_POINTER, code, address, counted + padding);
  cuMemFree_v2_fn *give_back = (cuMemFree_v2_fn *)hooks[HOOK_cuMemFree_v2].symbol;
  if (give_back != NULL) give_back(*address);
  memory_book(MEMORY_POINTER, CUDA_ERROR_OUT_OF_MEMORY, address, counted);
  return refused(address);
}

CUresult act_cuMemFree_v2(cuMemFree_v2_fn *next, CUdeviceptr address) {
  const uint64_t counted = memory_release(MEMORY_POINTER, address);
  return memory_released(MEMORY_POINTER, next(address), address, counted);
}

CUresult act_cuMemFreeAsync(cuMemFreeAsync_fn *next, CUdeviceptr address, CUstream stream) {
  const uint64_t counted = memory_release(MEMORY_POINTER, address);
  return memory_released(MEMORY_POINTER, next(address, stream), address, counted);
}

CUresult act_cuMemRelease(cuMemRelease_fn *next, CUmemGenericAllocationHandle handle) {
  const uint64_t counted = memory_release(MEMORY_HANDLE, handle);
  return memory_released(MEMORY_HANDLE, next(handle), handle, counted);
}

CUresult act_cuMemGetInfo_v2(cuMemGetInfo_v2_fn *next, size_t *free_bytes, size_t *total_bytes) {
  const CUresult code = next(free_bytes, total_bytes);
  if (code == CUDA_SUCCESS) memory_show(free_bytes, total_bytes);
  return code;
}

CUresult act_cuDeviceTotalMem_v2(cuDeviceTotalMem_v2_fn *next, size_t *bytes, CUdevice device) {
  const CUresult code = next(bytes, device);
  if (code == CUDA_SUCCESS) memory_show(NULL, bytes);
  return code;
}
