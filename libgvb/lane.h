/* A lane: copies in one direction between host and device, one after the other on a stream, and what must arrive.
 *
 * Copies go to several destinations in turn. Destinations are cleared while nobody counts: when the lane is made, and
 * after each verification. */
#ifndef GVB_LANE_H
#define GVB_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "gvb.h"

#define GVB_LANE_MOST_BYTES (16LL << 30)

typedef struct gvb_lane {
  int32_t kind; /* gvb_copy_kind: one of the two directions */
  int32_t host; /* gvb_host_memory */
  int32_t payload;
  size_t bytes; /* of a copy */
  CUstream stream;
  CUdeviceptr device;
  CUdeviceptr found; /* wrong words, lowest index of one; then a sum */
  char *memory;      /* the host's */
  size_t memory_bytes, device_bytes;
  uint64_t destinations;
  uint64_t copies;   /* so far */
  uint64_t verified; /* of those, at the last verification */
  int node, near;    /* NUMA nodes: of the host's memory, of the device */
} gvb_lane;

/* Fills in and makes a lane; kind, host, payload and bytes are set, and a stream if it is not the context's. One copy
 * is made and verified. */
int gvb_lane_make(gvb_lane *lane);
int gvb_lane_free(gvb_lane *lane);

/* The next copy, queued on the stream, or made by the synchronous call; returns what the driver does. */
CUresult gvb_lane_queue(gvb_lane *lane);
CUresult gvb_lane_call(gvb_lane *lane);

/* The names of the calls. */
const char *gvb_lane_queue_name(const gvb_lane *lane);
const char *gvb_lane_call_name(const gvb_lane *lane);

/* Compares what the last copies to each destination brought, word by word, on the device for copies to it; then clears
 * all destinations. The stream is idle. */
int gvb_lane_verify(gvb_lane *lane);

int gvb_need_lane(int32_t host, int32_t payload, int64_t bytes);

#endif
