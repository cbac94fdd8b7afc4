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

void finish_item(slot *s, item *i, int64_t end);

/* ---- the copies of all devices: see common_copies.c ---- */

/* An engine for another copy of this process? */
bool copies_have_room(const config *c, slot *s, int d, engine e);

/* Whether a process has one copy of that kind on its way at a time. */
bool copies_in_turn(const config *c, engine e);

/* Sets the rate of each copy at t and returns when the first ends. */
int64_t copies_serve(machine *m, const config *c, int64_t t);

/* Those of device d run at these rates. */
void copies_progress(machine *m, int d, int64_t from, int64_t to);

/* Sets the rates of now; until the moment returned none rises, whatever comes, as long as nothing is taken off. */
int64_t copies_steady(machine *m, const config *c);

/* The end of one that is on its way: a lower bound, exact where nothing comes or ends before it. */
int64_t copy_end(const machine *m, const item *i, int64_t steady);

void copies_remove(slot *s, int d, uint64_t serial);

/* ---- the compute engine: see common_share.c, and common_sets.c for sets of multiprocessors ---- */

/* Whether a grid of those that have the engine (with an owner: in its turn) is bound to a set of multiprocessors. */
bool sets_matter(machine *m, int d, const slot *owner);

/* Divides the multiprocessors among them. */
void sets_share_out(machine *m, const config *c, int d, const slot *owner, double cap, double factor);

/* Sets the service rate of each grid of one device at t and returns when these rates end, at the latest. */
int64_t compute_rates(machine *m, const config *c, int d, int64_t t);

bool is_first_client(const machine *m, int d, const slot *s);

/* The part of a device's multiprocessors that a process may have, whatever others want. */
double share_promised(const config *c, int d, const slot *s);

/* When an item that is served at a rate from t on ends. */
int64_t compute_completion(const item *i, double rate, int64_t t);

/* Books the time from `from` to `to` as busy for the slots that are at work there. */
void charge_busy(machine *m, int d, int64_t from, int64_t to);

/* ---- clock and power: see common_power.c ---- */

/* Notes how many multiprocessors of device d are busy, and slows down what follows their clock. */
void clock_follow(machine *m, const config *c, int d);

/* Books what that draws. */
void charge_power(machine *m, int d, int64_t from, int64_t to);

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

/* ---- DRAM and L2 of device d: see common_memory.c ---- */

/* Lowers the rates of grids at work to what memory allows. */
void memory_rates(machine *m, const config *c, int d);

/* What grids at work move, of all that there are. */
bool moves_data(const item *i);

/* The rate of a grid with a part of its share, if nothing holds it up. */
double memory_best_rate(const item *i, double part);

/* ---- what L2 holds: see common_cache.c ---- */

/* The L2 that a process uses on a device. */
typedef struct l2 {
  int number;
  double bytes;
  double bandwidth; /* bytes per nanosecond */
} l2;

l2 cache_of(const machine *m, const config *c, int d, const slot *s);

/* Which part of their accesses L2 serves now. */
void cache_look(machine *m, const config *c, int d);

/* When that changes for one of them, at the earliest. */
int64_t cache_next(machine *m, int d, int64_t t);

/* What was brought in and driven out between two moments; before they are served. */
void cache_serve(machine *m, const config *c, int d, int64_t from, int64_t to);

/* A context switch empties it. */
void cache_flush(machine *m, int d);

#endif
