/* Memory of the host that the device reaches: allocated by the driver, or registered with it. */
#include <sys/mman.h>

#include "driver_call.h"
#include "driver_effects.h"
#include "driver_memory.h"
#include "driver_queue.h"

enum { PAGE = 4096, ALLOC_FLAGS = 7, REGISTER_FLAGS = 15 };

static CUresult allocate(void **address, size_t bytes, unsigned int flags) {
  const size_t rounded = (bytes + PAGE - 1) / PAGE * PAGE;
  void *area = mmap(NULL, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
  pthread_mutex_lock(&gpu.lock);
  memory *m = memory_register((uintptr_t)area, rounded, MEMORY_HOST, flags);
  pthread_mutex_unlock(&gpu.lock);
  if (!m) {
    munmap(area, rounded);
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  *address = area;
  return CUDA_SUCCESS;
}

/* The flags are those that the memory has: with unified addresses all of it is mapped. */
static CUresult host_alloc(void **address, size_t bytes, unsigned int flags) {
  CUresult result = need_context(NULL);
  if (!address) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  *address = NULL;
  return bytes == 0 ? CUDA_SUCCESS : allocate(address, bytes, flags | CU_MEMHOSTALLOC_DEVICEMAP);
}

/* Also portable, whatever it was asked for. */
CUresult emu_cuMemHostAlloc(void **address, size_t bytes, unsigned int flags) {
  if (flags > ALLOC_FLAGS) return CUDA_ERROR_INVALID_VALUE;
  return host_alloc(address, bytes, flags | CU_MEMHOSTALLOC_PORTABLE);
}

CUresult emu_cuMemAllocHost_v2(void **address, size_t bytes) { return host_alloc(address, bytes, 0); }

static memory *find_host(void *address, memory_kind kind) {
  memory *m = memory_find((uintptr_t)address, 1);
  return m && m->kind == kind && m->base == (uintptr_t)address ? m : NULL;
}

CUresult emu_cuMemFreeHost(void *address) {
  CUresult result = need_context(NULL);
  if (result != CUDA_SUCCESS || !address) return result;
  pthread_mutex_lock(&gpu.lock);
  memory *m = find_host(address, MEMORY_HOST);
  if (m) {
    call_work_waits(queue_drain());
    effects_release_memory(m);
    munmap(address, m->bytes);
    memory_unregister(m);
  }
  pthread_mutex_unlock(&gpu.lock);
  return m ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* Whether the application has mapped all of it. */
static bool is_mapped(uintptr_t address, size_t bytes) {
  unsigned char seen[256];
  const uintptr_t end = address + bytes;
  for (uintptr_t page = address / PAGE * PAGE; page < end; page += sizeof seen * PAGE) {
    const uintptr_t rest = end - page;
    const size_t look = rest < sizeof seen * PAGE ? rest : sizeof seen * PAGE;
    if (mincore((void *)page, look, seen) != 0) return false;
  }
  return true;
}

/* What the driver has there already decides, and only then whether there is anything. */
static CUresult register_host(uintptr_t address, size_t bytes, unsigned int flags) {
  const block *known = memory_block(address);
  if (known && known->whole && known->whole->kind == MEMORY_REGISTERED)
    return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  if (known || !is_mapped(address, bytes)) return CUDA_ERROR_INVALID_VALUE;
  flags |= CU_MEMHOSTREGISTER_DEVICEMAP;
  return memory_register(address, bytes, MEMORY_REGISTERED, flags) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult emu_cuMemHostRegister_v2(void *address, size_t bytes, unsigned int flags) {
  CUresult result = need_context(NULL);
  if (!address || bytes == 0 || flags > REGISTER_FLAGS) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  result = register_host((uintptr_t)address, bytes, flags);
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

/* Of what the driver knows only the beginning of a registration is right; of what it does not, it says so. */
static CUresult unregister(void *address) {
  memory *m = find_host(address, MEMORY_REGISTERED);
  if (!m) return memory_block((uintptr_t)address) ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  effects_release_memory(m);
  memory_unregister(m);
  return CUDA_SUCCESS;
}

CUresult emu_cuMemHostUnregister(void *address) {
  CUresult result = need_context(NULL);
  if (!address) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  result = unregister(address);
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

CUresult emu_cuMemHostGetDevicePointer_v2(CUdeviceptr *device_address, void *address, unsigned int flags) {
  CUresult result = need_context(NULL);
  if (!device_address || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  const bool known = memory_is_host(memory_find((uintptr_t)address, 1));
  pthread_mutex_unlock(&gpu.lock);
  if (known) *device_address = (uintptr_t)address;
  return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult emu_cuMemHostGetFlags(unsigned int *flags, void *address) {
  CUresult result = need_context(NULL);
  if (!flags) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  const memory *m = memory_find((uintptr_t)address, 1);
  const bool known = memory_is_host(m);
  if (known) *flags = m->flags;
  pthread_mutex_unlock(&gpu.lock);
  return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
