/* The copy engines: one copy at a time each, in the order in which they became ready. */
#include "common_parts.h"

static slot *next_copy(machine *m, int d, engine e) {
  slot *chosen = NULL;
  int64_t first = NEVER;
  for (slot *s = m->slots; s < slots_end(m); s++) {
    if (!is_active(s) || !s->seats[d].current[e]) continue;
    int64_t ready = ready_time(s, slot_item(s, s->seats[d].current[e]));
    if (ready >= first) continue;
    first = ready;
    chosen = s;
  }
  return chosen;
}

void start_copies(machine *m, int d, int64_t t) {
  device *v = &m->device[d];
  for (int e = ENGINE_H2D; e < ENGINES; e++) {
    slot *chosen = v->copy_slot[e] < 0 ? next_copy(m, d, (engine)e) : NULL;
    if (!chosen) continue;
    item *i = slot_item(chosen, chosen->seats[d].current[e]);
    i->begin = t;
    v->copy_slot[e] = slot_index(m, chosen);
    v->copy_end[e] = t + i->cost;
  }
}

void finish_copies(machine *m, int d, int64_t t) {
  device *v = &m->device[d];
  for (int e = ENGINE_H2D; e < ENGINES; e++) {
    if (v->copy_slot[e] < 0 || v->copy_end[e] > t) continue;
    slot *s = &m->slots[v->copy_slot[e]];
    uint64_t serial = s->seats[d].current[e];
    v->copy_slot[e] = -1;
    if (s->pid && serial) finish_item(m, s, slot_item(s, serial), v->copy_end[e]);
  }
}

void repair_copies(machine *m, int d) {
  device *v = &m->device[d];
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (v->copy_slot[e] >= 0 && !m->slots[v->copy_slot[e]].seats[d].current[e]) v->copy_slot[e] = -1;
}
