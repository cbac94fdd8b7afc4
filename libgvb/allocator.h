/* One way to get and give back device memory. */
#ifndef GVB_ALLOCATOR_H
#define GVB_ALLOCATOR_H

#include "context.h"

typedef struct gvb_allocator {
  int32_t api;
  CUmemoryPool pool;
  uint64_t threshold; /* the pool's own, to be put back */
  size_t granularity;
  CUmemAllocationProp kind;
  CUmemAccessDesc access;
} gvb_allocator;

typedef struct gvb_block {
  CUdeviceptr address; /* 0: none */
  size_t bytes;
  CUmemGenericAllocationHandle handle;
} gvb_block;

/* The answer of the call that failed, or success. */
typedef struct gvb_answer {
  CUresult code;
  const char *call;
} gvb_answer;

/* GVB_ERROR_UNSUPPORTED where the device or driver lacks the api. */
int gvb_allocator_open(gvb_allocator *a, int32_t api);

int gvb_allocator_close(gvb_allocator *a);

/* These two lie in timed intervals: the calls and nothing more. */
gvb_answer gvb_block_new(const gvb_allocator *a, size_t bytes, gvb_block *block);
gvb_answer gvb_block_free(const gvb_allocator *a, gvb_block *block);

static inline int gvb_answer_status(gvb_answer answer) { return gvb_cuda_status(answer.call, answer.code); }

#endif
