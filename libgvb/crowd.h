/* A stream of ordinary priority that keeps every multiprocessor full of arithmetic. */
#ifndef GVB_CROWD_H
#define GVB_CROWD_H

#include "compute.h"

enum { GVB_CROWD_DEPTH = 3 };

typedef struct gvb_crowd {
  CUstream stream;
  gvb_fma fma;
  CUevent events[GVB_CROWD_DEPTH];
  int64_t launched, ended;
} gvb_crowd;

/* Launches of fma(iterations) by `blocks` blocks. */
int gvb_crowd_make(gvb_crowd *c, int64_t iterations, int64_t blocks);
int gvb_crowd_free(gvb_crowd *c);

/* Launches as long as fewer than GVB_CROWD_DEPTH are in flight. */
int gvb_crowd_keep(gvb_crowd *c);

/* Waits for what was launched, and verifies it. */
int gvb_crowd_disperse(gvb_crowd *c);

#endif
