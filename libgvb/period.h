/* Work in a part of each 10 ms alone: how a neighbor is less than always there. */
#ifndef GVB_PERIOD_H
#define GVB_PERIOD_H

#include <stdbool.h>

#include "clock.h"

#define GVB_PERIOD (10 * GVB_MILLISECOND)

typedef struct gvb_period {
  int64_t busy;   /* ns of each period; GVB_PERIOD: always */
  int64_t origin; /* of the periods */
} gvb_period;

static inline bool gvb_period_is_always(const gvb_period *p) { return p->busy >= GVB_PERIOD; }

static inline bool gvb_period_is_busy(const gvb_period *p) {
  return gvb_period_is_always(p) || (gvb_clock() - p->origin) % GVB_PERIOD < p->busy;
}

/* Waits for the next period, unless this one is busy still. */
static inline void gvb_period_rest(const gvb_period *p) {
  const int64_t now = gvb_clock();
  if (!gvb_period_is_busy(p)) gvb_spin_until(now + GVB_PERIOD - (now - p->origin) % GVB_PERIOD);
}

#endif
