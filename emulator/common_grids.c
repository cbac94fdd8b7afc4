/* The grids of one process on the compute engine: which has how many of the multiprocessors that the process has.
 *
 * They are given by priority, then in the order in which the grids came: each gets as many as it can use of what is
 * left. Blocks are not interrupted: a grid keeps what it was given up to the end of its wave of blocks, also when one
 * of a higher priority comes. So do those of each party divide what it has: see common_sets.c. */
#include <math.h>
#include <string.h>

#include "common_journal.h"
#include "common_parts.h"

static const double tiny = 1e-9; /* of the multiprocessors: less is rounding */

static bool is_of(const item *i, uint32_t party) { return party == EVERY_PARTY || i->party == party; }

/* What one and those of its party may use. */
static double may_use_with(const slot *s, int d, const item *i) {
  return fmax(i->share, i->room > 0 ? i->room : s->seats[d].part);
}

static double may_use(slot *s, int d, uint32_t of) {
  double most = 0;
  for (int k = 0; k < s->seats[d].grids; k++)
    if (is_of(slot_grid(s, d, k), of)) most = fmax(most, may_use_with(s, d, slot_grid(s, d, k)));
  return most;
}

double grids_use(slot *s, int d, uint32_t of) {
  double sum = 0;
  for (int k = 0; k < s->seats[d].grids; k++)
    if (is_of(slot_grid(s, d, k), of)) sum += slot_grid(s, d, k)->share;
  return fmin(sum, may_use(s, d, of));
}

int64_t compute_completion(const item *i, double rate, int64_t t) {
  if (i->flags & ITEM_OPEN) return NEVER;
  if (i->flags & ITEM_WALL) return later(t, (i->begin == NEVER ? t : i->begin) + i->cost);
  return t + (int64_t)ceil(i->left / rate - 1e-6);
}

/* ---- waves ---- */

/* What is left of its cost at the end of its wave. */
static double left_after_wave(const item *i) { return (ceil(i->left / i->wave) - 1) * i->wave; }

/* Between two waves it is within a nanosecond, since events have whole ones. */
static bool is_in_wave(const item *i) {
  if (i->got <= 0 || i->begin == NEVER) return false;
  if (i->flags & ITEM_WALL) return true;
  return i->wave > 0 && left_after_wave(i) + i->wave - i->left >= 1.0 && i->left - left_after_wave(i) > 1e-6;
}

/* When it lets go of its multiprocessors, at the earliest. */
static int64_t release(const item *i, double rate, int64_t t) {
  if (i->flags & ITEM_WALL) return compute_completion(i, rate, t);
  if (!is_in_wave(i)) return t;
  return t + (int64_t)ceil((i->left - left_after_wave(i)) / rate - 1e-6);
}

/* ---- giving ---- */

/* Those of a party by priority; returns how many. */
static int sort(slot *s, int d, uint32_t of, item **grid) {
  int count = 0;
  for (int k = 0; k < s->seats[d].grids; k++) {
    item *i = slot_grid(s, d, k);
    if (!is_of(i, of)) continue;
    int at = count++;
    for (; at > 0 && grid[at - 1]->priority > i->priority; at--) grid[at] = grid[at - 1];
    grid[at] = i;
  }
  return count;
}

static void give(slot *s, int d, uint32_t of, double left) {
  item *grid[GRIDS];
  double kept = 0; /* by those that are still to come */
  int count = sort(s, d, of, grid);
  for (int k = 0; k < count; k++) {
    note_item(grid[k]);
    if (!is_in_wave(grid[k])) grid[k]->got = 0;
    kept += grid[k]->got;
  }
  for (int k = 0; k < count; k++) {
    item *i = grid[k];
    kept = kept - i->got > tiny ? kept - i->got : 0;
    i->got = fmin(i->share, fmax(fmin(i->got, left), left - kept));
    if (i->got < tiny) i->got = 0;
    left -= i->got;
  }
}

void grids_serve(slot *s, int d, uint32_t of, double given, double factor) {
  if (given > 0) give(s, d, of, given);
  s->seats[d].at_work = given > 0 && s->seats[d].grids > 0;
  for (int k = 0; k < s->seats[d].grids; k++) {
    item *i = slot_grid(s, d, k);
    if (!is_of(i, of)) continue;
    i->rate = given > 0 ? i->got / i->share * factor : 0;
  }
}

/* Whether one of a higher priority would take more than it has. */
static bool is_wanted(slot *s, int d, const item *held) {
  for (int k = 0; k < s->seats[d].grids; k++) {
    const item *i = slot_grid(s, d, k);
    if (i->priority < held->priority && i->got < i->share - tiny && is_of(i, held->party)) return true;
  }
  return false;
}

int64_t grids_next(slot *s, int d, int64_t t) {
  int64_t next = NEVER;
  for (int k = 0; k < s->seats[d].grids; k++) {
    const item *i = slot_grid(s, d, k);
    if (i->rate <= 0) continue;
    next = earlier(next, compute_completion(i, i->rate, t));
    if (is_in_wave(i) && is_wanted(s, d, i)) next = earlier(next, release(i, i->rate, t));
  }
  return next;
}

int64_t grids_vacancy(slot *s, int d, const item *newcomer, int64_t t) {
  double used = 0;
  int64_t first = NEVER;
  for (int k = 0; k < s->seats[d].grids; k++) {
    const item *i = slot_grid(s, d, k);
    if (i->got <= 0 || !is_of(i, newcomer->party)) continue;
    used += i->got;
    first = earlier(first, newcomer->priority < i->priority ? release(i, 1.0, t) : compute_completion(i, 1.0, t));
  }
  return used >= fmax(may_use(s, d, newcomer->party), may_use_with(s, d, newcomer)) - tiny ? first : t;
}

/* ---- the list ---- */

void grids_remove(slot *s, int d, uint64_t serial) {
  seat *t = &s->seats[d];
  for (int k = 0; k < t->grids; k++) {
    if (t->grid[k] != serial) continue;
    memmove(&t->grid[k], &t->grid[k + 1], (size_t)(t->grids - k - 1) * sizeof t->grid[0]);
    t->grids--;
    return;
  }
}
