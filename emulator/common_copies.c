/* The copies of one machine: which run, and how fast.
 *
 * A process has as many copies of one direction on their way as there are engines for it. An engine takes turns between
 * processes so often that here all copies on their way run at once. They share each port that they cross, a direction
 * of a device's link to the host or to other devices, by max-min fairness: equal parts, but none gets more than it can
 * use. So a pageable copy leaves the rest of the link to others. The fixed duration of a copy counts as use of the
 * port. */
#include <math.h>
#include <string.h>

#include "common_journal.h"
#include "common_parts.h"

enum { ALL_PORTS = DEVICES * PORTS };
static const double tiny = 1e-12; /* of a port: less is rounding */

/* ---- engines ---- */

static engine lane_of(const config *c, engine e) { return e == ENGINE_D2H && c->copy_engines == 1 ? ENGINE_H2D : e; }

static int engines_of(const config *c, engine e) {
  return e == ENGINE_PEER || c->copy_engines == 1 ? 1 : (int)c->copy_engines / 2;
}

bool copies_have_room(const config *c, slot *s, int d, engine e) {
  const seat *t = &s->seats[d];
  int busy = 0;
  for (int k = 0; k < t->copies; k++) busy += lane_of(c, slot_item(s, t->copy[k])->engine) == lane_of(c, e);
  return busy < engines_of(c, e);
}

bool copies_in_turn(const config *c, engine e) { return engines_of(c, e) == 1; }

/* ---- ports ---- */

/* What it crosses: one engine for both directions, or a half-duplex link, is one port for both. */
static int port_of(const config *c, const item *i, int k) {
  bool merged = c->copy_engines == 1 || c->half_duplex;
  return merged && i->port[k] % PORTS == PORT_D2H ? i->port[k] - PORT_D2H + PORT_H2D : i->port[k];
}

/* All copies on their way, or those of one process, in turn. */
typedef struct cursor {
  const slot *only;
  int slot, device, next;
} cursor;

static item *next_copy(machine *m, cursor *at) {
  for (; at->slot < m->top; at->slot++, at->device = 0) {
    slot *s = &m->slots[at->slot];
    if (!s->pid || (at->only && s != at->only)) continue;
    for (; at->device < m->devices; at->device++, at->next = 0)
      if (at->next < s->seats[at->device].copies) return slot_item(s, s->seats[at->device].copy[at->next++]);
  }
  return NULL;
}

typedef struct ports {
  const config *c;
  double left[ALL_PORTS];
  int open[ALL_PORTS]; /* copies that cross it and have no part yet */
} ports;

static double part_of(const ports *p, const item *i) {
  double part = i->share;
  for (int k = 0; k < CROSSED && i->port[k]; k++) {
    int n = port_of(p->c, i, k);
    part = fmin(part, p->left[n] / p->open[n]);
  }
  return part;
}

static void give_part(ports *p, item *i, double part) {
  i->got = part;
  i->rate = part / i->share;
  for (int k = 0; k < CROSSED && i->port[k]; k++) {
    int n = port_of(p->c, i, k);
    p->left[n] -= part;
    p->open[n]--;
  }
}

static int open_ports(ports *p, machine *m, const slot *only) {
  int count = 0;
  cursor at = {.only = only};
  for (int n = 0; n < ALL_PORTS; n++) p->left[n] = 1.0;
  memset(p->open, 0, sizeof p->open);
  for (item *i; (i = next_copy(m, &at)); count++) {
    i->rate = 0;
    for (int k = 0; k < CROSSED && i->port[k]; k++) p->open[port_of(p->c, i, k)]++;
  }
  return count;
}

/* Gives the lowest part first, then what is left to the others: nobody can get more without taking from one that has
 * less. */
static void share_ports(machine *m, const config *c, const slot *only) {
  ports p = {.c = c};
  for (int open = open_ports(&p, m, only); open > 0;) {
    double lowest = 1.0;
    item *i;
    for (cursor at = {.only = only}; (i = next_copy(m, &at));)
      if (i->rate <= 0) lowest = fmin(lowest, part_of(&p, i));
    for (cursor at = {.only = only}; (i = next_copy(m, &at));) {
      if (i->rate > 0 || part_of(&p, i) > lowest + tiny) continue;
      give_part(&p, i, part_of(&p, i));
      open--;
    }
  }
}

int64_t copies_serve(machine *m, const config *c, int64_t t) {
  cursor all = {0};
  int64_t next = NEVER;
  if (!next_copy(m, &all)) return NEVER;
  if (!c->link_own) share_ports(m, c, NULL);
  for (const slot *s = m->slots; c->link_own && s < slots_end(m); s++)
    if (is_active(s)) share_ports(m, c, s);
  item *i;
  for (all = (cursor){0}; (i = next_copy(m, &all));) next = earlier(next, compute_completion(i, i->rate, t));
  return next;
}

void copies_progress(machine *m, int d, int64_t from, int64_t to) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    for (int k = s->seats[d].copies - 1; s->pid && k >= 0; k--) { /* backwards: those that end leave the list */
      item *i = slot_item(s, s->seats[d].copy[k]);
      note_item(i);
      if (i->begin == NEVER) i->begin = from;
      bool done = compute_completion(i, i->rate, from) <= to;
      i->left -= (double)(to - from) * i->rate;
      if (done) finish_item(s, i, to);
    }
}

/* ---- prediction ---- */

int64_t copies_steady(machine *m, const config *c) {
  int64_t first = copies_serve(m, c, m->time);
  cursor all = {0};
  for (const item *i; (i = next_copy(m, &all));)
    if (i->port[1]) return m->time; /* one that comes later may slow down what this one shares its other port with */
  return first;
}

int64_t copy_end(const machine *m, const item *i, int64_t steady) {
  int64_t end = compute_completion(i, i->rate, m->time);
  if (end <= steady) return end;
  return steady + (int64_t)ceil(i->left - (double)(steady - m->time) * i->rate - 1e-6);
}

/* ---- the list ---- */

void copies_remove(slot *s, int d, uint64_t serial) {
  seat *t = &s->seats[d];
  for (int k = 0; k < t->copies; k++)
    if (t->copy[k] == serial) t->copy[k--] = t->copy[--t->copies];
}
