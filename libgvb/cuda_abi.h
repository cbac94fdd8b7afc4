/* The part of the CUDA driver's binary interface that GPU-Virt-Bench uses.
 *
 * Written from the public documentation so that no NVIDIA header is needed to build: values, layouts and signatures
 * are facts of the interface, and emulator/tests/abi.c compares them with cuda.h where one is installed. Names are the
 * driver's own, so this header and cuda.h cannot meet in one translation unit.
 *
 * The functions are listed once, in cuda_functions.def; each gives a function type `NAME_fn`:
 *     cuMemAlloc_v2_fn *allocate = (cuMemAlloc_v2_fn *)dlsym(handle, "cuMemAlloc_v2");
 */
#ifndef GVB_CUDA_ABI_H
#define GVB_CUDA_ABI_H

#include <stddef.h>
#include <stdint.h>

#include "cuda_enums.h"

/* ---- handles ---- */

typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef unsigned long long CUmemGenericAllocationHandle;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUgraphExec_st *CUgraphExec;
typedef struct CUmemPoolHandle_st *CUmemoryPool;
typedef struct CUarray_st *CUarray;
typedef struct CUkern_st *CUkernel;
typedef struct CUgreenCtx_st *CUgreenCtx;
typedef struct CUdevResourceDesc_st *CUdevResourceDesc;
typedef struct CUuuid {
  char bytes[16];
} CUuuid;

#define CU_STREAM_LEGACY ((CUstream)0x1)
#define CU_STREAM_PER_THREAD ((CUstream)0x2)

/* ---- structures ---- */

typedef struct CUlaunchAttribute {
  int id;
  char pad[4];
  union {
    char pad[64];
    uint64_t align;
  } value;
} CUlaunchAttribute;

typedef struct CUlaunchConfig {
  unsigned int gridDimX, gridDimY, gridDimZ;
  unsigned int blockDimX, blockDimY, blockDimZ;
  unsigned int sharedMemBytes;
  CUstream hStream;
  CUlaunchAttribute *attrs;
  unsigned int numAttrs;
} CUlaunchConfig;

typedef struct CUDA_KERNEL_NODE_PARAMS_v1 {
  CUfunction func;
  unsigned int gridDimX, gridDimY, gridDimZ;
  unsigned int blockDimX, blockDimY, blockDimZ;
  unsigned int sharedMemBytes;
  void **kernelParams;
  void **extra;
} CUDA_KERNEL_NODE_PARAMS_v1;

typedef struct CUDA_KERNEL_NODE_PARAMS_v2 {
  CUfunction func;
  unsigned int gridDimX, gridDimY, gridDimZ;
  unsigned int blockDimX, blockDimY, blockDimZ;
  unsigned int sharedMemBytes;
  void **kernelParams;
  void **extra;
  CUkernel kern;
  CUcontext ctx;
} CUDA_KERNEL_NODE_PARAMS_v2;

typedef enum CUarray_format { CU_AD_FORMAT_UNSIGNED_INT8 = 1, CU_AD_FORMAT_FLOAT = 32 } CUarray_format;

typedef struct CUDA_ARRAY_DESCRIPTOR {
  size_t Width;
  size_t Height;
  CUarray_format Format;
  unsigned int NumChannels;
} CUDA_ARRAY_DESCRIPTOR;

typedef struct CUmemLocation {
  CUmemLocationType type;
  int id;
} CUmemLocation;

typedef struct CUmemAllocationProp {
  CUmemAllocationType type;
  CUmemAllocationHandleType requestedHandleTypes;
  CUmemLocation location;
  void *win32HandleMetaData;
  struct {
    unsigned char compressionType;
    unsigned char gpuDirectRDMACapable;
    unsigned short usage;
    unsigned char reserved[4];
  } allocFlags;
} CUmemAllocationProp;

typedef struct CUmemAccessDesc {
  CUmemLocation location;
  CUmemAccess_flags flags;
} CUmemAccessDesc;

typedef struct CUmemPoolProps {
  CUmemAllocationType allocType;
  CUmemAllocationHandleType handleTypes;
  CUmemLocation location;
  void *win32SecurityAttributes;
  size_t maxSize;
  unsigned short usage;
  unsigned char reserved[54];
} CUmemPoolProps;

typedef struct CUctxCreateParams {
  void *execAffinityParams;
  int numExecAffinityParams;
  void *cigParams;
} CUctxCreateParams;

/* Since CUDA 13; what stands in front of the union is the driver's own. */
typedef struct CUdevSmResource {
  unsigned int smCount, minSmPartitionSize, smCoscheduledAlignment;
} CUdevSmResource;

typedef struct CUdevResource {
  CUdevResourceType type;
  unsigned char _internal_padding[92];
  union {
    CUdevSmResource sm;
    unsigned char _oversize[48];
  };
} CUdevResource;

/* ---- functions ---- */

/* A row of cuda_functions.def reads X(name, number of parameters, type, parameter, type, parameter, ...);
 * GVB_P<n> makes its parameter list and GVB_A<n> its argument list. */
#define GVB_P0(...) void
#define GVB_P1(t, n) t n
#define GVB_P2(t, n, ...) t n, GVB_P1(__VA_ARGS__)
#define GVB_P3(t, n, ...) t n, GVB_P2(__VA_ARGS__)
#define GVB_P4(t, n, ...) t n, GVB_P3(__VA_ARGS__)
#define GVB_P5(t, n, ...) t n, GVB_P4(__VA_ARGS__)
#define GVB_P6(t, n, ...) t n, GVB_P5(__VA_ARGS__)
#define GVB_P7(t, n, ...) t n, GVB_P6(__VA_ARGS__)
#define GVB_P8(t, n, ...) t n, GVB_P7(__VA_ARGS__)
#define GVB_P9(t, n, ...) t n, GVB_P8(__VA_ARGS__)
#define GVB_P10(t, n, ...) t n, GVB_P9(__VA_ARGS__)
#define GVB_P11(t, n, ...) t n, GVB_P10(__VA_ARGS__)
#define GVB_A0(...)
#define GVB_A1(t, n) n
#define GVB_A2(t, n, ...) n, GVB_A1(__VA_ARGS__)
#define GVB_A3(t, n, ...) n, GVB_A2(__VA_ARGS__)
#define GVB_A4(t, n, ...) n, GVB_A3(__VA_ARGS__)
#define GVB_A5(t, n, ...) n, GVB_A4(__VA_ARGS__)
#define GVB_A6(t, n, ...) n, GVB_A5(__VA_ARGS__)
#define GVB_A7(t, n, ...) n, GVB_A6(__VA_ARGS__)
#define GVB_A8(t, n, ...) n, GVB_A7(__VA_ARGS__)
#define GVB_A9(t, n, ...) n, GVB_A8(__VA_ARGS__)
#define GVB_A10(t, n, ...) n, GVB_A9(__VA_ARGS__)
#define GVB_A11(t, n, ...) n, GVB_A10(__VA_ARGS__)

typedef void gvb_host_function(void *argument);

#define X(name, n, ...) typedef CUresult name##_fn(GVB_P##n(__VA_ARGS__));
#include "cuda_functions.def"
#undef X

#endif
