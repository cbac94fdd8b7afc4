/* The one context of a process: device, stream, kernels. */
#ifndef GVB_CONTEXT_H
#define GVB_CONTEXT_H

#include <stddef.h>

#include "cuda_abi.h"
#include "driver.h"

/* X(enumerator, name, module) */
#define GVB_KERNEL_TABLE(X)                                       \
  X(GVB_KERNEL_EMPTY, "gvb_empty", GVB_MODULE_EMPTY)              \
  X(GVB_KERNEL_STAMP, "gvb_stamp", GVB_MODULE_TIMING)             \
  X(GVB_KERNEL_ECHO, "gvb_echo", GVB_MODULE_TIMING)               \
  X(GVB_KERNEL_STEP, "gvb_timer_step", GVB_MODULE_TIMING)         \
  X(GVB_KERNEL_SPIN, "gvb_spin", GVB_MODULE_TIMING)               \
  X(GVB_KERNEL_FINGERPRINT, "gvb_fingerprint", GVB_MODULE_TIMING) \
  X(GVB_KERNEL_FMA, "gvb_fma", GVB_MODULE_COMPUTE)                \
  X(GVB_KERNEL_TRIAD, "gvb_triad", GVB_MODULE_MEMORY)             \
  X(GVB_KERNEL_FILL, "gvb_fill", GVB_MODULE_MEMORY)               \
  X(GVB_KERNEL_CHECKSUM, "gvb_checksum", GVB_MODULE_MEMORY)       \
  X(GVB_KERNEL_SUM, "gvb_sum", GVB_MODULE_MEMORY)                 \
  X(GVB_KERNEL_STREAM, "gvb_stream", GVB_MODULE_CONTENTION)       \
  X(GVB_KERNEL_L2_READ, "gvb_l2_read", GVB_MODULE_CONTENTION)     \
  X(GVB_KERNEL_CHASE, "gvb_chase", GVB_MODULE_CONTENTION)         \
  X(GVB_KERNEL_ATOMICS, "gvb_atomics", GVB_MODULE_CONTENTION)     \
  X(GVB_KERNEL_SCAN, "gvb_scan", GVB_MODULE_CONTENTION)           \
  X(GVB_KERNEL_GAPS, "gvb_gaps", GVB_MODULE_CONTENTION)           \
  X(GVB_KERNEL_FAULT, "gvb_fault", GVB_MODULE_FAULT)

typedef enum gvb_module {
  GVB_MODULE_EMPTY,
  GVB_MODULE_TIMING,
  GVB_MODULE_COMPUTE,
  GVB_MODULE_MEMORY, /* up to here every context has them */
  GVB_MODULE_CONTENTION,
  GVB_MODULE_FAULT,
  GVB_MODULES
} gvb_module;

typedef enum gvb_kernel {
#define GVB_ENUMERATOR(enumerator, name, module) enumerator,
  GVB_KERNEL_TABLE(GVB_ENUMERATOR)
#undef GVB_ENUMERATOR
      GVB_KERNELS
} gvb_kernel;

typedef struct gvb_session {
  int32_t device;
  int32_t wait;
  CUdevice handle;
  CUcontext context; /* NULL: not open */
  CUstream stream;
  CUmodule modules[GVB_MODULES];
  CUfunction kernels[GVB_KERNELS];
  int works; /* prepared and not released */
} gvb_session;

extern gvb_session gvb_gpu;

/* The PTX text of a module. */
const char *gvb_ptx(gvb_module module);

/* Loads a module that not every context has, unless it is there; when a work that needs it is prepared. */
int gvb_load(gvb_module module);

/* Makes the context current in the calling thread; GVB_ERROR_STATE before gvb_context. */
int gvb_enter_context(void);

void gvb_count_works(int change);

/* cuInit and the handle of a device ordinal. */
int gvb_find_device(int32_t device, CUdevice *handle);

/* Launches on the stream, checked; for launches that are not themselves timed. */
int gvb_launch(gvb_kernel kernel, unsigned grid, unsigned block, void **arguments);

/* The same by a table of functions. */
int gvb_launch_by(const gvb_driver *cuda, gvb_kernel kernel, unsigned grid, unsigned block, void **arguments);

/* Waits for the stream. */
int gvb_sync(void);

/* Waits for the stream by asking: GVB_ERROR_TIMEOUT where a wait would hang for ever. */
int gvb_sync_within(int64_t limit);

/* Device memory, zeroed, and ready for kernels on the stream. */
int gvb_device_new(size_t bytes, CUdeviceptr *address);
int gvb_device_free(CUdeviceptr *address);

/* Pinned host memory, zeroed. */
int gvb_pinned_new(size_t bytes, void **address);
int gvb_pinned_free(void **address);

/* Copies to and from device memory, outside of timed intervals: the stream is idle before and after. */
int gvb_upload(CUdeviceptr to, const void *from, size_t bytes);
int gvb_download(void *to, CUdeviceptr from, size_t bytes);

#endif
