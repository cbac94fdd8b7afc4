/* Launches of gvb_empty, counted on the device and by the host. */
#ifndef GVB_COUNT_H
#define GVB_COUNT_H

#include "context.h"

typedef struct gvb_count {
  CUdeviceptr counter;
  void *arguments[1]; /* of the kernel */
  uint64_t launched;  /* by the host, to be raised with each launch that was accepted */
  uint64_t verified;  /* of those, at the last comparison */
} gvb_count;

int gvb_count_make(gvb_count *c);
int gvb_count_free(gvb_count *c);

/* Compares the device's count with the host's; the stream is idle. */
int gvb_count_verify(gvb_count *c);

/* Reads a count from the device, a second time where it is not what is expected: a copy that loses data is told from
 * work that is lost. */
int gvb_count_read(CUdeviceptr counter, uint64_t expected, uint64_t *found);

/* The verdict on `ran` of `launched`; the sentence says how many never ran. */
int gvb_count_compare(uint64_t ran, uint64_t launched);

#endif
