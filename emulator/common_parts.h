/* What the files of the schedule share among themselves. */
#ifndef GVB_EMULATOR_PARTS_H
#define GVB_EMULATOR_PARTS_H

#include "common_clock.h"
#include "common_schedule.h"

static inline int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

static inline bool wants_compute(const slot *s) { return s->pid && s->current[ENGINE_COMPUTE]; }

/* The clients of one MPS server take turns with others as if they were one process. */
static inline bool is_together(const slot *a, const slot *b) { return a == b || (a->server && a->server == b->server); }

/* Fills the service rate of each slot at t and returns when these rates end, at the latest. */
int64_t compute_rates(machine *m, const config *c, int64_t t, double *rate);

/* When an item that is served at a rate from t on ends. */
int64_t compute_completion(const item *i, double rate, int64_t t);

/* Books the time from `from` to `to` as busy for the slots that have a rate. */
void charge_busy(machine *m, const double *rate, int64_t from, int64_t to);

#endif
