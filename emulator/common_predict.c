/* Prediction of ends and begins: exact for a process alone, else lower bounds. */
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

static int64_t estimated_end(const machine *m, const config *c, const item *i, int64_t begin) {
  if (i->flags & ITEM_OPEN) return NEVER;
  if (begin == NEVER) return NEVER;
  if (i->engine >= ENGINE_H2D || i->engine == ENGINE_NONE || i->flags & ITEM_WALL) return begin + i->cost;
  double rate = c->side_by_side && c->sm_share > 0 ? fmin(1.0, c->sm_share / i->share) : 1.0;
  rate *= fmax(schedule_throttle(m, c, begin), schedule_throttle(m, c, begin + (int64_t)i->left));
  return begin + (int64_t)ceil(i->left / rate - 1e-6);
}

/* When the compute engine can serve this slot, at the earliest. */
static int64_t compute_free(const machine *m, const config *c, const slot *s) {
  if (c->side_by_side || m->owner < 0) return m->time;
  const slot *owner = &m->slots[m->owner];
  if (is_together(owner, s)) return later(m->time, m->switch_end);
  if (!wants_compute(owner)) return m->time;
  int64_t out_of_work = compute_completion(slot_item((slot *)owner, owner->current[ENGINE_COMPUTE]), 1.0, m->time);
  return earlier(out_of_work, later(m->slice_end, m->time)) + c->switch_ns;
}

/* Estimates begin or end of `serial`, walking the queue once in order. */
static int64_t walk(machine *m, const config *c, slot *s, uint64_t serial, bool all, bool begin_wanted) {
  int64_t free_at[ENGINES] = {0}, latest = s->last_end;
  free_at[ENGINE_COMPUTE] = compute_free(m, c, s);
  for (int e = ENGINE_H2D; e < ENGINES; e++) free_at[e] = m->copy_slot[e] >= 0 ? m->copy_end[e] : m->time;
  for (uint64_t k = s->first; k <= serial; k++) {
    item *i = slot_item(s, k);
    if (i->phase == PHASE_DONE) continue;
    int64_t begin = estimated_ready(s, i, latest);
    bool served = i->engine >= ENGINE_H2D && i->begin != NEVER;
    if (i->flags & ITEM_WALL && i->begin != NEVER)
      begin = i->begin;
    else if (served)
      begin = i->begin;
    else if (i->engine != ENGINE_NONE)
      begin = later(begin, free_at[i->engine]);
    i->estimate = estimated_end(m, c, i, begin);
    if (i->engine != ENGINE_NONE) free_at[i->engine] = i->estimate;
    latest = later(latest, i->estimate);
    if (k == serial && begin_wanted) return i->begin != NEVER ? i->begin : begin;
  }
  return all ? latest : slot_item(s, serial)->estimate;
}

int64_t schedule_end(machine *m, const config *c, slot *s, uint64_t serial, bool all) {
  if (all) return s->first > serial ? s->last_end : walk(m, c, s, serial, true, false);
  if (!schedule_done(s, serial)) return walk(m, c, s, serial, false, false);
  const item *i = slot_item(s, serial);
  return i->serial == serial ? i->end : 0;
}

int64_t schedule_begin(machine *m, const config *c, slot *s, uint64_t serial) {
  item *i = slot_item(s, serial);
  if (i->serial != serial) return 0;
  return i->begin != NEVER ? i->begin : walk(m, c, s, serial, false, true);
}
