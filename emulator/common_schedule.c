#include "common_schedule.h"

#include <string.h>

#include "common_faults.h"
#include "common_parts.h"

static bool active(const slot *s) { return s->pid && s->first <= s->head; }

/* ---- the queue of one process ---- */

/* How many wait as it does. */
static int64_t *waiting_with(slot *s, const item *i) {
  return i->engine == ENGINE_COMPUTE ? &s->queued[i->queue] : &s->waiting[i->engine];
}

bool schedule_has_room(const slot *s) { return s->head + 1 - s->first < QUEUE; }

uint64_t schedule_append(slot *s, const item *i) {
  item *mine = slot_item(s, s->head + 1);
  *mine = *i;
  mine->serial = s->head + 1;
  mine->phase = PHASE_WAITING;
  mine->left = (double)i->cost;
  mine->begin = NEVER;
  mine->end = NEVER;
  mine->got = mine->rate = 0;
  s->head++; /* a process that dies before this has queued nothing */
  ++*waiting_with(s, mine);
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
  if (i->engine == ENGINE_COMPUTE)
    grids_remove(s, i->serial);
  else if (s->current[i->engine] == i->serial)
    s->current[i->engine] = 0;
  if (i->engine >= ENGINE_H2D && m->copy_slot[i->engine] == slot_index(m, s)) m->copy_slot[i->engine] = -1;
  if (i->fault && !i->lost) s->strike.raised = i->fault;
  s->last_end = later(s->last_end, end);
  while (s->first <= s->head && slot_item(s, s->first)->phase == PHASE_DONE) s->first++;
}

void schedule_drop(machine *m, slot *s, int64_t t) {
  for (uint64_t serial = s->first; serial <= s->head; serial++) {
    item *i = slot_item(s, serial);
    if (i->phase == PHASE_DONE) continue;
    if (i->phase == PHASE_WAITING) --*waiting_with(s, i);
    __atomic_store_n(&i->lost, 1, __ATOMIC_RELEASE); /* effects are run without the machine's lock */
    finish(m, s, i, t);
  }
}

/* Kernels leave a hardware queue in the order in which they were put there: one that is not ready holds up those of
 * other streams behind it. Those that are on the device run at the same time. Hardware works like that: "CUDA Streams:
 * Best Practices and Common Pitfalls" (GTC 2014), and what Megatron-LM wants CUDA_DEVICE_MAX_CONNECTIONS=1 for. */
static bool is_shut(const slot *s, const item *i, uint32_t stuck) {
  if (i->engine == ENGINE_NONE) return false;
  if (i->engine == ENGINE_COMPUTE) return s->grids == GRIDS || stuck >> i->queue & 1;
  return s->current[i->engine];
}

/* Items that could be admitted: those that wait for an engine which has room. `stuck`: the queues that are not asked.
 */
static int64_t candidates(const slot *s, uint32_t stuck) {
  int64_t sum = s->waiting[ENGINE_NONE];
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (!s->current[e]) sum += s->waiting[e];
  for (int q = 0; q < HARDWARE_QUEUES && s->grids < GRIDS; q++)
    if (!(stuck >> q & 1)) sum += s->queued[q];
  return sum;
}

static void admit_one(machine *m, slot *s, item *i, int64_t ready) {
  --*waiting_with(s, i);
  if (i->engine == ENGINE_NONE) {
    finish(m, s, i, ready);
    return;
  }
  i->phase = PHASE_CURRENT;
  if (i->engine == ENGINE_COMPUTE)
    s->grid[s->grids++] = i->serial;
  else
    s->current[i->engine] = i->serial;
}

/* Makes items current that are ready at t, finishes markers; returns when the next one becomes ready. */
static int64_t admit(machine *m, slot *s, int64_t t) {
  uint32_t stuck = 0;
  int64_t next = NEVER, left = candidates(s, stuck);
  for (uint64_t serial = s->first; serial <= s->head && left > 0; serial++) {
    item *i = slot_item(s, serial);
    if (i->phase != PHASE_WAITING || is_shut(s, i, stuck)) continue;
    int64_t ready = ready_time(s, i);
    if (ready <= t) {
      admit_one(m, s, i, ready);
      left = earlier(left - 1, candidates(s, stuck));
      continue;
    }
    next = earlier(next, ready);
    left -= i->engine == ENGINE_COMPUTE ? s->queued[i->queue] : 1;
    if (i->engine == ENGINE_COMPUTE) stuck |= 1u << i->queue;
    if (i->arrive >= next) break; /* items arrive in the order of their serials: none later is ready sooner */
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

static void serve_slot(machine *m, slot *s, int64_t from, int64_t to) {
  note_service(s, from, to);
  for (int k = s->grids - 1; k >= 0; k--) { /* backwards: those that end leave the list */
    item *i = slot_grid(s, k);
    if (i->rate <= 0) continue;
    if (i->begin == NEVER) i->begin = from;
    bool done = compute_completion(i, i->rate, from) <= to;
    i->left -= (double)(to - from) * i->rate;
    if (done) finish(m, s, i, to);
  }
}

/* One step: from m->time to the next moment at which something changes. */
static void step(machine *m, const config *c, int64_t to) {
  int64_t t = m->time, next = to;
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (active(s)) next = earlier(next, admit(m, s, t));
  start_copies(m, t);
  next = earlier(next, compute_rates(m, c, t));
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->at_work) next = earlier(next, grids_next(s, t));
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (m->copy_slot[e] >= 0) next = earlier(next, m->copy_end[e]);
  next = later(next, t);
  charge_busy(m, t, next);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->at_work) serve_slot(m, s, t, next);
  finish_copies(m, next);
  faults_settle(m, c, next);
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

static bool is_current(slot *s, const item *i) {
  if (i->engine != ENGINE_COMPUTE) return s->current[i->engine] == i->serial;
  for (int k = 0; k < s->grids; k++)
    if (s->grid[k] == i->serial) return true;
  return false;
}

static void repair_slot(slot *s) {
  memset(s->waiting, 0, sizeof s->waiting);
  memset(s->queued, 0, sizeof s->queued);
  while (s->first <= s->head && slot_item(s, s->first)->phase == PHASE_DONE) s->first++;
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (s->current[e] && slot_item(s, s->current[e])->phase != PHASE_CURRENT) s->current[e] = 0;
  grids_repair(s);
  for (uint64_t serial = s->first; serial <= s->head; serial++) {
    item *i = slot_item(s, serial);
    if (i->phase == PHASE_CURRENT && !is_current(s, i)) i->phase = PHASE_WAITING;
    if (i->phase == PHASE_WAITING) ++*waiting_with(s, i);
  }
}

void schedule_repair(machine *m) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid) repair_slot(s);
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (m->copy_slot[e] >= 0 && !m->slots[m->copy_slot[e]].current[e]) m->copy_slot[e] = -1;
}
