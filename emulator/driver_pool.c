/* Stream-ordered allocation: memory pools. */
#include <stdlib.h>
#include <string.h>

#include "driver_call.h"
#include "driver_effects.h"
#include "driver_memory.h"
#include "driver_queue.h"

enum { HANDLE_TYPES = 15 }; /* all that there are; not one of them here */

static CUmemoryPool chosen[DEVICES]; /* NULL: the default one */

/* NULL and destroyed ones are none. */
static bool is_pool(CUmemoryPool pool) { return pool && !pool->destroyed; }

static CUmemoryPool current_pool(int device) { return chosen[device] ? chosen[device] : &default_pools[device]; }

CUresult emu_cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice ordinal) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (!pool) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *pool = &default_pools[device];
  return result;
}

CUresult emu_cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice ordinal) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (!pool) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *pool = current_pool(device);
  return result;
}

CUresult emu_cuDeviceSetMemPool(CUdevice ordinal, CUmemoryPool pool) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (!is_pool(pool)) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS && pool->heap.device != device) result = CUDA_ERROR_INVALID_DEVICE;
  if (result == CUDA_SUCCESS) chosen[device] = pool;
  return result;
}

/* *device: the machine's number of the one that it asks for. */
static bool valid(const CUmemPoolProps *p, int *device) {
  return p && p->allocType == CU_MEM_ALLOCATION_TYPE_PINNED && p->location.type == CU_MEM_LOCATION_TYPE_DEVICE &&
         (p->handleTypes & ~HANDLE_TYPES) == 0 && need_device(p->location.id, device) != CUDA_ERROR_INVALID_DEVICE;
}

CUresult emu_cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *properties) {
  int device;
  if (!pool || !valid(properties, &device)) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (properties->handleTypes != CU_MEM_HANDLE_TYPE_NONE) return CUDA_ERROR_NOT_SUPPORTED;
  *pool = calloc(1, sizeof **pool);
  if (!*pool) return CUDA_ERROR_OUT_OF_MEMORY;
  (*pool)->heap.keeps = true;
  (*pool)->heap.device = device;
  (*pool)->most =
      properties->maxSize ? (properties->maxSize + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES : UINT64_MAX;
  return CUDA_SUCCESS;
}

/* The structure stays: blocks that were cut from it name it. */
CUresult emu_cuMemPoolDestroy(CUmemoryPool pool) {
  if (!is_pool(pool) || pool == &default_pools[pool->heap.device]) return CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_lock(&gpu.lock);
  heap_trim(&pool->heap, 0);
  pool->heap.threshold = 0;
  pool->destroyed = true;
  if (chosen[pool->heap.device] == pool) chosen[pool->heap.device] = NULL;
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuMemPoolTrimTo(CUmemoryPool pool, size_t bytes) {
  if (!is_pool(pool)) return CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_lock(&gpu.lock);
  heap_trim(&pool->heap, bytes);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

static uint64_t *counter_of(heap *h, CUmemPool_attribute attribute) {
  switch ((int)attribute) {
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      return &h->threshold;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
      return &h->reserved;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
      return &h->reserved_high;
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
      return &h->used;
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      return &h->used_high;
    default:
      return NULL;
  }
}

static bool is_reuse(CUmemPool_attribute attribute) {
  return attribute >= CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES &&
         attribute <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES;
}

CUresult emu_cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void *value) {
  if (!is_pool(pool) || !value) return CUDA_ERROR_INVALID_VALUE;
  const uint64_t *counter = counter_of(&pool->heap, attribute);
  if (!counter && !is_reuse(attribute)) return CUDA_ERROR_INVALID_VALUE;
  if (counter)
    memcpy(value, counter, sizeof *counter);
  else
    memcpy(value, &(int){1}, sizeof(int));
  return CUDA_SUCCESS;
}

/* The counters can only be reset; the reuse policies change nothing here. */
CUresult emu_cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void *value) {
  uint64_t number;
  if (!is_pool(pool) || !value) return CUDA_ERROR_INVALID_VALUE;
  if (is_reuse(attribute)) return CUDA_SUCCESS;
  memcpy(&number, value, sizeof number);
  heap *h = &pool->heap;
  if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD)
    h->threshold = number;
  else if (attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH && number == 0)
    h->reserved_high = h->reserved;
  else if (attribute == CU_MEMPOOL_ATTR_USED_MEM_HIGH && number == 0)
    h->used_high = h->used;
  else
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

static bool has_room(CUmemoryPool pool, size_t bytes) {
  return pool->heap.used <= pool->most && bytes <= pool->most - pool->heap.used;
}

static CUresult allocate(CUdeviceptr *address, size_t bytes, CUmemoryPool pool) {
  memory *m;
  int64_t mapped = 0;
  CUresult result = CUDA_ERROR_OUT_OF_MEMORY;
  pthread_mutex_lock(&gpu.lock);
  if (has_room(pool, bytes)) result = heap_allocate(&pool->heap, bytes, MEMORY_DEVICE, &m, &mapped);
  if (result == CUDA_SUCCESS) *address = m->base;
  pthread_mutex_unlock(&gpu.lock);
  if (mapped) call_extra(gpu.config.pool_grow + mapped * gpu.config.alloc_per_2mib);
  return result;
}

/* Nothing is NULL, and no error. */
CUresult emu_cuMemAllocFromPoolAsync(CUdeviceptr *address, size_t bytes, CUmemoryPool pool, CUstream handle) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (!address || !is_pool(pool)) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  *address = 0;
  return bytes == 0 ? CUDA_SUCCESS : allocate(address, bytes, pool);
}

CUresult emu_cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream handle) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS) return result;
  return emu_cuMemAllocFromPoolAsync(address, bytes, current_pool(stream->context->device), handle);
}

/* In stream order the memory is free at once for the work that comes after; effects that still use it come first. */
CUresult emu_cuMemFreeAsync(CUdeviceptr address, CUstream handle) {
  CUstream stream;
  int64_t unmapped = 0;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS || address == 0) return result;
  pthread_mutex_lock(&gpu.lock);
  memory *m = memory_find(address, 1);
  if (!m || m->base != address || !m->block->heap) {
    result = CUDA_ERROR_INVALID_VALUE;
  } else {
    effects_release_memory(m);
    heap_free(m, &unmapped);
  }
  pthread_mutex_unlock(&gpu.lock);
  return result;
}
