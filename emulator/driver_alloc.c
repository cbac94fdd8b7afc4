/* cuMemAlloc and its relatives, and what a pointer is. */
#include <string.h>

#include "driver_call.h"
#include "driver_effects.h"
#include "driver_memory.h"
#include "driver_queue.h"

enum { PITCH = 512, WIDEST_ARRAY = 131072, HIGHEST_ARRAY = 65536 };

static CUresult allocate(CUdeviceptr *address, size_t bytes, memory_kind kind) {
  memory *m;
  int64_t mapped = 0;
  const config *c = &gpu.config;
  CUcontext context;
  CUresult result = need_context(&context);
  if (!address || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  result = heap_allocate(&plain_heaps[context->device], bytes, kind, &m, &mapped);
  if (result == CUDA_SUCCESS) *address = m->base;
  pthread_mutex_unlock(&gpu.lock);
  call_cost(mapped ? c->alloc_large + mapped * c->alloc_per_2mib : c->alloc_small);
  return result;
}

CUresult emu_cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) { return allocate(address, bytes, MEMORY_DEVICE); }

CUresult emu_cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width, size_t height,
                                unsigned int element) {
  if (pitch) *pitch = 0;
  if (!pitch || width == 0 || height == 0 || (element != 4 && element != 8 && element != 16))
    return CUDA_ERROR_INVALID_VALUE;
  *pitch = (width + PITCH - 1) / PITCH * PITCH;
  return allocate(address, *pitch * height, MEMORY_DEVICE);
}

CUresult emu_cuMemAllocManaged(CUdeviceptr *address, size_t bytes, unsigned int flags) {
  if (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST) return CUDA_ERROR_INVALID_VALUE;
  return allocate(address, bytes, MEMORY_MANAGED);
}

/* The real driver's free waits for the device: nothing queued may use the memory any more. */
static void free_memory(memory *m) {
  const config *c = &gpu.config;
  int64_t unmapped = 0;
  if (c->free_waits) call_work_waits(queue_wait(gpu.slot->head, (scope)m->device));
  effects_release_memory(m);
  heap_free(m, &unmapped);
  call_cost(unmapped ? c->free_large + unmapped * c->free_per_2mib : c->free_small);
}

/* Whose memory it is follows from the address: no context need be current, but not one that is destroyed. */
CUresult emu_cuMemFree_v2(CUdeviceptr address) {
  CUresult result = need_context(NULL);
  if (result == CUDA_ERROR_INVALID_CONTEXT) result = CUDA_SUCCESS;
  if (result != CUDA_SUCCESS || address == 0) return result;
  pthread_mutex_lock(&gpu.lock);
  memory *m = memory_find(address, 1);
  if (!m || m->base != address || !m->block->heap)
    result = CUDA_ERROR_INVALID_VALUE;
  else
    free_memory(m);
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

/* Memory like any other, under a name of its own: nothing here samples textures. */
CUresult emu_cuArrayCreate_v2(CUarray *array, const CUDA_ARRAY_DESCRIPTOR *shape) {
  CUdeviceptr address = 0;
  if (!array || !shape || shape->Width == 0) return CUDA_ERROR_INVALID_VALUE;
  if (shape->Format != CU_AD_FORMAT_FLOAT && shape->Format != CU_AD_FORMAT_UNSIGNED_INT8)
    return CUDA_ERROR_INVALID_VALUE;
  if (shape->NumChannels != 1 && shape->NumChannels != 2 && shape->NumChannels != 4) return CUDA_ERROR_INVALID_VALUE;
  const size_t element = shape->NumChannels * (shape->Format == CU_AD_FORMAT_FLOAT ? 4 : 1);
  const size_t rows = shape->Height ? shape->Height : 1;
  if (shape->Width > WIDEST_ARRAY || rows > HIGHEST_ARRAY) return CUDA_ERROR_INVALID_VALUE;
  const CUresult result = allocate(&address, shape->Width * rows * element, MEMORY_DEVICE);
  if (result == CUDA_SUCCESS) *array = (CUarray)(uintptr_t)address; /* NOLINT: a handle, never followed */
  return result;
}

/* One that is unknown was destroyed, and answers as if its context were. */
CUresult emu_cuArrayDestroy(CUarray array) {
  if (!array) return CUDA_ERROR_INVALID_HANDLE;
  const CUresult result = emu_cuMemFree_v2((CUdeviceptr)(uintptr_t)array);
  return result == CUDA_ERROR_INVALID_VALUE ? CUDA_ERROR_CONTEXT_IS_DESTROYED : result;
}

CUresult emu_cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (result != CUDA_SUCCESS) return result;
  machine_lock(gpu.machine);
  schedule_advance(gpu.machine, &gpu.config, call_entry());
  uint64_t used = machine_used(gpu.machine, context->device);
  machine_unlock(gpu.machine);
  const int64_t bytes = device_facts(context->device)->memory_bytes;
  if (total_bytes) *total_bytes = (size_t)(bytes + gpu.config.meminfo_lie);
  if (free_bytes) *free_bytes = (size_t)(bytes - (int64_t)used + gpu.config.meminfo_lie);
  return CUDA_SUCCESS;
}

CUresult emu_cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr address) {
  CUresult result = need_context(NULL);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  memory *m = memory_find(address, 1);
  if (m && base) *base = m->base;
  if (m && bytes) *bytes = m->bytes;
  pthread_mutex_unlock(&gpu.lock);
  return m ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

/* ---- what a pointer is ---- */

#define STORE(type, expression)            \
  do {                                     \
    type stored = (type)(expression);      \
    memcpy(value, &stored, sizeof stored); \
    return CUDA_SUCCESS;                   \
  } while (0)

/* `m` NULL: the driver does not know the pointer, which cuPointerGetAttributes answers with zeros. */
static CUresult attribute_of(const memory *m, CUdeviceptr address, CUpointer_attribute attribute, void *value) {
  const bool host = memory_is_host(m), pooled = m && m->block->heap && m->block->heap->keeps;
  switch ((int)attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
      STORE(CUcontext, m && !pooled ? m->context : NULL);
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      STORE(unsigned int, m ? (host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE) : 0);
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
      STORE(CUdeviceptr, m ? address : 0);
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
      if (host || (m && m->kind == MEMORY_MANAGED)) STORE(uint64_t, address);
      memset(value, 0, sizeof(uint64_t));
      return m ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
      STORE(unsigned int, 0);
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
      STORE(unsigned long long, m ? m->id : 0);
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
      STORE(unsigned int, m && m->kind == MEMORY_MANAGED);
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
      STORE(int, m ? device_ordinal(m->device) : -2);
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
      STORE(CUdeviceptr, m ? m->base : 0);
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
      STORE(size_t, m ? m->bytes : 0);
    case CU_POINTER_ATTRIBUTE_MAPPED:
      STORE(unsigned int, m != NULL);
    default:
      return (int)attribute > 0 && (int)attribute < 32 ? CUDA_ERROR_NOT_SUPPORTED : CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult emu_cuPointerGetAttribute(void *value, CUpointer_attribute attribute, CUdeviceptr address) {
  CUresult result = CUDA_SUCCESS;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_lock(&gpu.lock);
  memory *m = memory_find(address, 1);
  result = m ? attribute_of(m, address, attribute, value) : CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

CUresult emu_cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes, void **values,
                                    CUdeviceptr address) {
  CUresult result = need_context(NULL);
  if (count == 0 || !attributes || !values) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  memory *m = memory_find(address, 1);
  for (unsigned int k = 0; k < count && result == CUDA_SUCCESS; k++)
    result = attribute_of(m, address, attributes[k], values[k]);
  pthread_mutex_unlock(&gpu.lock);
  return result;
}
