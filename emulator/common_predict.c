/* Prediction of ends and begins: exact for a process alone with one stream at work, else lower bounds, as long as all
 * work lasts as long as its cost says: see schedule_end. */
#include <math.h>

#include "common_parts.h"

static int64_t estimated_ready(slot *s, const item *i, int64_t all) {
  int64_t ready = i->flags & ITEM_AFTER_ALL ? later(i->arrive, all) : i->arrive;
  for (int k = 0; k < PREDECESSORS && i->after[k]; k++) {
    const item *before = slot_item(s, i->after[k]);
    if (before->serial != i->after[k]) continue;
    ready = later(ready, before->phase == PHASE_DONE ? before->end : before->estimate);
  }
  return ready;
}

/* Of one that ends by the clock: it notices when its turn comes, which is after what has been computed so far. */
static int64_t overdue(const machine *m, int64_t due, int64_t served) {
  return later(due, due > m->time ? served : later(served, m->time + 1));
}

/* `served`: when its engine can serve it, at the earliest. */
static int64_t estimated_end(const machine *m, const config *c, const item *i, int64_t begin, int64_t served) {
  if (i->flags & ITEM_OPEN) return NEVER;
  if (begin == NEVER) return NEVER;
  if (i->engine >= ENGINE_H2D || i->engine == ENGINE_NONE) return begin + i->cost;
  if (i->flags & ITEM_WALL) return overdue(m, begin + i->cost, served);
  double part = c->side_by_side && c->sm_share > 0 ? fmin(1.0, c->sm_share / i->share) : 1.0;
  double rate = memory_best_rate(i, part);
  if (i->flags & ITEM_CLOCKED) rate *= clock_alone(c, i, part); /* the others that are busy slow it further */
  rate *= fmax(schedule_throttle(m, c, begin), schedule_throttle(m, c, begin + (int64_t)i->left));
  return begin + (int64_t)ceil(i->left / rate - 1e-6);
}

/* When the compute engine can serve this slot, at the earliest. */
static int64_t compute_free(const machine *m, const config *c, int d, const slot *s) {
  const device *v = &m->device[d];
  if (c->side_by_side || v->owner < 0) return m->time;
  slot *owner = (slot *)&m->slots[v->owner];
  if (is_together(owner, s)) return later(m->time, v->switch_end);
  if (!wants_compute(owner, d)) return m->time;
  int64_t out_of_work = m->time, kept = m->time;
  for (int k = 0; k < owner->seats[d].grids; k++) {
    const item *i = slot_grid(owner, d, k);
    out_of_work = later(out_of_work, compute_completion(i, 1.0, m->time));
    if (c->preemption == 0 && i->begin != NEVER) kept = later(kept, compute_completion(i, 1.0, m->time));
  }
  int64_t passed_on = earlier(out_of_work, later(v->slice_end, kept));
  return passed_on == NEVER ? NEVER : passed_on + c->switch_ns;
}

/* When one device's engines and hardware queues can take one slot's next item, at the earliest. */
typedef struct outlook {
  int64_t latest; /* end of any item so far */
  int64_t compute;
  int64_t copy[ENGINES];         /* while one at a time is on its way: not before that ends */
  int64_t left[HARDWARE_QUEUES]; /* the newest item so far has left the queue for the engine */
} outlook;

static outlook outlook_of(machine *m, const config *c, int d, slot *s, int64_t steady) {
  outlook o = {.compute = compute_free(m, c, d, s), .latest = s->seats[d].last_end};
  for (int e = ENGINE_H2D; e < ENGINES; e++) o.copy[e] = m->time;
  for (int k = 0; k < s->seats[d].copies; k++) {
    item *i = slot_item(s, s->seats[d].copy[k]);
    i->estimate = copy_end(m, i, steady);
    if (copies_in_turn(c, i->engine)) o.copy[i->engine] = i->estimate;
  }
  return o;
}

/* Of one on the compute engine. */
static int64_t estimated_begin(outlook *o, slot *s, const item *i, int64_t ready) {
  if (i->flags & ITEM_WALL && i->begin != NEVER) return i->begin;
  if (i->phase == PHASE_WAITING) ready = o->left[i->queue] = later(o->left[i->queue], ready);
  ready = later(ready, o->compute);
  return i->got > 0 || ready == NEVER ? ready : later(ready, grids_vacancy(s, i->device, i, o->compute));
}

/* Begin and estimate of the end of one that is not done. */
static int64_t estimate(outlook *o, const machine *m, const config *c, slot *s, item *i, int64_t ready) {
  int64_t begin = ready;
  if (i->engine == ENGINE_COMPUTE)
    begin = estimated_begin(o, s, i, ready);
  else if (i->engine != ENGINE_NONE)
    begin = later(ready, i->phase == PHASE_CURRENT ? m->time : o->copy[i->engine]);
  if (i->engine >= ENGINE_H2D && i->phase == PHASE_CURRENT) return begin; /* outlook_of knows its end */
  i->estimate = estimated_end(m, c, i, begin, o->compute);
  return begin;
}

/* Estimates begin or end of `serial`, walking the queue once in order. */
static int64_t walk(machine *m, const config *c, slot *s, uint64_t serial, scope of, bool begin_wanted) {
  outlook outlooks[DEVICES];
  int64_t steady = copies_steady(m, c);
  for (int d = 0; d < m->devices; d++) outlooks[d] = outlook_of(m, c, d, s, steady);
  for (uint64_t k = s->first; k <= serial; k++) {
    item *i = slot_item(s, k);
    outlook *o = &outlooks[i->device];
    if (i->phase == PHASE_DONE) continue;
    int64_t begin = estimate(o, m, c, s, i, estimated_ready(s, i, o->latest));
    o->latest = later(o->latest, i->estimate);
    if (k == serial && begin_wanted) return i->begin != NEVER ? i->begin : begin;
  }
  return of == ITEM_ALONE ? slot_item(s, serial)->estimate : outlooks[of].latest;
}

int64_t schedule_end(machine *m, const config *c, slot *s, uint64_t serial, scope of) {
  if (!schedule_all_done(s, serial, of)) return walk(m, c, s, serial, of, false);
  if (of != ITEM_ALONE) return s->seats[of].last_end;
  const item *i = slot_item(s, serial);
  return i->serial == serial ? i->end : 0;
}

int64_t schedule_begin(machine *m, const config *c, slot *s, uint64_t serial) {
  item *i = slot_item(s, serial);
  if (i->serial != serial) return 0;
  return i->begin != NEVER ? i->begin : walk(m, c, s, serial, ITEM_ALONE, true);
}
