/* The compute engine: which process gets how much of it, and the record of that. */
#include <math.h>

#include "common_journal.h"
#include "common_parts.h"

double schedule_throttle(const machine *m, const config *c, int64_t at) {
  return c->throttle_after >= 0 && at >= m->created + (int64_t)ceil(c->throttle_after * 1e9) ? c->throttle_factor : 1.0;
}

/* The first slot that wants the engine, of those that take turns with this one; -1 if none does. */
static int wanting(const machine *m, int d, const slot *s) {
  for (int k = 0; k < m->top; k++)
    if (wants_compute(&m->slots[k], d) && is_together(&m->slots[k], s)) return k;
  return -1;
}

static bool sits_before(const slot *a, const slot *b) { return a->rank != b->rank ? a->rank < b->rank : a < b; }

/* Whose turn is next, after that of slot `after` (-1: nobody's); -1 if nobody else wants the engine. */
static int next_turn(const machine *m, int d, int after) {
  const slot *last = after >= 0 ? &m->slots[after] : NULL, *first = NULL, *later_one = NULL;
  for (const slot *s = m->slots; s < slots_end(m); s++) {
    if (last && is_together(s, last)) continue;
    if (!wants_compute(s, d) || wanting(m, d, s) != slot_index(m, s))
      continue; /* one turn for all clients of a server */
    if (!first || sits_before(s, first)) first = s;
    if (last && sits_before(last, s) && (!later_one || sits_before(s, later_one))) later_one = s;
  }
  const slot *chosen = later_one ? later_one : first;
  return chosen ? slot_index(m, chosen) : -1;
}

/* By rank, so that of those that began together the same one is first in each run; else who joined the machine first.
 */
static bool comes_before(const slot *a, const slot *b) {
  return a->rank != b->rank ? a->rank < b->rank : a->order < b->order;
}

bool is_first_client(const machine *m, int d, const slot *s) {
  for (const slot *other = m->slots; other < slots_end(m); other++)
    if (other->seats[d].client && comes_before(other, s)) return false;
  return true;
}

double share_promised(const config *c, int d, const slot *s) {
  return c->side_by_side && c->sm_share > 0 ? fmin(c->sm_share, s->seats[d].part) : s->seats[d].part;
}

static int64_t slice_of(const machine *m, const config *c, int d, const slot *s) {
  return (int64_t)((double)c->slice_ns * (is_first_client(m, d, s) ? c->unfair : 1.0));
}

static bool owner_wants(const machine *m, int d) {
  int owner = m->device[d].owner;
  return owner >= 0 && wanting(m, d, &m->slots[owner]) >= 0;
}

/* Without preemption: a kernel that has begun keeps the engine to its end. */
static bool is_kept(machine *m, const config *c, int d) {
  const slot *owner = &m->slots[m->device[d].owner];
  for (slot *s = m->slots; c->preemption == 0 && s < slots_end(m); s++)
    for (int k = 0; s->pid && is_together(s, owner) && k < s->seats[d].grids; k++)
      if (slot_grid(s, d, k)->begin != NEVER) return true;
  return false;
}

/* Under time slicing: passes the engine on if its owner is out of work or its slice is over. Returns whether two or
 * more want it. */
static bool rotate(machine *m, const config *c, int d, int64_t t) {
  device *v = &m->device[d];
  note_device(v); /* by the step of another instance, perhaps */
  int next = next_turn(m, d, v->owner);
  if (next < 0) { /* at most its owner: its slices follow each other */
    if (v->owner < 0) return false;
    int64_t slice = slice_of(m, c, d, &m->slots[v->owner]);
    if (t >= v->slice_end) v->slice_end += ((t - v->slice_end) / slice + 1) * slice;
    return false;
  }
  if (owner_wants(m, d) && (t < v->slice_end || is_kept(m, c, d))) return true;
  v->switch_end = v->owner < 0 ? t : t + c->switch_ns;
  if (v->last >= 0 && v->last != next && c->l2_flush_on_switch) cache_flush(m, d);
  v->owner = v->last = next;
  v->slice_end = v->switch_end + slice_of(m, c, d, &m->slots[next]);
  return next_turn(m, d, next) >= 0;
}

/* Side by side, of all or (with an owner) of those that have its turn: shares of the multiprocessors by max-min
 * fairness; nobody gets more than it can use. */
static void share_out(machine *m, const config *c, int d, const slot *owner, double cap, double factor) {
  double use[MACHINE_SLOTS], rest = 1.0;
  int open[MACHINE_SLOTS], n = 0;
  if (sets_matter(m, d, owner)) {
    sets_share_out(m, c, d, owner, cap, factor);
    return;
  }
  for (int k = 0; k < m->top; k++) {
    if (!wants_compute(&m->slots[k], d) || (owner && !is_together(&m->slots[k], owner))) continue;
    use[k] = fmin(grids_use(&m->slots[k], d, EVERY_PARTY), cap);
    open[n++] = k;
  }
  while (n > 0) {
    double level = rest / n;
    int left = 0;
    for (int j = 0; j < n; j++) {
      if (use[open[j]] <= level) {
        grids_serve(&m->slots[open[j]], d, EVERY_PARTY, use[open[j]], factor);
        rest -= use[open[j]];
      } else {
        open[left++] = open[j];
      }
    }
    if (left == n) {
      for (int j = 0; j < n; j++) grids_serve(&m->slots[open[j]], d, EVERY_PARTY, level, factor);
      return;
    }
    n = left;
  }
}

/* Whoever's turn it is; returns when that changes at the latest. */
static int64_t take_turns(machine *m, const config *c, int d, int64_t t, double factor) {
  const device *v = &m->device[d];
  int64_t until = NEVER;
  bool contended = rotate(m, c, d, t);
  if (!owner_wants(m, d)) return NEVER;
  if (t < v->switch_end)
    until = v->switch_end;
  else
    share_out(m, c, d, &m->slots[v->owner], 1.0, factor);
  return contended && t < v->slice_end ? earlier(until, v->slice_end) : until;
}

/* Twice at one instant is as once. */
static int64_t give_shares(machine *m, const config *c, int d, int64_t t, double factor) {
  for (slot *s = m->slots; s < slots_end(m); s++) grids_serve(s, d, EVERY_PARTY, 0, factor);
  if (!c->side_by_side) return take_turns(m, c, d, t, factor);
  share_out(m, c, d, NULL, c->sm_share > 0 ? c->sm_share : 1.0, factor);
  return NEVER;
}

/* All instances of a device have one clock, which follows what all of them do. */
int64_t compute_rates(machine *m, const config *c, int d, int64_t t) {
  int64_t change = m->created + (int64_t)ceil(c->throttle_after * 1e9);
  double factor = schedule_throttle(m, c, t);
  for (int u = d + 1; u < m->devices; u++)
    if (c->device[u].parent == c->device[d].parent) give_shares(m, c, u, t, factor);
  int64_t until = give_shares(m, c, d, t, factor);
  clock_follow(m, c, d);
  memory_rates(m, c, d);
  until = earlier(until, cache_next(m, d, t));
  return c->throttle_after >= 0 && t < change ? earlier(until, change) : until;
}

/* ---- utilization ---- */

static void turn_bucket(machine *m, int d, int64_t bucket) {
  device *v = &m->device[d];
  for (int64_t b = later(v->bucket + 1, bucket - BUCKETS + 1); b <= bucket; b++) {
    v->busy[b % BUCKETS] = 0;
    for (slot *s = m->slots; s < slots_end(m); s++) {
      note_seat(&s->seats[d]);
      s->seats[d].busy[b % BUCKETS] = 0;
    }
  }
  v->bucket = bucket;
}

void charge_busy(machine *m, int d, int64_t from, int64_t to) {
  device *v = &m->device[d];
  bool any = false;
  for (int k = 0; k < m->top; k++) any = any || m->slots[k].seats[d].at_work;
  while (from < to) {
    int64_t bucket = from / BUCKET_NS, end = earlier(to, (bucket + 1) * BUCKET_NS);
    if (to - end > (int64_t)BUCKETS * BUCKET_NS) end = to - (int64_t)BUCKETS * BUCKET_NS; /* older than we keep */
    if (bucket > v->bucket) turn_bucket(m, d, bucket);
    if (any) v->busy[bucket % BUCKETS] += end - from;
    for (int k = 0; k < m->top && any; k++) {
      seat *t = &m->slots[k].seats[d];
      if (!t->at_work) continue;
      note_seat(t);
      t->busy[bucket % BUCKETS] += end - from;
    }
    from = end;
  }
}

double schedule_utilization(const machine *m, int d, const slot *s) {
  const int64_t *busy = s ? s->seats[d].busy : m->device[d].busy;
  int64_t sum = 0, now = m->device[d].bucket;
  for (int64_t b = now - BUCKETS + 1; b < now; b++) sum += busy[(b + BUCKETS) % BUCKETS]; /* whole buckets only */
  return fmin(1.0, (double)sum / ((double)(BUCKETS - 1) * BUCKET_NS));
}
