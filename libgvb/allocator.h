/* One way to get and give back device memory. */
#ifndef GVB_ALLOCATOR_H
#define GVB_ALLOCATOR_H

#include "context.h"

typedef struct gvb_allocator {
  int32_t api;
  const gvb_driver *cuda; /* as its way finds them */
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
  CUarray array;
} gvb_block;

/* The answer of the call that failed, or success. */
typedef struct gvb_answer {
  CUresult code;
  const char *call;
} gvb_answer;

/* GVB_ERROR_UNSUPPORTED where the device or driver lacks the api. */
int gvb_allocator_open(gvb_allocator *a, int32_t api, int32_t resolution);

int gvb_allocator_close(gvb_allocator *a);

#define GVB_ANSWER(a, name, ...) ((gvb_answer){(a)->cuda->name(__VA_ARGS__), #name})

gvb_answer gvb_block_new_other(const gvb_allocator *a, size_t bytes, gvb_block *block);
gvb_answer gvb_block_free_other(const gvb_allocator *a, gvb_block *block);

/* These two lie in timed intervals: the calls and nothing more. Inline, since the plain ones take less than 1 us. */
static inline gvb_answer gvb_block_new(const gvb_allocator *a, size_t bytes, gvb_block *block) {
  if (a->api != GVB_MEMORY_PLAIN) return gvb_block_new_other(a, bytes, block);
  block->address = 0;
  return GVB_ANSWER(a, cuMemAlloc_v2, &block->address, bytes);
}

static inline gvb_answer gvb_block_free(const gvb_allocator *a, gvb_block *block) {
  if (a->api != GVB_MEMORY_PLAIN) return gvb_block_free_other(a, block);
  const CUdeviceptr address = block->address;
  block->address = 0;
  return GVB_ANSWER(a, cuMemFree_v2, address);
}

static inline int gvb_answer_status(gvb_answer answer) { return gvb_cuda_status(answer.call, answer.code); }

#endif
