/* What the files of the schedule share among themselves. */
#ifndef GVB_EMULATOR_PARTS_H
#define GVB_EMULATOR_PARTS_H

#include "common_clock.h"
#include "common_schedule.h"

static inline int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

static inline bool wants_compute(const slot *s, int d) { return s->pid && s->seats[d].grids > 0; }

/* The clients of one MPS server take turns with others as if they were one process. */
static inline bool is_together(const slot *a, const slot *b) { return a == b || (a->server && a->server == b->server); }

static inline bool is_active(const slot *s) { return s->pid && s->first <= s->head; }

/* When what it waits for has ended, or NEVER while some of that has not. */
int64_t ready_time(slot *s, const item *i);

void finish_item(machine *m, slot *s, item *i, int64_t end);

/* ---- the copy engines of device d: see common_copies.c ---- */

void start_copies(machine *m, int d, int64_t t);
void finish_copies(machine *m, int d, int64_t t);
void repair_copies(machine *m, int d);

/* ---- the compute engine: see common_share.c, and common_sets.c for sets of multiprocessors ---- */

/* Whether a grid of those that have the engine (with an owner: in its turn) is bound to a set of multiprocessors. */
bool sets_matter(machine *m, int d, const slot *owner);

/* Divides the multiprocessors among them. */
void sets_share_out(machine *m, const config *c, int d, const slot *owner, double cap, double factor);

/* Sets the service rate of each grid of one device at t and returns when these rates end, at the latest. */
int64_t compute_rates(machine *m, const config *c, int d, int64_t t);

/* When an item that is served at a rate from t on ends. */
int64_t compute_completion(const item *i, double rate, int64_t t);

/* Books the time from `from` to `to` as busy for the slots that are at work there. */
void charge_busy(machine *m, int d, int64_t from, int64_t to);

/* ---- the grids of one process on device d: see common_grids.c ---- */

static inline item *slot_grid(slot *s, int d, int k) { return slot_item(s, s->seats[d].grid[k]); }

/* The share of the multiprocessors that they can use together. `of`: only those of that party. */
#define EVERY_PARTY UINT32_MAX
double grids_use(slot *s, int d, uint32_t of);

/* Gives them that share; 0 = the process does not have the engine. `factor` throttles. */
void grids_serve(slot *s, int d, uint32_t of, double given, double factor);

/* When the first that are served end, or let go of multiprocessors that others wait for. */
int64_t grids_next(slot *s, int d, int64_t t);

/* When one that has none yet can have some multiprocessors, at the earliest, if they are served from t on. */
int64_t grids_vacancy(slot *s, int d, const item *newcomer, int64_t t);

void grids_remove(slot *s, int d, uint64_t serial);
void grids_repair(slot *s, int d);

#endif
