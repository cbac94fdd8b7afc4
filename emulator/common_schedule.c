#include "common_schedule.h"

#include "common_faults.h"
#include "common_journal.h"
#include "common_parts.h"

/* ---- the queue of one process ---- */

/* How many wait as it does. */
static int64_t *waiting_with(slot *s, const item *i) {
  seat *t = &s->seats[i->device];
  return i->engine == ENGINE_COMPUTE ? &t->queued[i->queue] : &t->waiting[i->engine];
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
  mine->tally = (tally){0};
  s->head++; /* a process that dies before this has queued nothing */
  ++*waiting_with(s, mine);
  return mine->serial;
}

bool schedule_done(slot *s, uint64_t serial) {
  if (serial < s->first) return true;
  return slot_item(s, serial)->phase == PHASE_DONE;
}

/* The oldest item of a device that is not done; one after the newest item if all are. */
static uint64_t oldest(slot *s, int d) {
  seat *t = &s->seats[d];
  uint64_t serial = t->oldest < s->first ? s->first : t->oldest;
  for (; serial <= s->head; serial++) {
    const item *i = slot_item(s, serial);
    if (i->device == d && i->phase != PHASE_DONE) break;
  }
  if (serial != t->oldest) note_seat(t);
  return t->oldest = serial;
}

bool schedule_all_done(slot *s, uint64_t serial, scope of) {
  return of == ITEM_ALONE ? schedule_done(s, serial) : oldest(s, (int)of) > serial;
}

void schedule_close(machine *m, slot *s, uint64_t serial, int64_t end) {
  item *i = slot_item(s, serial);
  if (i->serial != serial || i->begin == NEVER) return;
  i->cost = later(0, end - i->begin);
  i->flags &= ~(uint32_t)ITEM_OPEN;
  machine_stir(m);
}

int64_t ready_time(slot *s, const item *i) {
  if (i->flags & ITEM_AFTER_ALL)
    return oldest(s, i->device) == i->serial ? later(i->arrive, s->seats[i->device].last_end) : NEVER;
  int64_t ready = i->arrive;
  for (int k = 0; k < PREDECESSORS && i->after[k]; k++) {
    if (!schedule_done(s, i->after[k])) return NEVER;
    const item *before = slot_item(s, i->after[k]);
    if (before->serial == i->after[k]) ready = later(ready, before->end);
  }
  return ready;
}

void finish_item(slot *s, item *i, int64_t end) {
  seat *t = &s->seats[i->device];
  note_slot(s);
  note_seat(t);
  note_item(i);
  if (i->begin == NEVER) i->begin = end;
  i->end = end;
  i->phase = PHASE_DONE;
  if (i->engine == ENGINE_COMPUTE)
    grids_remove(s, i->device, i->serial);
  else
    copies_remove(s, i->device, i->serial);
  if (i->fault && !i->lost) s->strike.raised = i->fault;
  t->last_end = later(t->last_end, end);
  while (s->first <= s->head && slot_item(s, s->first)->phase == PHASE_DONE) s->first++;
}

void schedule_drop(slot *s, int64_t t) {
  for (uint64_t serial = s->first; serial <= s->head; serial++) {
    item *i = slot_item(s, serial);
    if (i->phase == PHASE_DONE) continue;
    note_seat(&s->seats[i->device]);
    note_item(i);
    if (i->phase == PHASE_WAITING) --*waiting_with(s, i);
    __atomic_store_n(&i->lost, 1, __ATOMIC_RELEASE); /* effects are run without the machine's lock */
    finish_item(s, i, t);
  }
}

/* Kernels leave a hardware queue in the order in which they were put there: one that is not ready holds up those of
 * other streams behind it. Those that are on the device run at the same time. Hardware works like that: "CUDA Streams:
 * Best Practices and Common Pitfalls" (GTC 2014), and what Megatron-LM wants CUDA_DEVICE_MAX_CONNECTIONS=1 for. */
static bool is_shut(const config *c, slot *s, const item *i, const uint32_t stuck[DEVICES]) {
  const seat *t = &s->seats[i->device];
  if (i->engine == ENGINE_NONE) return false;
  if (i->engine == ENGINE_COMPUTE) return t->grids >= c->resident_grids || stuck[i->device] >> i->queue & 1;
  return !copies_have_room(c, s, i->device, i->engine);
}

/* Items that could be admitted: those that wait for an engine which has room. `stuck`: the queues that are not asked.
 */
static int64_t candidates_at(const config *c, slot *s, int d, uint32_t stuck) {
  const seat *t = &s->seats[d];
  int64_t sum = t->waiting[ENGINE_NONE];
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (t->waiting[e] > 0 && copies_have_room(c, s, d, (engine)e)) sum += t->waiting[e];
  for (int q = 0; q < HARDWARE_QUEUES && t->grids < c->resident_grids; q++)
    if (!(stuck >> q & 1)) sum += t->queued[q];
  return sum;
}

static int64_t candidates(const machine *m, const config *c, slot *s, const uint32_t stuck[DEVICES]) {
  int64_t sum = 0;
  for (int d = 0; d < m->devices; d++) sum += candidates_at(c, s, d, stuck[d]);
  return sum;
}

static void admit_one(slot *s, item *i, int64_t ready) {
  seat *t = &s->seats[i->device];
  note_seat(t);
  note_item(i);
  --*waiting_with(s, i);
  if (i->engine == ENGINE_NONE) {
    finish_item(s, i, ready);
    return;
  }
  i->phase = PHASE_CURRENT;
  if (i->engine == ENGINE_COMPUTE)
    t->grid[t->grids++] = i->serial;
  else
    t->copy[t->copies++] = i->serial;
}

/* Makes items current that are ready at t, finishes markers; returns when the next one becomes ready. */
static int64_t admit(const machine *m, const config *c, slot *s, int64_t t) {
  uint32_t stuck[DEVICES] = {0};
  int64_t next = NEVER, left = candidates(m, c, s, stuck);
  for (uint64_t serial = s->first; serial <= s->head && left > 0; serial++) {
    item *i = slot_item(s, serial);
    if (i->phase != PHASE_WAITING || is_shut(c, s, i, stuck)) continue;
    int64_t ready = ready_time(s, i);
    if (ready <= t) {
      admit_one(s, i, ready);
      left = earlier(left - 1, candidates(m, c, s, stuck));
      continue;
    }
    next = earlier(next, ready);
    left -= i->engine == ENGINE_COMPUTE ? *waiting_with(s, i) : 1;
    if (i->engine == ENGINE_COMPUTE) stuck[i->device] |= 1u << i->queue;
    if (i->arrive >= next) break; /* items arrive in the order of their serials: none later is ready sooner */
  }
  return next;
}

/* ---- the simulation ---- */

static void note_service(seat *s, int64_t from, int64_t to) {
  span *last = &s->served[(s->spans + SPANS - 1) % SPANS], *fresh = &s->served[s->spans % SPANS];
  const bool goes_on = s->spans > 0 && last->end == from;
  note_seat(s);
  note(goes_on ? last : fresh, sizeof *last);
  if (goes_on)
    last->end = to;
  else
    *fresh = (span){from, to}, s->spans++;
}

int schedule_served(const slot *s, int d, int64_t begin, int64_t end, span into[SPANS]) {
  const seat *t = &s->seats[d];
  int n = 0;
  for (uint64_t k = t->spans > SPANS ? t->spans - SPANS : 0; k < t->spans; k++) {
    const span *one = &t->served[k % SPANS];
    if (one->begin <= end && one->end >= begin) into[n++] = (span){later(one->begin, begin), earlier(one->end, end)};
  }
  return n;
}

static void serve_slot(slot *s, int d, int64_t from, int64_t to) {
  note_service(&s->seats[d], from, to);
  for (int k = s->seats[d].grids - 1; k >= 0; k--) { /* backwards: those that end leave the list */
    item *i = slot_grid(s, d, k);
    if (i->rate <= 0) continue;
    note_item(i);
    if (i->begin == NEVER) i->begin = from;
    bool done = compute_completion(i, i->rate, from) <= to;
    i->left -= (double)(to - from) * i->rate;
    if (done) finish_item(s, i, to);
  }
}

/* Sets what one device's engines do at t; returns when that changes. */
static int64_t begin_step(machine *m, const config *c, int d, int64_t t) {
  note_device(&m->device[d]);
  int64_t next = compute_rates(m, c, d, t);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->seats[d].at_work) next = earlier(next, grids_next(s, d, t));
  return next;
}

static void end_step(machine *m, const config *c, int d, int64_t from, int64_t to) {
  charge_busy(m, d, from, to);
  charge_power(m, d, from, to);
  cache_serve(m, c, d, from, to);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->seats[d].at_work) serve_slot(s, d, from, to);
  copies_progress(m, d, from, to);
}

/* One step: from m->time to the next moment at which something changes. */
static void step(machine *m, const config *c, int64_t to) {
  int64_t t = m->time, next = to;
  journal_begin(m);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (is_active(s)) next = earlier(next, admit(m, c, s, t));
  next = earlier(next, copies_serve(m, c, t));
  for (int d = 0; d < m->devices; d++) next = earlier(next, begin_step(m, c, d, t));
  next = later(next, t);
  for (int d = 0; d < m->devices; d++) end_step(m, c, d, t, next);
  faults_settle(m, c, next);
  note(&m->time, sizeof m->time);
  m->time = next;
  journal_commit();
}

/* Everything that is due at the time reached, without moving it. */
static void settle(machine *m, const config *c) {
  journal_begin(m);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (is_active(s)) admit(m, c, s, m->time);
  journal_commit();
}

void schedule_advance(machine *m, const config *c, int64_t to) {
  if (!clock_virtual && to - m->time > 2 * REAP_INTERVAL) machine_reap_sometimes(m, to);
  while (m->time < to) step(m, c, to);
  settle(m, c);
  machine_reap_sometimes(m, to);
}

void schedule_reap(machine *m, const config *c, int64_t to) {
  schedule_advance(m, c, to);
  machine_reap(m);
}

void schedule_strike(machine *m, const config *c, slot *s, int code, int64_t at) {
  schedule_advance(m, c, at);
  journal_begin(m);
  faults_strike(m, c, s, code, at);
  faults_settle(m, c, at);
  journal_commit();
  machine_stir(m);
}
