/* What load does to a device's clock and power: both follow the multiprocessors that are busy, and nothing else. */
#include "common_parts.h"

double clock_part(const config *c, double busy) {
  return 1.0 - busy * (1.0 - (double)c->clock_full / (double)c->sm_clock);
}

/* Of the device's multiprocessors: those of this device or instance. */
static double part_of_device(const config *c, int d) {
  return (double)c->device[d].sm_count / (double)c->device[c->device[d].parent].sm_count;
}

double clock_alone(const config *c, const item *i, double part) {
  return clock_part(c, part * i->share * part_of_device(c, i->device));
}

static double busy_of(slot *s, int d) {
  double sum = 0;
  for (int k = 0; s->seats[d].at_work && k < s->seats[d].grids; k++) sum += slot_grid(s, d, k)->got;
  return sum;
}

static void slow_down(slot *s, int d, double part) {
  for (int k = 0; k < s->seats[d].grids; k++)
    if (slot_grid(s, d, k)->flags & ITEM_CLOCKED) slot_grid(s, d, k)->rate *= part;
}

/* Of a device: the busy part of all its instances' multiprocessors. */
static double busy_part(machine *m, const config *c, int whole) {
  double busy = 0;
  for (int u = whole; u < m->devices; u++)
    for (slot *s = m->slots; c->device[u].parent == whole && s < slots_end(m); s++)
      busy += busy_of(s, u) * part_of_device(c, u);
  return busy < 1.0 ? busy : 1.0;
}

void clock_follow(machine *m, const config *c, int d) {
  m->device[d].busy_part = busy_part(m, c, c->device[d].parent);
  if (c->clock_full == c->sm_clock) return;
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->seats[d].at_work) slow_down(s, d, clock_part(c, m->device[d].busy_part));
}

/* ---- power ---- */

/* The account is written beside the old one and then becomes the one that counts: whoever dies in between has changed
 * nothing. What was booked is not booked again. */
void charge_power(machine *m, int d, int64_t from, int64_t to) {
  device *v = &m->device[d];
  const account *old = &v->account[v->account_now];
  from = later(from, old->until);
  if (to <= from) return;
  account *fresh = &v->account[!v->account_now];
  *fresh = *old;
  fresh->until = to;
  fresh->busy += v->busy_part * (double)(to - from);
  for (int64_t b = later(old->until / BUCKET_NS, to / BUCKET_NS - BUCKETS); b < to / BUCKET_NS; b++) {
    int64_t end = (b + 1) * BUCKET_NS;
    fresh->passed[b % BUCKETS] = fresh->busy - v->busy_part * (double)(to - later(end, from));
  }
  __atomic_store_n(&v->account_now, !v->account_now, __ATOMIC_RELEASE);
}

static double watts_per_part(const config *c) { return (double)(c->power_full - c->power) / 1000; }

/* W of the second that ended with the newest whole tenth. */
double device_power(const machine *m, const config *c, int d) {
  const device *v = &m->device[d];
  const account *a = &v->account[v->account_now];
  int64_t newest = a->until / BUCKET_NS - 1;
  double busy = a->passed[newest % BUCKETS] - a->passed[(newest - BUCKETS + 1) % BUCKETS];
  return (double)c->power / 1000 + watts_per_part(c) * busy / ((double)(BUCKETS - 1) * BUCKET_NS);
}

/* J since the machine's start. */
double device_energy(const machine *m, const config *c, int d) {
  const account *a = &m->device[d].account[m->device[d].account_now];
  return (double)c->power / 1000 * (double)(a->until - m->created) / 1e9 + watts_per_part(c) * a->busy / 1e9;
}
