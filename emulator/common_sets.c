/* The multiprocessors among those that are bound to sets of them.
 *
 * The kernels of one green context are a party, and all others of a process are one, whose set is its static partition
 * or the whole device. A multiprocessor that one party wants is its own, and one that several want is divided equally
 * among them. Each party takes first those that the fewest want, from all of these at the same speed, until it has what
 * it can use; what it leaves, the others divide in the same way. So parties with disjoint sets take nothing from each
 * other, and where every set is the whole device, this is max-min fairness among processes: what common_share.c does
 * without sets. */
#include <math.h>

#include "common_parts.h"

enum { PARTIES = 256 }; /* those beyond wait until one has left */

static const double tiny = 1e-9; /* of a multiprocessor: less is rounding */

typedef struct party {
  slot *who;
  uint32_t number;
  sm_set from;     /* the multiprocessors that it takes */
  double use, has; /* in multiprocessors */
  double speed;
} party;

typedef struct division {
  party all[PARTIES];
  int parties;
  double left[SET_MOST]; /* of each multiprocessor */
  int wanted[SET_MOST];  /* by so many parties */
} division;

static bool takes_part(const slot *s, int d, const slot *owner) {
  return wants_compute(s, d) && (!owner || is_together(s, owner));
}

bool sets_matter(machine *m, int d, const slot *owner) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    for (int k = 0; takes_part(s, d, owner) && k < s->seats[d].grids; k++)
      if (!set_is_empty(&slot_grid(s, d, k)->on)) return true;
  return false;
}

/* ---- who takes part ---- */

static party *find(division *v, const slot *who, uint32_t number) {
  for (party *p = v->all; p < v->all + v->parties; p++)
    if (p->who == who && p->number == number) return p;
  return NULL;
}

static void enter(division *v, slot *s, int d, const item *i, int sm_count, double cap) {
  if (v->parties == PARTIES || find(v, s, i->party)) return;
  party *p = &v->all[v->parties++];
  *p = (party){.who = s, .number = i->party, .from = i->on};
  p->use = fmin(grids_use(s, d, i->party), cap) * sm_count;
  if (set_is_empty(&p->from)) set_add(&p->from, 0, sm_count);
}

static void gather(division *v, machine *m, const config *c, int d, const slot *owner, double cap) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    for (int k = 0; takes_part(s, d, owner) && k < s->seats[d].grids; k++)
      enter(v, s, d, slot_grid(s, d, k), (int)c->device[d].sm_count, cap);
}

/* ---- who gets how much ---- */

static bool is_open(const party *p) { return p->has < p->use - tiny; }

/* How many want each; returns the fewest that want one of which something is left, 0 if nobody wants any more. */
static int count_wanted(division *v, int sm_count) {
  int fewest = 0;
  for (int sm = 0; sm < sm_count; sm++) {
    v->wanted[sm] = 0;
    for (const party *p = v->all; p < v->all + v->parties; p++) v->wanted[sm] += is_open(p) && set_has(&p->from, sm);
    if (v->left[sm] <= tiny) v->wanted[sm] = 0;
    if (v->wanted[sm] > 0 && (fewest == 0 || v->wanted[sm] < fewest)) fewest = v->wanted[sm];
  }
  return fewest;
}

static double speed_of(const division *v, const party *p, int sm_count, int fewest) {
  int count = 0;
  for (int sm = 0; is_open(p) && sm < sm_count; sm++) count += v->wanted[sm] == fewest && set_has(&p->from, sm);
  return (double)count / fewest;
}

/* How much of each of these multiprocessors is taken until one is used up or a party has enough. */
static double until_change(division *v, int sm_count, int fewest) {
  double most = 1.0;
  for (int sm = 0; sm < sm_count; sm++)
    if (v->wanted[sm] == fewest) most = fmin(most, v->left[sm]);
  for (party *p = v->all; p < v->all + v->parties; p++) {
    p->speed = speed_of(v, p, sm_count, fewest);
    if (p->speed > 0) most = fmin(most, (p->use - p->has) / p->speed);
  }
  return most;
}

static void divide(division *v, int sm_count) {
  for (int sm = 0; sm < sm_count; sm++) v->left[sm] = 1.0;
  for (int fewest; (fewest = count_wanted(v, sm_count)) > 0;) {
    double amount = until_change(v, sm_count, fewest);
    for (int sm = 0; sm < sm_count; sm++)
      if (v->wanted[sm] == fewest) v->left[sm] -= amount;
    for (party *p = v->all; p < v->all + v->parties; p++) p->has += amount * p->speed;
  }
}

void sets_share_out(machine *m, const config *c, int d, const slot *owner, double cap, double factor) {
  static division v; /* the machine's lock is held */
  int sm_count = (int)c->device[d].sm_count;
  v.parties = 0;
  gather(&v, m, c, d, owner, cap);
  divide(&v, sm_count);
  for (const party *p = v.all; p < v.all + v.parties; p++) grids_serve(p->who, d, p->number, p->has / sm_count, factor);
}
