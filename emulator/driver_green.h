/* Green contexts: some of a device's multiprocessors, with streams of their own; all else is the primary context's. */
#ifndef GVB_EMULATOR_GREEN_H
#define GVB_EMULATOR_GREEN_H

#include "driver_process.h"

enum { MAGIC_GREEN = 0x4752454e, MAGIC_RESOURCE = 0x5245534f };

struct CUgreenCtx_st {
  uint32_t magic;
  CUcontext primary;
  struct CUctx_st context;     /* what cuCtxFromGreenCtx gives */
  struct CUstream_st gate;     /* what all its work waits for */
  struct CUstream_st gatherer; /* waits for all its work */
};

/* With gpu.lock held: a marker behind all that its streams hold. */
uint64_t green_marker(CUgreenCtx green);

#endif
