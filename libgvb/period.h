/* Work that begins at some times alone: in a part of each 10 ms, or at a distance: how a neighbor is less than always
 * there. */
#ifndef GVB_PERIOD_H
#define GVB_PERIOD_H

#include <stdbool.h>

#include "clock.h"

#define GVB_PERIOD (10 * GVB_MILLISECOND)

typedef struct gvb_period {
  int64_t busy;   /* ns of each period; GVB_PERIOD: always */
  int64_t every;  /* ns from one begin to the next at least; 0: at once */
  int64_t origin; /* of the periods */
  int64_t due;    /* of the next begin */
} gvb_period;

static inline void gvb_period_start(gvb_period *p) { p->origin = p->due = gvb_clock(); }

static inline bool gvb_period_is_always(const gvb_period *p) { return p->busy >= GVB_PERIOD && p->every == 0; }

/* When the next piece may begin: now, or later. */
static inline int64_t gvb_period_next(const gvb_period *p) {
  const int64_t now = gvb_clock(), due = now > p->due ? now : p->due, into = (due - p->origin) % GVB_PERIOD;
  return into < p->busy ? due : due - into + GVB_PERIOD;
}

static inline bool gvb_period_is_open(const gvb_period *p) {
  return gvb_period_is_always(p) || gvb_period_next(p) <= gvb_clock();
}

/* A piece begins; one that is late is made up for by none. */
static inline void gvb_period_begin(gvb_period *p) {
  if (p->every > 0) p->due = gvb_clock() + p->every;
}

static inline void gvb_period_rest(const gvb_period *p) { gvb_spin_until(gvb_period_next(p)); }

#endif
