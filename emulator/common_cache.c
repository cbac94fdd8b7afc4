/* What the L2 of a device holds: parts of the working sets that were used last.
 *
 * A kernel goes through its set of w bytes in one order, again and again, in an L2 of C bytes.
 *   lru: all is found if all sets in use together fit, else nothing, since each line is driven out just before its
 * turn. A set that waits keeps all its lines as long as it and what others brought in since then fit, else it loses
 * all: its first miss drives out the line that it needs next. random: a line is found if none of the misses since its
 * last use hit it. Those are (w/C)(1 - h) C of them, each of which drives out one line in C: h = (1 - 1/C)^((w/C)(1-h)
 * C), which is exp(-(w/C)(1 - h)); see Zhou, "An Efficient Simulation Algorithm for Cache of Random Replacement
 * Policy", NPC 2010. Of a set that waits, E bytes that others bring into a full L2 leave exp(-E/C). Sets in use at one
 * time count as one of their sum. That L2 of NVIDIA's devices is not strictly LRU: Mei and Chu, "Dissecting GPU Memory
 * Hierarchy through Microbenchmarking", IEEE TPDS 2017. A pass begins with what is there and ends with what the rule
 * says. */
#include <math.h>
#include <string.h>

#include "common_journal.h"
#include "common_parts.h"

l2 cache_of(const machine *m, const config *c, int d, const slot *s) {
  double part = c->l2_partition ? share_promised(c, d, s) : 1.0;
  return (l2){.number = c->l2_partition ? slot_index(m, s) : 0,
              .bytes = (double)c->device[d].l2_bytes * c->l2_effective * part,
              .bandwidth = (double)c->device[d].l2_bandwidth * 1e-9 * c->rate * part};
}

/* ---- working sets ---- */

static bool is_of(const cached *one, const slot *s, const item *i) {
  return one->owner == s->order && one->base == i->moves.base;
}

/* The oldest makes room. */
static cached *place_for(device *v) {
  cached *chosen = v->l2;
  for (cached *one = v->l2; one < v->l2 + CACHED; one++)
    if (one->stamp < chosen->stamp) chosen = one;
  return chosen;
}

static cached *set_of(machine *m, const config *c, int d, const slot *s, const item *i) {
  device *v = &m->device[d];
  cached *found = NULL;
  note_l2(v);
  for (cached *one = v->l2; one < v->l2 + CACHED && !found; one++)
    if (is_of(one, s, i)) found = one;
  if (!found) {
    found = place_for(v);
    *found = (cached){.owner = s->order, .base = i->moves.base};
  }
  if (i->moves.set > found->bytes && found->bytes > 0) found->hits *= found->bytes / i->moves.set;
  found->bytes = i->moves.set;
  found->l2 = cache_of(m, c, d, s).number;
  found->stamp = ++v->uses;
  return found;
}

static bool uses_set(const item *i) { return i->rate > 0 && i->moves.set > 0; }

/* ---- which part is found ---- */

static double in_use(const device *v, int number) {
  double sum = 0;
  for (const cached *one = v->l2; one < v->l2 + CACHED; one++)
    if (one->in_use && one->l2 == number) sum += one->bytes;
  return sum;
}

/* h = exp(-x (1 - h)): below 1 only for x above 1. From 0 the iteration rises to the smallest solution. */
static double found_at_random(double x) {
  double h = 0, before = -1;
  if (x <= 1) return 1.0;
  for (int k = 0; k < 10000 && h - before > 1e-12; k++) {
    before = h;
    h = exp(-x * (1 - h));
  }
  return h;
}

static double steady(const config *c, double sets, double bytes) {
  if (c->l2_random) return found_at_random(sets / bytes);
  return sets <= bytes ? 1.0 : 0.0;
}

static void for_each_user(machine *m, const config *c, int d, void (*act)(machine *, const config *, slot *, item *)) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    for (int k = 0; s->seats[d].at_work && k < s->seats[d].grids; k++)
      if (uses_set(slot_grid(s, d, k))) act(m, c, s, slot_grid(s, d, k));
}

static void look(machine *m, const config *c, slot *s, item *i) {
  cached *mine = set_of(m, c, i->device, s, i);
  mine->in_use = true;
  i->hits = mine->hits;
}

void cache_look(machine *m, const config *c, int d) {
  for (cached *one = m->device[d].l2; one < m->device[d].l2 + CACHED; one++) one->in_use = false;
  for_each_user(m, c, d, look);
  for (slot *s = m->slots; s < slots_end(m); s++) {
    if (!s->seats[d].at_work) continue;
    const l2 mine = cache_of(m, c, d, s);
    const double goal = steady(c, in_use(&m->device[d], mine.number), mine.bytes);
    for (int k = 0; k < s->seats[d].grids; k++) slot_grid(s, d, k)->goal = goal;
  }
}

/* ---- passes ---- */

/* What is left of the cost when this pass ends. */
static double left_after_pass(const item *i) {
  double pass = (double)i->cost / i->moves.passes;
  return fmax(0.0, (ceil(i->left / pass - 1e-9) - 1) * pass);
}

static double left_at_tally(const item *i) { return (double)i->cost * (1 - i->moves.uncounted); }

int64_t cache_next(machine *m, int d, int64_t t) {
  int64_t next = NEVER;
  for (slot *s = m->slots; s < slots_end(m); s++) {
    for (int k = 0; s->seats[d].at_work && k < s->seats[d].grids; k++) {
      item *i = slot_grid(s, d, k);
      if (!uses_set(i)) continue;
      i->mark = i->hits != i->goal ? left_after_pass(i) : 0;
      if (i->left > left_at_tally(i)) i->mark = fmax(i->mark, left_at_tally(i));
      if (i->mark > 0) next = earlier(next, later(t + 1, t + (int64_t)ceil((i->left - i->mark) / i->rate - 1e-6)));
    }
  }
  return next;
}

/* ---- what drives out what ---- */

static double unused(const device *v, const l2 *where) {
  double sum = where->bytes;
  for (const cached *one = v->l2; one < v->l2 + CACHED; one++)
    if (one->owner && one->l2 == where->number) sum -= one->resident;
  return fmax(0.0, sum);
}

/* Bytes of `by` (NULL: of nothing that is used again) come in. What sets in use do to each other is in their goal. */
static void bring_in(device *v, const config *c, const l2 *where, cached *by, double bytes) {
  note_l2(v);
  const double stays = exp(-fmax(0.0, bytes - unused(v, where)) / where->bytes);
  for (cached *one = v->l2; one < v->l2 + CACHED; one++) {
    if (!one->owner || one == by || one->l2 != where->number || (by && one->in_use)) continue;
    one->since += bytes;
    if (c->l2_random) {
      one->hits *= stays;
      one->resident *= stays;
    } else if (one->bytes + one->since > where->bytes) {
      one->hits = one->resident = 0;
    }
  }
  if (by) by->resident = fmin(fmin(by->bytes, where->bytes), by->resident * (c->l2_random ? stays : 1) + bytes);
}

static void count(item *i, double served) {
  note_item(i);
  double counted = fmin(served, fmax(0.0, left_at_tally(i) - (i->left - served)));
  i->tally.hits += counted * i->hits;
  i->tally.misses += counted * (1 - i->hits);
  i->tally.hit_load += counted * i->hits * i->hit_load;
  i->tally.miss_load += counted * (1 - i->hits) * i->miss_load;
}

static void serve_set(machine *m, const config *c, slot *s, item *i, double served) {
  const l2 where = cache_of(m, c, i->device, s);
  cached *mine = set_of(m, c, i->device, s, i);
  double missed = served / (double)i->cost * i->moves.passes * i->moves.set * (1 - i->hits);
  mine->since = 0;
  if (missed > 0) bring_in(&m->device[i->device], c, &where, mine, missed);
  count(i, served);
  if (i->hits == i->goal || i->left - served > left_after_pass(i) + 1e-6) return;
  mine->hits = i->goal;
  if (c->l2_random) mine->resident = i->goal * mine->bytes;
}

void cache_serve(machine *m, const config *c, int d, int64_t from, int64_t to) {
  for (slot *s = m->slots; s < slots_end(m); s++) {
    for (int k = 0; s->seats[d].at_work && k < s->seats[d].grids; k++) {
      item *i = slot_grid(s, d, k);
      const double served = fmin(i->left, (double)(to - from) * i->rate);
      if (served <= 0 || !moves_data(i)) continue;
      if (i->moves.set > 0) {
        serve_set(m, c, s, i, served);
      } else {
        const l2 where = cache_of(m, c, d, s);
        bring_in(&m->device[d], c, &where, NULL, served / (double)i->cost * i->moves.bytes);
      }
    }
  }
}

void cache_flush(machine *m, int d) {
  note_l2(&m->device[d]);
  for (cached *one = m->device[d].l2; one < m->device[d].l2 + CACHED; one++) one->hits = one->resident = 0;
}
