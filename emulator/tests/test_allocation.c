/* Memory in its many kinds: what it costs, where it lies, and that all is given back. */
#include "harness.h"

static void memory_comes_in_many_ways(void) {
  CUdeviceptr a, base;
  size_t bytes, pitch, before, after, total;
  unsigned int type = 0;
  MUST(cu.cuMemGetInfo_v2(&before, &total));
  MUST(cu.cuMemAlloc_v2(&a, (size_t)1 << 30));
  MUST(cu.cuMemGetInfo_v2(&after, &total));
  check(before - after == (size_t)1 << 30, "1 GiB is charged as 1 GiB");
  MUST(cu.cuMemGetAddressRange_v2(&base, &bytes, a + 12345));
  check(base == a && bytes == (size_t)1 << 30, "cuMemGetAddressRange finds the allocation");
  MUST(cu.cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, a));
  check(type == CU_MEMORYTYPE_DEVICE, "the pointer is device memory");
  CUdeviceptr first = a;
  MUST(cu.cuMemFree_v2(a));
  MUST(cu.cuMemAlloc_v2(&a, (size_t)1 << 30));
  check(a == first, "a freed block comes back for the same size");
  MUST(cu.cuMemFree_v2(a));
  CHECK_CALL(cu.cuMemFree_v2(a), CUDA_ERROR_INVALID_VALUE);
  CHECK_CALL(cu.cuMemAlloc_v2(&a, total), CUDA_ERROR_OUT_OF_MEMORY);
  MUST(cu.cuMemAllocPitch_v2(&a, &pitch, 100, 10, 4));
  check(pitch >= 100 && pitch % 128 == 0, "pitch is aligned");
  MUST(cu.cuMemFree_v2(a));
  MUST(cu.cuMemAllocManaged(&a, 4096, CU_MEM_ATTACH_GLOBAL));
  *(int *)(uintptr_t)a = 3;
  MUST(cu.cuMemFree_v2(a));
  MUST(cu.cuMemGetInfo_v2(&after, &total));
  check(before == after, "all is given back");
}

static void pools_keep_what_is_freed(void) {
  CUmemoryPool pool;
  CUdeviceptr a;
  uint64_t most = UINT64_MAX, reserved, used;
  MUST(cu.cuDeviceGetDefaultMemPool(&pool, 0));
  MUST(cu.cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &most));
  MUST(cu.cuMemAllocAsync(&a, 64 << 20, stream));
  MUST(cu.cuMemsetD8Async(a, 1, 4096, stream));
  MUST(cu.cuMemFreeAsync(a, stream));
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
  MUST(cu.cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
  check(reserved == 64 << 20 && used == 0, "the pool keeps 64 MiB, none of it used");
  MUST(cu.cuMemPoolTrimTo(pool, 0));
  MUST(cu.cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
  check(reserved == 0, "cuMemPoolTrimTo gives it back");
}

static void mapping_gives_memory(void) {
  CUmemGenericAllocationHandle handle;
  CUdeviceptr at;
  size_t granularity;
  uint64_t value = 99, got = 0;
  CUmemAllocationProp p = {.type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
  CUmemAccessDesc access = {{CU_MEM_LOCATION_TYPE_DEVICE, 0}, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  MUST(cu.cuMemGetAllocationGranularity(&granularity, &p, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
  MUST(cu.cuMemCreate(&handle, granularity, &p, 0));
  MUST(cu.cuMemAddressReserve(&at, granularity, 0, 0, 0));
  CHECK_CALL(cu.cuMemcpyHtoD_v2(at, &value, 8), CUDA_ERROR_INVALID_VALUE);
  MUST(cu.cuMemMap(at, granularity, 0, handle, 0));
  MUST(cu.cuMemSetAccess(at, granularity, &access, 1));
  MUST(cu.cuMemcpyHtoD_v2(at + 8, &value, 8));
  MUST(cu.cuMemUnmap(at, granularity));
  MUST(cu.cuMemMap(at, granularity, 0, handle, 0));
  MUST(cu.cuMemSetAccess(at, granularity, &access, 1));
  MUST(cu.cuMemcpyDtoH_v2(&got, at + 8, 8));
  check(got == 99, "contents belong to the handle, not to the address");
  MUST(cu.cuMemUnmap(at, granularity));
  MUST(cu.cuMemAddressFree(at, granularity));
  MUST(cu.cuMemRelease(handle));
  CHECK_CALL(cu.cuMemRelease(handle), CUDA_ERROR_INVALID_VALUE);
}

int main(void) {
  new_machine("seed 2");
  open_context();
  memory_comes_in_many_ways();
  pools_keep_what_is_freed();
  mapping_gives_memory();
  return summary();
}
