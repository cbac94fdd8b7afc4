/* Launches in flight: an event after each, or after each group, in a ring. */
#ifndef GVB_FLIGHT_H
#define GVB_FLIGHT_H

#include <stdbool.h>

#include "context.h"

enum { GVB_DEEPEST_FLIGHT = 1024 };

typedef struct gvb_flight {
  CUevent events[GVB_DEEPEST_FLIGHT];
  int64_t depth;
  int64_t taken_off, landed;
  int32_t wait;    /* gvb_wait */
  CUstream stream; /* that they fly on; the context's unless set after gvb_flight_make */
} gvb_flight;

int gvb_flight_make(gvb_flight *f, int64_t depth, int32_t wait);
int gvb_flight_free(gvb_flight *f);

static inline bool gvb_flight_full(const gvb_flight *f) { return f->taken_off - f->landed == f->depth; }

/* Records the event of what has just been launched; the flight is not full. */
int gvb_flight_take_off(gvb_flight *f);

/* Waits for the oldest, in the flight's way; there is one. */
int gvb_flight_land(gvb_flight *f);

/* Whether the oldest has just landed; asks, does not wait. */
int gvb_flight_try_land(gvb_flight *f, bool *landed);

/* Waits for all. */
int gvb_flight_empty(gvb_flight *f);

#endif
