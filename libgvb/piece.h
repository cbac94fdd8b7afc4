/* A piece of work that loads one part of the device, launched again and again, and its verification. */
#ifndef GVB_PIECE_H
#define GVB_PIECE_H

#include "compute.h"
#include "gvb.h"

typedef struct gvb_piece {
  int32_t kernel; /* gvb_rate_kernel */
  unsigned blocks;
  gvb_fma fma;
  CUdeviceptr memory;    /* arrays, one after the other; of atomics: counters */
  CUdeviceptr out;       /* what the kernels add up */
  uint64_t arrays;       /* that the kernel goes through */
  uint64_t words;        /* of an array */
  uint64_t part, passes; /* of a launch: words of each array, and how often */
  uint64_t operations;   /* of atomics: of a thread */
  uint64_t launched;     /* since the last verification */
  uint64_t next;         /* word where the next launch begins */
  uint64_t sum;          /* that `out` must be */
  int64_t work;          /* of a launch: FLOP, bytes or additions */
} gvb_piece;

/* `amount` is what a launch does: iterations of fma, additions of each thread, else bytes. `bytes` are those of all
 * arrays together; of atomics, 128 for each address. */
int gvb_piece_make(gvb_piece *p, int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks);
int gvb_piece_free(gvb_piece *p);
int gvb_piece_launch(gvb_piece *p);

/* Compares what the launches since the last time left with what they must have; the stream is idle. */
int gvb_piece_verify(gvb_piece *p);

/* Whether the arguments can be. */
int gvb_need_piece(int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks);

#endif
