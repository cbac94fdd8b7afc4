/* Virtual memory management: physical memory is a sparse memory file, mapped where the application reserved. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver_call.h"
#include "driver_effects.h"
#include "driver_memory.h"
#include "driver_queue.h"

typedef struct physical {
  int fd;
  int device;
  uint64_t bytes;
  int references; /* the handle's own, and one per mapping */
  bool released;
  struct physical *next;
} physical;

typedef struct range {
  uint64_t base, bytes;
  physical *mapped;
  memory *memory;
  struct range *next;
} range;

static physical *physicals;
static range *reserved; /* address ranges of cuMemAddressReserve */
static range *mappings; /* of cuMemMap */

static bool granular(uint64_t bytes) { return bytes > 0 && bytes % BLOCK_BYTES == 0; }

static bool valid(const CUmemAllocationProp *p) {
  return p && p->type == CU_MEM_ALLOCATION_TYPE_PINNED && p->location.type == CU_MEM_LOCATION_TYPE_DEVICE;
}

/* The same for all memory of all devices: it does not look which. */
CUresult emu_cuMemGetAllocationGranularity(size_t *bytes, const CUmemAllocationProp *properties,
                                           CUmemAllocationGranularity_flags option) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!bytes || !properties || (unsigned int)option > CU_MEM_ALLOC_GRANULARITY_RECOMMENDED)
    return CUDA_ERROR_INVALID_VALUE;
  *bytes = BLOCK_BYTES;
  return CUDA_SUCCESS;
}

static physical *find_physical(CUmemGenericAllocationHandle handle) {
  for (physical *p = physicals; p; p = p->next)
    if ((uintptr_t)p == handle && !p->released) return p;
  return NULL;
}

static void drop(physical *p) {
  if (--p->references > 0) return;
  memory_charge(p->device, -(int64_t)p->bytes);
  physical **link = &physicals;
  while (*link != p) link = &(*link)->next;
  *link = p->next;
  close(p->fd);
  free(p);
}

static CUresult create(physical **into, int device, size_t bytes) {
  if (!memory_charge(device, (int64_t)bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
  physical *p = calloc(1, sizeof *p);
  int fd = p ? memfd_create("gvb-emulated", MFD_CLOEXEC) : -1;
  if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
    if (fd >= 0) close(fd);
    free(p);
    memory_charge(device, -(int64_t)bytes);
    return CUDA_ERROR_OPERATING_SYSTEM;
  }
  pthread_mutex_lock(&gpu.lock);
  *p = (physical){.fd = fd, .device = device, .bytes = bytes, .references = 1, .next = physicals};
  physicals = p;
  pthread_mutex_unlock(&gpu.lock);
  *into = p;
  return CUDA_SUCCESS;
}

/* The properties say which device: no context need be current. */
CUresult emu_cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes, const CUmemAllocationProp *properties,
                         unsigned long long flags) {
  int device;
  physical *p;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!handle || flags != 0 || !valid(properties) || !granular(bytes)) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = need_device(properties->location.id, &device);
  if (result == CUDA_SUCCESS && properties->requestedHandleTypes != CU_MEM_HANDLE_TYPE_NONE)
    result = CUDA_ERROR_NOT_SUPPORTED;
  if (result == CUDA_SUCCESS) result = create(&p, device, bytes);
  if (result == CUDA_SUCCESS) *handle = (uintptr_t)p;
  return result;
}

CUresult emu_cuMemRelease(CUmemGenericAllocationHandle handle) {
  pthread_mutex_lock(&gpu.lock);
  physical *p = find_physical(handle);
  if (p) {
    p->released = true;
    drop(p);
  }
  pthread_mutex_unlock(&gpu.lock);
  return p ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static range *find_range(range *list, uint64_t base, uint64_t bytes) {
  for (range *r = list; r; r = r->next)
    if (base >= r->base && base + bytes <= r->base + r->bytes) return r;
  return NULL;
}

static bool overlaps(const range *list, uint64_t base, uint64_t bytes) {
  for (const range *r = list; r; r = r->next)
    if (base < r->base + r->bytes && r->base < base + bytes) return true;
  return false;
}

static void unlink_range(range **list, range *r) {
  while (*list != r) list = &(*list)->next;
  *list = r->next;
}

static range *push_range(range **list, uint64_t base, uint64_t bytes) {
  range *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  *r = (range){.base = base, .bytes = bytes, .next = *list};
  *list = r;
  return r;
}

CUresult emu_cuMemAddressReserve(CUdeviceptr *address, size_t bytes, size_t alignment, CUdeviceptr wish,
                                 unsigned long long flags) {
  (void)wish;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!address || flags != 0 || !granular(bytes)) return CUDA_ERROR_INVALID_VALUE;
  if (alignment > BLOCK_BYTES || (alignment & (alignment - 1)) != 0) return CUDA_ERROR_INVALID_VALUE;
  char *area = mmap(NULL, bytes + BLOCK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
  uint64_t before = -(uintptr_t)area % BLOCK_BYTES;
  if (before) munmap(area, before);
  munmap(area + before + bytes, BLOCK_BYTES - before);
  pthread_mutex_lock(&gpu.lock);
  range *r = push_range(&reserved, (uintptr_t)area + before, bytes);
  pthread_mutex_unlock(&gpu.lock);
  if (!r) return CUDA_ERROR_OUT_OF_MEMORY;
  *address = r->base;
  return CUDA_SUCCESS;
}

/* A whole reservation, where nothing is mapped any more. */
CUresult emu_cuMemAddressFree(CUdeviceptr address, size_t bytes) {
  pthread_mutex_lock(&gpu.lock);
  range *r = find_range(reserved, address, bytes);
  bool good = r && r->base == address && r->bytes == bytes && !overlaps(mappings, address, bytes);
  if (good) {
    munmap((void *)(uintptr_t)address, bytes);
    unlink_range(&reserved, r);
    free(r);
  }
  pthread_mutex_unlock(&gpu.lock);
  return good ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult map(CUdeviceptr address, size_t bytes, size_t offset, physical *p) {
  if (!p || !find_range(reserved, address, bytes)) return CUDA_ERROR_INVALID_VALUE;
  if (!granular(bytes) || offset % BLOCK_BYTES || offset + bytes > p->bytes) return CUDA_ERROR_NOT_SUPPORTED;
  if (overlaps(mappings, address, bytes)) return CUDA_ERROR_INVALID_VALUE;
  range *r = push_range(&mappings, address, bytes);
  if (!r) return CUDA_ERROR_OUT_OF_MEMORY;
  void *area = mmap((void *)(uintptr_t)address, bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, p->fd, (off_t)offset);
  if (area == MAP_FAILED) {
    unlink_range(&mappings, r);
    free(r);
    return CUDA_ERROR_MAP_FAILED;
  }
  r->mapped = p;
  p->references++;
  return CUDA_SUCCESS;
}

CUresult emu_cuMemMap(CUdeviceptr address, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,
                      unsigned long long flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_lock(&gpu.lock);
  CUresult result = map(address, bytes, offset, find_physical(handle));
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

static bool is_inside(const range *r, uint64_t base, uint64_t bytes) {
  return r->base >= base && r->base + r->bytes <= base + bytes;
}

/* Access makes a mapping usable: only then is it an allocation that copies and kernels find. */
static CUresult give_access(range *r, int to) {
  if (mprotect((void *)(uintptr_t)r->base, r->bytes, PROT_READ | PROT_WRITE) != 0) return CUDA_ERROR_OPERATING_SYSTEM;
  const bool first = !r->memory;
  if (first) r->memory = memory_register(r->base, r->bytes, MEMORY_MAPPED, 0);
  if (!r->memory) return CUDA_ERROR_OUT_OF_MEMORY;
  r->memory->device = r->mapped->device;
  r->memory->reach = (first ? 0 : r->memory->reach) | 1u << to;
  return CUDA_SUCCESS;
}

CUresult emu_cuMemSetAccess(CUdeviceptr address, size_t bytes, const CUmemAccessDesc *access, size_t count) {
  int to;
  if (!access || count != 1 || access->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
      need_device(access->location.id, &to) != CUDA_SUCCESS || access->flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
    return CUDA_ERROR_INVALID_VALUE;
  CUresult result = CUDA_ERROR_INVALID_VALUE; /* unless a mapping lies inside */
  pthread_mutex_lock(&gpu.lock);
  for (range *r = mappings; r; r = r->next)
    if (is_inside(r, address, bytes)) result = give_access(r, to);
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

static void unmap(range *r) {
  if (r->memory) {
    effects_release_memory(r->memory);
    memory_unregister(r->memory);
  }
  mmap((void *)(uintptr_t)r->base, r->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  drop(r->mapped);
  unlink_range(&mappings, r);
  free(r);
}

static bool cuts_a_mapping(uint64_t base, uint64_t bytes) {
  for (const range *r = mappings; r; r = r->next)
    if (base < r->base + r->bytes && r->base < base + bytes && !is_inside(r, base, bytes)) return true;
  return false;
}

/* Whole mappings of a reservation, be there any or none. */
CUresult emu_cuMemUnmap(CUdeviceptr address, size_t bytes) {
  pthread_mutex_lock(&gpu.lock);
  const bool good = find_range(reserved, address, bytes) && !cuts_a_mapping(address, bytes);
  for (range *r = mappings, *next; good && r; r = next) {
    next = r->next;
    if (!is_inside(r, address, bytes)) continue;
    if (gpu.config.free_waits) call_work_waits(queue_wait(gpu.slot->head, (scope)r->mapped->device));
    unmap(r);
  }
  pthread_mutex_unlock(&gpu.lock);
  return good ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
