#include "allocator.h"

/* Returns the failure of one of several calls; the happy path only compares. */
#define STEP(name, ...)                                       \
  do {                                                        \
    const gvb_answer step = GVB_ANSWER(a, name, __VA_ARGS__); \
    if (step.code != CUDA_SUCCESS) return step;               \
  } while (0)

enum { ROW_BYTES = 1 << 20, TEXEL_BYTES = 16, WIDEST = 1 << 17 };

static size_t rows_of(size_t bytes, size_t row) { return (bytes + row - 1) / row; }

static int need_feature(CUdevice_attribute attribute, const char *feature) {
  int has = 0;
  const CUresult code = gvb_cuda.cuDeviceGetAttribute(&has, attribute, gvb_gpu.handle);
  if (code == CUDA_SUCCESS && has != 0) return GVB_OK;
  return gvb_fail(GVB_ERROR_UNSUPPORTED, "the device has no %s", feature);
}

static int open_pool(gvb_allocator *a) {
  uint64_t keep_all = UINT64_MAX;
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemAllocAsync));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemFreeAsync));
  GVB_TRY(GVB_NEED(cuDeviceGetDefaultMemPool));
  GVB_TRY(GVB_NEED(cuMemPoolGetAttribute));
  GVB_TRY(GVB_NEED(cuMemPoolSetAttribute));
  GVB_TRY(GVB_NEED(cuMemPoolTrimTo));
  GVB_TRY(need_feature(CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, "memory pools (cuMemAllocAsync)"));
  GVB_TRY(GVB_CUDA(cuDeviceGetDefaultMemPool, &a->pool, gvb_gpu.handle));
  GVB_TRY(GVB_CUDA(cuMemPoolGetAttribute, a->pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &a->threshold));
  return GVB_CUDA(cuMemPoolSetAttribute, a->pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep_all);
}

static int open_vmm(gvb_allocator *a) {
  GVB_TRY(GVB_NEED(cuMemGetAllocationGranularity));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemCreate));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemAddressReserve));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemMap));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemSetAccess));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemUnmap));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemAddressFree));
  GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemRelease));
  GVB_TRY(need_feature(CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, "virtual memory (cuMemCreate)"));
  const CUmemLocation here = {CU_MEM_LOCATION_TYPE_DEVICE, gvb_gpu.handle};
  a->kind = (CUmemAllocationProp){.type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = here};
  a->access = (CUmemAccessDesc){here, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  return GVB_CUDA(cuMemGetAllocationGranularity, &a->granularity, &a->kind, CU_MEM_ALLOC_GRANULARITY_MINIMUM);
}

int gvb_allocator_open(gvb_allocator *a, int32_t api, int32_t resolution) {
  a->api = api;
  GVB_TRY(gvb_driver_by(resolution, &a->cuda));
  switch (api) {
    case GVB_MEMORY_POOL:
      return open_pool(a);
    case GVB_MEMORY_VMM:
      return open_vmm(a);
    case GVB_MEMORY_PITCH:
      return GVB_NEED_OF(*a->cuda, cuMemAllocPitch_v2);
    case GVB_MEMORY_MANAGED:
      GVB_TRY(GVB_NEED_OF(*a->cuda, cuMemAllocManaged));
      return need_feature(CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, "managed memory (cuMemAllocManaged)");
    case GVB_MEMORY_ARRAY:
      GVB_TRY(GVB_NEED_OF(*a->cuda, cuArrayCreate_v2));
      return GVB_NEED_OF(*a->cuda, cuArrayDestroy);
    default:
      return GVB_OK;
  }
}

int gvb_allocator_close(gvb_allocator *a) {
  if (a->pool == NULL) return GVB_OK;
  /* The pool is the device's own: it goes back as it was found, and empty. */
  const int status = GVB_CUDA(cuMemPoolSetAttribute, a->pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &a->threshold);
  return gvb_first(status, GVB_CUDA(cuMemPoolTrimTo, a->pool, 0));
}

static gvb_answer pool_new(const gvb_allocator *a, gvb_block *block) {
  STEP(cuMemAllocAsync, &block->address, block->bytes, gvb_gpu.stream);
  return GVB_ANSWER(a, cuStreamSynchronize, gvb_gpu.stream);
}

static gvb_answer pool_free(const gvb_allocator *a, gvb_block *block) {
  STEP(cuMemFreeAsync, block->address, gvb_gpu.stream);
  return GVB_ANSWER(a, cuStreamSynchronize, gvb_gpu.stream);
}

static gvb_answer vmm_map(const gvb_allocator *a, gvb_block *block) {
  STEP(cuMemAddressReserve, &block->address, block->bytes, 0, 0, 0);
  STEP(cuMemMap, block->address, block->bytes, 0, block->handle, 0);
  return GVB_ANSWER(a, cuMemSetAccess, block->address, block->bytes, &a->access, 1);
}

static void vmm_undo(const gvb_allocator *a, gvb_block *block) {
  if (block->address != 0) {
    a->cuda->cuMemUnmap(block->address, block->bytes);
    a->cuda->cuMemAddressFree(block->address, block->bytes);
  }
  a->cuda->cuMemRelease(block->handle);
  block->address = 0;
}

static gvb_answer vmm_new(const gvb_allocator *a, gvb_block *block) {
  block->bytes = (block->bytes + a->granularity - 1) / a->granularity * a->granularity;
  STEP(cuMemCreate, &block->handle, block->bytes, &a->kind, 0);
  const gvb_answer answer = vmm_map(a, block);
  if (answer.code != CUDA_SUCCESS) vmm_undo(a, block);
  return answer;
}

static gvb_answer vmm_free(const gvb_allocator *a, gvb_block *block) {
  STEP(cuMemUnmap, block->address, block->bytes);
  STEP(cuMemAddressFree, block->address, block->bytes);
  return GVB_ANSWER(a, cuMemRelease, block->handle);
}

static gvb_answer pitch_new(const gvb_allocator *a, gvb_block *block) {
  size_t pitch = 0;
  return GVB_ANSWER(a, cuMemAllocPitch_v2, &block->address, &pitch, ROW_BYTES, rows_of(block->bytes, ROW_BYTES), 16);
}

/* Rows as wide as an array may be, so that the largest devices fit into its height. */
static gvb_answer array_new(const gvb_allocator *a, gvb_block *block) {
  const size_t elements = rows_of(block->bytes, TEXEL_BYTES);
  const size_t width = elements < WIDEST ? elements : WIDEST;
  const CUDA_ARRAY_DESCRIPTOR shape = {
      .Width = width, .Height = rows_of(elements, width), .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 4};
  return GVB_ANSWER(a, cuArrayCreate_v2, &block->array, &shape);
}

gvb_answer gvb_block_new_other(const gvb_allocator *a, size_t bytes, gvb_block *block) {
  *block = (gvb_block){.bytes = bytes};
  switch (a->api) {
    case GVB_MEMORY_POOL:
      return pool_new(a, block);
    case GVB_MEMORY_VMM:
      return vmm_new(a, block);
    case GVB_MEMORY_PITCH:
      return pitch_new(a, block);
    case GVB_MEMORY_MANAGED:
      return GVB_ANSWER(a, cuMemAllocManaged, &block->address, bytes, CU_MEM_ATTACH_GLOBAL);
    default:
      return array_new(a, block);
  }
}

gvb_answer gvb_block_free_other(const gvb_allocator *a, gvb_block *block) {
  gvb_block freed = *block;
  block->address = 0;
  switch (a->api) {
    case GVB_MEMORY_POOL:
      return pool_free(a, &freed);
    case GVB_MEMORY_VMM:
      return vmm_free(a, &freed);
    case GVB_MEMORY_ARRAY:
      return GVB_ANSWER(a, cuArrayDestroy, freed.array);
    default:
      return GVB_ANSWER(a, cuMemFree_v2, freed.address);
  }
}
