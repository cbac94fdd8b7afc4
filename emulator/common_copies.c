/* The copy engines: one copy at a time each, in the order in which they became ready. */
#include "common_parts.h"

/* Among those of a device and of its instances; *unit: where it is. */
static slot *next_copy(machine *m, int d, engine e, int *unit) {
  slot *chosen = NULL;
  int64_t first = NEVER;
  for (slot *s = m->slots; s < slots_end(m); s++) {
    for (int u = 0; is_active(s) && u < m->devices; u++) {
      if (m->device[u].link != d || !s->seats[u].current[e]) continue;
      int64_t ready = ready_time(s, slot_item(s, s->seats[u].current[e]));
      if (ready >= first) continue;
      first = ready;
      chosen = s;
      *unit = u;
    }
  }
  return chosen;
}

void start_copies(machine *m, int d, int64_t t) {
  device *v = &m->device[d];
  for (int e = ENGINE_H2D; e < ENGINES; e++) {
    int unit = d;
    slot *chosen = v->copy_slot[e] < 0 ? next_copy(m, d, (engine)e, &unit) : NULL;
    if (!chosen) continue;
    item *i = slot_item(chosen, chosen->seats[unit].current[e]);
    v->copy_unit[e] = unit;
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
    uint64_t serial = s->seats[v->copy_unit[e]].current[e];
    v->copy_slot[e] = -1;
    if (s->pid && serial) finish_item(m, s, slot_item(s, serial), v->copy_end[e]);
  }
}

void repair_copies(machine *m, int d) {
  device *v = &m->device[d];
  for (int e = ENGINE_H2D; e < ENGINES; e++)
    if (v->copy_slot[e] >= 0 && !m->slots[v->copy_slot[e]].seats[v->copy_unit[e]].current[e]) v->copy_slot[e] = -1;
}
