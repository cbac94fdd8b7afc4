#include "allocator.h"

/* Returns the failure of one of several calls; the happy path only compares. */
#define STEP(name, ...)                                    \
  do {                                                     \
    const gvb_answer step = GVB_ANSWER(name, __VA_ARGS__); \
    if (step.code != CUDA_SUCCESS) return step;            \
  } while (0)

static int need_feature(CUdevice_attribute attribute, const char *feature) {
  int has = 0;
  const CUresult code = gvb_cuda.cuDeviceGetAttribute(&has, attribute, gvb_gpu.handle);
  if (code == CUDA_SUCCESS && has != 0) return GVB_OK;
  return gvb_fail(GVB_ERROR_UNSUPPORTED, "the device has no %s", feature);
}

static int open_pool(gvb_allocator *a) {
  uint64_t keep_all = UINT64_MAX;
  GVB_TRY(GVB_NEED(cuMemAllocAsync));
  GVB_TRY(GVB_NEED(cuMemFreeAsync));
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
  GVB_TRY(GVB_NEED(cuMemCreate));
  GVB_TRY(GVB_NEED(cuMemAddressReserve));
  GVB_TRY(GVB_NEED(cuMemMap));
  GVB_TRY(GVB_NEED(cuMemSetAccess));
  GVB_TRY(GVB_NEED(cuMemUnmap));
  GVB_TRY(GVB_NEED(cuMemAddressFree));
  GVB_TRY(GVB_NEED(cuMemRelease));
  GVB_TRY(need_feature(CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, "virtual memory (cuMemCreate)"));
  const CUmemLocation here = {CU_MEM_LOCATION_TYPE_DEVICE, gvb_gpu.handle};
  a->kind = (CUmemAllocationProp){.type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = here};
  a->access = (CUmemAccessDesc){here, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  return GVB_CUDA(cuMemGetAllocationGranularity, &a->granularity, &a->kind, CU_MEM_ALLOC_GRANULARITY_MINIMUM);
}

int gvb_allocator_open(gvb_allocator *a, int32_t api) {
  a->api = api;
  if (api == GVB_MEMORY_POOL) return open_pool(a);
  return api == GVB_MEMORY_VMM ? open_vmm(a) : GVB_OK;
}

int gvb_allocator_close(gvb_allocator *a) {
  if (a->pool == NULL) return GVB_OK;
  /* The pool is the device's own: it goes back as it was found, and empty. */
  const int status = GVB_CUDA(cuMemPoolSetAttribute, a->pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &a->threshold);
  return gvb_first(status, GVB_CUDA(cuMemPoolTrimTo, a->pool, 0));
}

static gvb_answer pool_new(gvb_block *block) {
  STEP(cuMemAllocAsync, &block->address, block->bytes, gvb_gpu.stream);
  return GVB_ANSWER(cuStreamSynchronize, gvb_gpu.stream);
}

static gvb_answer pool_free(gvb_block *block) {
  STEP(cuMemFreeAsync, block->address, gvb_gpu.stream);
  return GVB_ANSWER(cuStreamSynchronize, gvb_gpu.stream);
}

static gvb_answer vmm_map(const gvb_allocator *a, gvb_block *block) {
  STEP(cuMemAddressReserve, &block->address, block->bytes, 0, 0, 0);
  STEP(cuMemMap, block->address, block->bytes, 0, block->handle, 0);
  return GVB_ANSWER(cuMemSetAccess, block->address, block->bytes, &a->access, 1);
}

static void vmm_undo(gvb_block *block) {
  if (block->address != 0) {
    gvb_cuda.cuMemUnmap(block->address, block->bytes);
    gvb_cuda.cuMemAddressFree(block->address, block->bytes);
  }
  gvb_cuda.cuMemRelease(block->handle);
  block->address = 0;
}

static gvb_answer vmm_new(const gvb_allocator *a, gvb_block *block) {
  block->bytes = (block->bytes + a->granularity - 1) / a->granularity * a->granularity;
  STEP(cuMemCreate, &block->handle, block->bytes, &a->kind, 0);
  const gvb_answer answer = vmm_map(a, block);
  if (answer.code != CUDA_SUCCESS) vmm_undo(block);
  return answer;
}

static gvb_answer vmm_free(gvb_block *block) {
  STEP(cuMemUnmap, block->address, block->bytes);
  STEP(cuMemAddressFree, block->address, block->bytes);
  return GVB_ANSWER(cuMemRelease, block->handle);
}

gvb_answer gvb_block_new_other(const gvb_allocator *a, size_t bytes, gvb_block *block) {
  *block = (gvb_block){.bytes = bytes};
  return a->api == GVB_MEMORY_POOL ? pool_new(block) : vmm_new(a, block);
}

gvb_answer gvb_block_free_other(const gvb_allocator *a, gvb_block *block) {
  gvb_block freed = *block;
  block->address = 0;
  return a->api == GVB_MEMORY_POOL ? pool_free(&freed) : vmm_free(&freed);
}
