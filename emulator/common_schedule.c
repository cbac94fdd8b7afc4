#include "common_schedule.h"

#include <string.h>

#include "common_parts.h"

static bool active(const slot *s) { return s->pid && s->first <= s->head; }

/* ---- the queue of one process ---- */

bool schedule_has_room(const slot *s) { return s->head + 1 - s->first < QUEUE; }

uint64_t schedule_append(slot *s, const item *i) {
  item *mine = slot_item(s, s->head + 1);
  *mine = *i;
  mine->serial = s->head + 1;
  mine->phase = PHASE_WAITING;
  mine->left = (double)i->cost;
  mine->begin = NEVER;
  mine->end = NEVER;
  s->head++; /* a process that dies before this has queued nothing */
  s->waiting[i->engine]++;
  return mine->serial;
}

bool schedule_done(slot *s, uint64_t serial) {
  if (serial < s->first) return true;
  return slot_item(s, serial)->phase == PHASE_DONE;
}

void schedule_close(slot *s, uint64_t serial, int64_t end) {
  item *i = slot_item(s, serial);
  if (i->serial != serial || i->begin == NEVER) return;
  i->cost = later(0, end - i->begin);
  i->flags &= ~(uint32_t)ITEM_OPEN;
}

/* When what it waits for has ended, or NEVER while some of that has not. */
static int64_t ready_time(slot *s, const item *i) {
  if (i->flags & ITEM_AFTER_ALL) return s->first == i->serial ? later(i->arrive, s->last_end) : NEVER;
  int64_t ready = i->arrive;
  for (int k = 0; k < PREDECESSORS && i->after[k]; k++) {
    if (!schedule_done(s, i->after[k])) return NEVER;
    const item *before = slot_item(s, i->after[k]);
    if (before->serial == i->after[k]) ready = later(ready, before->end);
  }
  return ready;
}

static void finish(machine *m, slot *s, item *i, int64_t end) {
  if (i->begin == NEVER) i->begin = end;
  i->end = end;
  i->phase = PHASE_DONE;
  if (s->current[i->engine] == i->serial) s->current[i->engine] = 0;
  if (i->engine >= ENGINE_H2D && m->copy_slot[i->engine] == slot_index(m, s)) m->copy_slot[i->engine] = -1;
  s->last_end = later(s->last_end, end);
  while (s->first <= s->head && slot_item(s, s->first)->phase == PHASE_DONE) s->first++;
}

/* Items that could be admitted: those that wait for an engine which has no current item. */
static int64_t candidates(const slot *s) {
  int64_t sum = s->waiting[ENGINE_NONE];
  for (int e = ENGINE_COMPUTE; e < ENGINES; e++)
    if (!s->current[e]) sum += s->waiting[e];
  return sum;
}

static void admit_one(machine *m, slot *s, item *i, int64_t ready) {
  s->waiting[i->engine]--;
  if (i->engine == ENGINE_NONE) {
    finish(m, s, i, ready);
  } else {
    i->phase = PHASE_CURRENT;
    s->current[i->engine] = i->serial;
  }
}

/* Makes items current that are ready at t, finishes markers; returns when the next one becomes ready. */
static int64_t admit(machine *m, slot *s, int64_t t) {
  int64_t next = NEVER, left = candidates(s);
  for (uint64_t serial = s->first; serial <= s->head && left > 0; serial++) {
    item *i = slot_item(s, serial);
    if (i->phase != PHASE_WAITING || (i->engine != ENGINE_NONE && s->current[i->engine])) continue;
    int64_t ready = ready_time(s, i);
    if (ready > t) {
      next = earlier(next, ready);
      left--;
      if (i->arrive >= next) break; /* items arrive in the order of their serials: none later is ready sooner */
    } else {
      admit_one(m, s, i, ready);
      left = left - 1 < candidates(s) ? left - 1 : candidates(s);
    }
  }
  return next;
}

/* ---- the copy engines: one copy at a time, in the order in which they became ready ---- */

static void start_copies(machine *m, int64_t t) {
  for (int e = ENGINE_H2D; e < ENGINES; e++) {
    if (m->copy_slot[e] >= 0) continue;
    slot *chosen = NULL;
    int64_t first = NEVER;
    for (slot *s = m->slots; s < slots_end(m); s++) {
      if (!active(s) || !s->current[e]) continue;
      int64_t ready = ready_time(s, slot_item(s, s->current[e]));
      if (ready < first) {
        first = ready;
        chosen = s;
      }
    }
    if (!chosen) continue;
    item *i = slot_item(chosen, chosen->current[e]);
    i->begin = t;
    m->copy_slot[e] = slot_index(m, chosen);
    m->copy_end[e] = t + i->cost;
  }
}

static void finish_copies(machine *m, int64_t t) {
  for (int e = ENGINE_H2D; e < ENGINES; e++) {
    if (m->copy_slot[e] < 0 || m->copy_end[e] > t) continue;
    slot *s = &m->slots[m->copy_slot[e]];
    m->copy_slot[e] = -1;
    if (s->pid && s->current[e]) finish(m, s, slot_item(s, s->current[e]), m->copy_end[e]);
  }
}

/* ---- the simulation ---- */

static void note_service(slot *s, int64_t from, int64_t to) {
  span *last = &s->served[(s->spans + SPANS - 1) % SPANS];
  if (s->spans > 0 && last->end == from)
    last->end = to;
  else
    s->served[s->spans++ % SPANS] = (span){from, to};
}

int schedule_served(const slot *s, int64_t begin, int64_t end, span into[SPANS]) {
  int n = 0;
  for (uint64_t k = s->spans > SPANS ? s->spans - SPANS : 0; k < s->spans; k++) {
    const span *one = &s->served[k % SPANS];
    if (one->begin <= end && one->end >= begin) into[n++] = (span){later(one->begin, begin), earlier(one->end, end)};
  }
  return n;
}

static void serve(machine *m, const double *rate, int64_t from, int64_t to) {
  for (int k = 0; k < m->top; k++) {
    if (rate[k] <= 0) continue;
    slot *s = &m->slots[k];
    item *i = slot_item(s, s->current[ENGINE_COMPUTE]);
    if (i->begin == NEVER) i->begin = from;
    note_service(s, from, to);
    bool done = compute_completion(i, rate[k], from) <= to;
    i->left -= (double)(to - from) * rate[k];
    if (done) finish(m, s, i, to);
  }
}

/* One step: from m->time to the next moment at which something changes. */
static void step(machine *m, const config *c, int64_t to) {
  int64_t t = m->time, next = to;
  double rate[MACHINE_SLOTS];
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (active(s)) next = earlier(next, admit(m, s, t));
  start_copies(m, t);
  next = earlier(next, compute_rates(m, c, t, rate));
  for (int k = 0; k < m->top; k++)
    if (rate[k] > 0)
      next =
          earlier(next, compute_completion(slot_item(&m->slots[k], m->slots[k].current[ENGINE_COMPUTE]), rate[k], t));
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (m->copy_slot[e] >= 0) next = earlier(next, m->copy_end[e]);
  next = later(next, t);
  charge_busy(m, rate, t, next);
  serve(m, rate, t, next);
  finish_copies(m, next);
  m->time = next;
}

/* Everything that is due at the time reached, without moving it. */
static void settle(machine *m) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (active(s)) admit(m, s, m->time);
}

void schedule_advance(machine *m, const config *c, int64_t to) {
  machine_reap_sometimes(m, to);
  while (m->time < to) step(m, c, to);
  settle(m);
}

/* ---- after a death ---- */

static void repair_slot(slot *s) {
  memset(s->waiting, 0, sizeof s->waiting);
  while (s->first <= s->head && slot_item(s, s->first)->phase == PHASE_DONE) s->first++;
  for (int e = ENGINE_COMPUTE; e < ENGINES; e++)
    if (s->current[e] && slot_item(s, s->current[e])->phase != PHASE_CURRENT) s->current[e] = 0;
  for (uint64_t serial = s->first; serial <= s->head; serial++) {
    item *i = slot_item(s, serial);
    if (i->phase == PHASE_CURRENT && s->current[i->engine] != serial) i->phase = PHASE_WAITING;
    if (i->phase == PHASE_WAITING) s->waiting[i->engine]++;
  }
}

void schedule_repair(machine *m) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid) repair_slot(s);
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (m->copy_slot[e] >= 0 && !m->slots[m->copy_slot[e]].current[e]) m->copy_slot[e] = -1;
}
