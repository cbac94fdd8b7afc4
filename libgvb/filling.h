/* A list of blocks that a tenant was given until it was refused. */
#ifndef GVB_FILLING_H
#define GVB_FILLING_H

#include <stdbool.h>

#include "allocator.h"

typedef struct gvb_filling {
  int32_t api, resolution;
  int64_t chunk_max, chunk_min, ceiling; /* bytes */
  gvb_allocator allocator;
  bool is_open;
  gvb_block *blocks; /* with their sizes, whatever the api */
  int64_t count;
  /* of the last gvb_fill: */
  int64_t bytes, calls;
  CUresult code; /* of the last attempt; success: the ceiling ended it */
} gvb_filling;

/* Refuses sizes that cannot be. */
int gvb_filling_check(int32_t api, int64_t chunk_max, int64_t chunk_min, int64_t ceiling);

/* Room for the blocks; GVB_ERROR_UNSUPPORTED where the device lacks the api. */
int gvb_filling_set_up(gvb_filling *f);

/* Gives back what is held, then takes chunk_max until it is refused or above the ceiling, half of it, ... chunk_min. */
int gvb_fill(gvb_filling *f);

/* Gives back what is held. */
int gvb_empty(gvb_filling *f);

/* The same, and the room. */
int gvb_filling_release(gvb_filling *f);

#endif
