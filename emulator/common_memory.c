/* The DRAM and the L2 of a device, which the grids at work share by demand.
 *
 * A grid demands what it would move at the multiprocessors that it got. What all of them demand of the DRAM is capped
 * by its bandwidth, divided between processes by max-min fairness, then between the grids of each; likewise the bytes
 * that L2 serves. A grid goes on at the least of the rates that its multiprocessors, DRAM and L2 allow. */
#include <math.h>

#include "common_parts.h"

static const double rounding = 1e-6; /* durations are whole nanoseconds */

/* ---- alone ---- */

bool moves_data(const item *i) { return i->moves.miss > 0; }

/* How long it takes with a part of its share, if L2 serves a part `hits` of its accesses. */
static double duration(const traffic *t, double part, double hits) {
  double accesses = hits * (double)t->hit / part + (1 - hits) * (double)t->miss * fmax(1.0, t->knee / part);
  return fmax((double)t->compute / part, accesses);
}

static double rate_with(const item *i, double part, double hits) {
  return duration(&i->moves, 1.0, 1.0) / duration(&i->moves, part, hits);
}

double memory_best_rate(const item *i, double part) {
  return moves_data(i) ? fmax(rate_with(i, part, 0.0), rate_with(i, part, 1.0)) : part;
}

/* ---- what is demanded ---- */

typedef enum store { DRAM, L2 } store;

/* Bytes per nanosecond. */
static double demand_of(const item *i, store from) {
  double part = from == L2 ? i->hits : 1 - i->hits;
  return moves_data(i) ? part * i->moves.bytes / duration(&i->moves, 1.0, 1.0) * i->rate : 0;
}

/* What one process wants of a store. */
typedef struct claim {
  slot *of;
  double demand;
  double limit;  /* no more than this goes to it */
  double weight; /* between processes */
  double writes; /* part of the demand */
  double cost;   /* of its bytes to those of the bandwidth */
  double given;
  bool served;
} claim;

static claim claim_of(slot *s, int d, store from) {
  claim one = {.of = s, .weight = 1.0, .limit = INFINITY, .cost = 1.0};
  double writes = 0;
  for (int k = 0; k < s->seats[d].grids; k++) {
    const item *i = slot_grid(s, d, k);
    one.demand += demand_of(i, from);
    writes += demand_of(i, from) * i->moves.writes;
  }
  if (one.demand > 0) one.writes = writes / one.demand;
  return one;
}

static void limit_dram(claim *one, const machine *m, const config *c, int d, double bandwidth) {
  one->limit = c->dram_reach * bandwidth;
  if (c->dram_partition) one->limit = fmin(one->limit, share_promised(c, d, one->of) * bandwidth);
  if (is_first_client(m, d, one->of)) one->weight = c->dram_weight;
}

static int claims_of(machine *m, const config *c, int d, store from, double bandwidth, claim into[MACHINE_SLOTS]) {
  int n = 0;
  for (slot *s = m->slots; s < slots_end(m); s++) {
    if (!s->seats[d].at_work) continue;
    claim one = claim_of(s, d, from);
    if (one.demand <= 0) continue;
    if (from == DRAM)
      limit_dram(&one, m, c, d, bandwidth);
    else
      one.limit = cache_of(m, c, d, s).bandwidth;
    one.demand = fmin(one.demand, one.limit);
    into[n++] = one;
  }
  return n;
}

/* A byte that is written costs more, in proportion to how much of the DRAM the others want: the bandwidth of a process
 * alone holds its own turns between reading and writing already. */
static void price_writes(claim *claims, int n, double write_cost, double bandwidth) {
  double sum = 0;
  for (int k = 0; k < n; k++) sum += claims[k].demand;
  for (int k = 0; k < n; k++) {
    double others = fmin(1.0, (sum - claims[k].demand) / bandwidth);
    claims[k].cost = 1 + (write_cost - 1) * claims[k].writes * others;
  }
}

/* ---- dividing ---- */

/* Of those not served yet: what one of weight 1 may have. */
static double level_of(const claim *claims, int n, double rest) {
  double weights = 0;
  for (int k = 0; k < n; k++)
    if (!claims[k].served) weights += claims[k].weight * claims[k].cost;
  return weights > 0 ? fmax(0.0, rest) / weights : 0;
}

/* Max-min fairness: whoever wants no more than its part of what is left has what it wants; the rest is divided anew. */
static void divide(claim *claims, int n, double bandwidth) {
  bool more = true;
  while (more) {
    double level = level_of(claims, n, bandwidth);
    more = false;
    for (int k = 0; k < n; k++) {
      claim *one = &claims[k];
      if (one->served || one->demand > one->weight * level) continue;
      one->given = one->demand;
      bandwidth -= one->given * one->cost;
      one->served = more = true;
    }
  }
  double level = level_of(claims, n, bandwidth);
  for (int k = 0; k < n; k++)
    if (!claims[k].served) claims[k].given = claims[k].weight * level;
}

/* Between the grids of one process, likewise: demands up to this level are met. */
static double level_within(slot *s, int d, store from, double given) {
  double level = 0;
  for (;;) {
    double rest = given;
    int open = 0;
    for (int k = 0; k < s->seats[d].grids; k++) {
      double demand = demand_of(slot_grid(s, d, k), from);
      if (demand > level)
        open++;
      else
        rest -= demand;
    }
    if (open == 0 || rest / open <= level) return level;
    level = rest / open;
  }
}

static void slow_down(const claim *one, int d, store from) {
  slot *s = one->of;
  double demand = claim_of(s, d, from).demand, wanted[GRIDS];
  if (demand <= one->given * (1 + rounding)) return;
  for (int k = 0; k < s->seats[d].grids; k++) wanted[k] = demand_of(slot_grid(s, d, k), from);
  double level = level_within(s, d, from, one->given);
  for (int k = 0; k < s->seats[d].grids; k++)
    if (wanted[k] > level) slot_grid(s, d, k)->rate *= level / wanted[k];
}

static void share_store(machine *m, const config *c, int d, store from, double bandwidth) {
  claim claims[MACHINE_SLOTS];
  int n = claims_of(m, c, d, from, bandwidth, claims);
  if (from == DRAM) price_writes(claims, n, c->dram_write_cost, bandwidth);
  divide(claims, n, bandwidth);
  for (int k = 0; k < n; k++) slow_down(&claims[k], d, from);
}

/* ---- latency under load ---- */

/* The part of a store's bandwidth that is used, by those who share it with this process. */
static double load_of(machine *m, const config *c, int d, const slot *mine, store from, double bandwidth) {
  const bool apart = from == DRAM ? c->dram_partition : c->l2_partition;
  double sum = 0;
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->seats[d].at_work && (s == mine || !apart)) sum += claim_of(s, d, from).demand;
  if (!apart) return fmin(1.0, sum / bandwidth);
  return fmin(1.0, sum / (bandwidth * share_promised(c, d, mine)));
}

/* It grows in proportion to what others use of the bandwidth. */
static void stretch_slot(machine *m, const config *c, int d, slot *s, const double bandwidth[2]) {
  for (int k = 0; k < s->seats[d].grids; k++) {
    item *i = slot_grid(s, d, k);
    if (i->rate <= 0 || !i->moves.waits) continue;
    i->miss_load = 1 + c->dram_queueing * load_of(m, c, d, s, DRAM, bandwidth[DRAM]);
    i->hit_load = 1 + c->l2_queueing * load_of(m, c, d, s, L2, bandwidth[L2]);
    const traffic *t = &i->moves;
    double hits = i->hits * (double)t->hit, misses = (1 - i->hits) * (double)t->miss;
    i->rate *= (hits + misses) / (hits * i->hit_load + misses * i->miss_load);
  }
}

/* ---- rates ---- */

static void rate_slot(slot *s, int d) {
  for (int k = 0; k < s->seats[d].grids; k++) {
    item *i = slot_grid(s, d, k);
    if (i->rate <= 0 || !moves_data(i)) continue;
    double part = i->got / i->share;
    i->rate *= rate_with(i, part, i->hits) / part;
  }
}

void memory_rates(machine *m, const config *c, int d) {
  const double bandwidth[] = {[DRAM] = (double)c->device[d].dram_bandwidth * 1e-9 * c->rate,
                              [L2] = (double)c->device[d].l2_bandwidth * 1e-9 * c->rate};
  cache_look(m, c, d);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->seats[d].at_work) rate_slot(s, d);
  for (store from = DRAM; from <= L2; from++) share_store(m, c, d, from, bandwidth[from]);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->seats[d].at_work) stretch_slot(m, c, d, s, bandwidth);
}
