/* The entry points of libcuda.so.1 that libgvb calls.
 *
 * Not named cuda.h: a build with NVIDIA's headers in its path must not find ours instead. */
#ifndef GVB_DRIVER_H
#define GVB_DRIVER_H

#include "cuda_abi.h"
#include "error.h"

/* Without these nothing can be measured. */
#define GVB_DRIVER_CORE(F)         \
  F(cuInit)                        \
  F(cuDriverGetVersion)            \
  F(cuGetErrorName)                \
  F(cuDeviceGet)                   \
  F(cuDeviceGetCount)              \
  F(cuDeviceGetName)               \
  F(cuDeviceGetUuid)               \
  F(cuDeviceGetPCIBusId)           \
  F(cuDeviceGetAttribute)          \
  F(cuDeviceTotalMem_v2)           \
  F(cuDevicePrimaryCtxSetFlags_v2) \
  F(cuDevicePrimaryCtxRetain)      \
  F(cuDevicePrimaryCtxRelease_v2)  \
  F(cuCtxSetCurrent)               \
  F(cuCtxSynchronize)              \
  F(cuModuleLoadData)              \
  F(cuModuleUnload)                \
  F(cuModuleGetFunction)           \
  F(cuFuncSetAttribute)            \
  F(cuStreamCreate)                \
  F(cuStreamDestroy_v2)            \
  F(cuStreamSynchronize)           \
  F(cuStreamQuery)                 \
  F(cuStreamWaitEvent)             \
  F(cuEventCreate)                 \
  F(cuEventDestroy_v2)             \
  F(cuEventRecord)                 \
  F(cuEventQuery)                  \
  F(cuEventSynchronize)            \
  F(cuEventElapsedTime)            \
  F(cuLaunchKernel)                \
  F(cuMemAlloc_v2)                 \
  F(cuMemFree_v2)                  \
  F(cuMemGetInfo_v2)               \
  F(cuMemHostAlloc)                \
  F(cuMemFreeHost)                 \
  F(cuMemHostGetDevicePointer_v2)  \
  F(cuMemcpyHtoD_v2)               \
  F(cuMemcpyDtoH_v2)               \
  F(cuMemcpyHtoDAsync_v2)          \
  F(cuMemcpyDtoHAsync_v2)          \
  F(cuMemsetD8_v2)

/* Younger than the oldest driver that loads our PTX, or left out by a layer: NULL then. */
#define GVB_DRIVER_OPTIONAL(F)     \
  F(cuDeviceGetUuid_v2)            \
  F(cuCtxGetStreamPriorityRange)   \
  F(cuStreamCreateWithPriority)    \
  F(cuLaunchKernelEx)              \
  F(cuGraphCreate)                 \
  F(cuGraphAddKernelNode_v2)       \
  F(cuGraphInstantiateWithFlags)   \
  F(cuGraphUpload)                 \
  F(cuGraphLaunch)                 \
  F(cuGraphExecDestroy)            \
  F(cuGraphDestroy)                \
  F(cuDeviceGetDefaultMemPool)     \
  F(cuMemPoolGetAttribute)         \
  F(cuMemPoolSetAttribute)         \
  F(cuMemPoolTrimTo)               \
  F(cuMemAllocAsync)               \
  F(cuMemAllocPitch_v2)            \
  F(cuMemAllocManaged)             \
  F(cuArrayCreate_v2)              \
  F(cuArrayDestroy)                \
  F(cuMemFreeAsync)                \
  F(cuMemGetAllocationGranularity) \
  F(cuMemCreate)                   \
  F(cuMemRelease)                  \
  F(cuMemAddressReserve)           \
  F(cuMemAddressFree)              \
  F(cuMemMap)                      \
  F(cuMemUnmap)                    \
  F(cuMemSetAccess)

typedef struct gvb_driver {
#define GVB_MEMBER(name) name##_fn *name;
  GVB_DRIVER_CORE(GVB_MEMBER)
  GVB_DRIVER_OPTIONAL(GVB_MEMBER)
#undef GVB_MEMBER
} gvb_driver;

/* What everything uses that is not timed in a way of its own: found in the first way that was opened. */
extern gvb_driver gvb_cuda;

/* Calls and checks: GVB_TRY(GVB_CUDA(cuMemAlloc_v2, &address, bytes)); */
#define GVB_CUDA(name, ...) gvb_cuda_status(#name, gvb_cuda.name(__VA_ARGS__))

#define GVB_NEED_OF(cuda, name) \
  ((cuda).name != NULL ? GVB_OK : gvb_fail(GVB_ERROR_UNSUPPORTED, "the driver has no %s", #name))
#define GVB_NEED(name) GVB_NEED_OF(gvb_cuda, name)

/* Opens the library, finds the functions in that way, and fills gvb_cuda if it is the first; what gvb_open and
 * context_cycle share. The caller holds gvb_lock. */
int gvb_driver_load(int32_t resolution);

/* The functions as that way finds them, for the calls that are timed. */
int gvb_driver_by(int32_t resolution, const gvb_driver **found);

/* The address of one driver symbol, found in the given way, whatever way filled gvb_cuda. */
int gvb_driver_find(const char *symbol, int32_t resolution, void **address);

/* Whether this process has asked libgvb for the driver before. */
int gvb_driver_touched(void);

/* One lock for what a process has once: the driver and the context. */
void gvb_lock(void);
void gvb_unlock(void);

#endif
