/* The fma kernel, launched and verified. */
#ifndef GVB_COMPUTE_H
#define GVB_COMPUTE_H

#include "context.h"

typedef struct gvb_fma {
  const gvb_driver *cuda; /* that launches; gvb_cuda unless set after gvb_fma_make */
  uint64_t iterations;
  unsigned blocks;
  float a, b;
  CUdeviceptr ok;
  uint64_t launched; /* all launches so far */
  uint64_t verified; /* of those, at the last comparison */
} gvb_fma;

enum { GVB_FMA_BLOCK = 256, GVB_FMA_BLOCKS_PER_SM = 8, GVB_MOST_SMS = 4096 };

/* `blocks` blocks of 256: mostly 8 for each of the SMs of the whole device, whatever a tenant sees of them. */
int gvb_fma_make(gvb_fma *f, int64_t iterations, int64_t blocks);
int gvb_fma_free(gvb_fma *f);
int gvb_fma_launch(gvb_fma *f);

/* Compares the number of threads that computed right with that of the launches; the stream is idle. */
int gvb_fma_verify(gvb_fma *f);

#endif
