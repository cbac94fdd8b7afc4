/* What calls answer beside the conformance table: it asks each in one case, and this is what programs do in several. */
#include "harness.h"

static void arguments_come_from_a_buffer(void) {
  enum { N = 256 };
  float host[N], scale = 3;
  CUdeviceptr p[3];
  for (int k = 0; k < 3; k++) MUST(cu.cuMemAlloc_v2(&p[k], sizeof host));
  for (int k = 0; k < N; k++) host[k] = (float)k;
  MUST(cu.cuMemcpyHtoD_v2(p[1], host, sizeof host));
  MUST(cu.cuMemcpyHtoD_v2(p[2], host, sizeof host));
  struct {
    uint64_t pointer[3];
    float scale;
    uint64_t count; /* at a multiple of its size */
  } packed = {{p[0], p[1], p[2]}, scale, N};
  size_t bytes = sizeof packed, fewer = sizeof packed - 1;
  CUfunction triad = function("gvb_triad");
  void *extra[] = {(void *)1, &packed, (void *)2, &bytes, NULL};
  MUST(cu.cuLaunchKernel(triad, 1, 1, 1, N, 1, 1, 0, stream, NULL, extra));
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(host, p[0], sizeof host));
  check(host[2] == 2 + scale * 2, "a kernel with a float among its arguments takes them from a buffer: %g", host[2]);
  extra[3] = &fewer;
  CHECK_CALL(cu.cuLaunchKernel(triad, 1, 1, 1, N, 1, 1, 0, stream, NULL, extra), CUDA_ERROR_INVALID_VALUE);
}

static void handles_are_used_again(void) {
  CUevent first, second;
  MUST(cu.cuEventCreate(&first, 0));
  MUST(cu.cuEventRecord(first, stream));
  MUST(cu.cuEventDestroy_v2(first));
  CHECK_CALL(cu.cuEventQuery(first), CUDA_ERROR_CONTEXT_IS_DESTROYED);
  MUST(cu.cuEventCreate(&second, 0));
  CHECK_CALL(cu.cuEventElapsedTime(&(float){0}, second, second), CUDA_ERROR_INVALID_HANDLE);
  MUST(cu.cuEventDestroy_v2(second));
}

static void a_kernel_may_have_more_shared_memory_when_it_asked(void) {
  CUfunction f = function("gvb_empty");
  void *arguments[] = {&(uint64_t){0}};
  CHECK_CALL(cu.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 65536, stream, arguments, NULL), CUDA_ERROR_INVALID_VALUE);
  MUST(cu.cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 65536));
  CHECK_CALL(cu.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 65536, stream, arguments, NULL), CUDA_SUCCESS);
}

static void a_pool_has_room_up_to_its_size(void) {
  CUmemoryPool pool;
  CUdeviceptr a, b;
  CUmemPoolProps p = {
      .allocType = CU_MEM_ALLOCATION_TYPE_PINNED, .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}, .maxSize = 32 << 20};
  MUST(cu.cuMemPoolCreate(&pool, &p));
  MUST(cu.cuMemAllocFromPoolAsync(&a, 24 << 20, pool, stream));
  CHECK_CALL(cu.cuMemAllocFromPoolAsync(&b, 24 << 20, pool, stream), CUDA_ERROR_OUT_OF_MEMORY);
  check(b == 0, "a failed allocation leaves NULL");
  MUST(cu.cuMemFreeAsync(a, stream));
  CHECK_CALL(cu.cuMemAllocFromPoolAsync(&b, 24 << 20, pool, stream), CUDA_SUCCESS);
}

/* Last: it destroys what the others use. */
static void what_a_reset_ended_stays_ended(void) {
  CUfunction before = function("gvb_empty");
  CUevent event;
  MUST(cu.cuEventCreate(&event, 0));
  MUST(cu.cuDevicePrimaryCtxReset_v2(0));
  CHECK_CALL(cu.cuMemAlloc_v2(&(CUdeviceptr){0}, 8), CUDA_ERROR_CONTEXT_IS_DESTROYED);
  MUST(cu.cuDevicePrimaryCtxRetain(&context, 0));
  CHECK_CALL(cu.cuMemAlloc_v2(&(CUdeviceptr){0}, 8), CUDA_SUCCESS);
  void *arguments[] = {&(uint64_t){0}};
  CHECK_CALL(cu.cuLaunchKernel(before, 1, 1, 1, 1, 1, 1, 0, NULL, arguments, NULL), CUDA_ERROR_INVALID_HANDLE);
  CHECK_CALL(cu.cuEventRecord(event, NULL), CUDA_ERROR_CONTEXT_IS_DESTROYED);
  CHECK_CALL(cu.cuStreamSynchronize(stream), CUDA_ERROR_INVALID_CONTEXT);
  MUST(cu.cuDevicePrimaryCtxRelease_v2(0));
  MUST(cu.cuDevicePrimaryCtxRelease_v2(0));
  CHECK_CALL(cu.cuDevicePrimaryCtxRelease_v2(0), CUDA_ERROR_INVALID_CONTEXT);
}

int main(void) {
  new_machine("clock virtual\n");
  open_context();
  arguments_come_from_a_buffer();
  handles_are_used_again();
  a_kernel_may_have_more_shared_memory_when_it_asked();
  a_pool_has_room_up_to_its_size();
  what_a_reset_ended_stays_ended();
  return summary();
}
