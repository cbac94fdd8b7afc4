/* Fatal faults on the modelled timeline. They are decided by the schedule, whoever moves it, so that all processes that
 * one reaches see it at the same instant, whatever the process at fault does meanwhile. */
#include "common_faults.h"

#include "common_journal.h"
#include "common_parts.h"

/* Its own process looks at the code without the lock. */
void set_strike(strike *s, int code, int64_t at) {
  s->raised = 0;
  s->newest = 0;
  s->at = at;
  __atomic_store_n(&s->code, code, __ATOMIC_RELEASE);
}

static bool has_context(const machine *m, const slot *s) {
  for (int d = 0; d < m->devices; d++)
    if (s->seats[d].context) return true;
  return false;
}

static bool reaches(const machine *m, const config *c, const slot *from, const slot *to) {
  if (from == to) return true;
  return to->pid && has_context(m, to) && (c->fault_spread || is_together(from, to));
}

void faults_strike(machine *m, const config *c, slot *s, int code, int64_t at) {
  for (slot *other = m->slots; other < slots_end(m); other++) {
    if (!reaches(m, c, s, other) || other->strike.code) continue;
    note_slot(other);
    set_strike(&other->strike, code, at);
  }
  note_slot(s);
  s->strike.raised = 0;
}

void faults_settle(machine *m, const config *c, int64_t t) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid && s->strike.raised) faults_strike(m, c, s, s->strike.raised, t + c->fault_late);
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid && s->strike.code) schedule_drop(s, t);
}

/* The earliest end of those items of a slot that raise a fault. */
static int64_t first_fault(machine *m, const config *c, slot *s) {
  int64_t first = NEVER;
  for (uint64_t serial = s->first; serial <= s->strike.newest && serial <= s->head; serial++) {
    const item *i = slot_item(s, serial);
    if (i->fault && i->phase != PHASE_DONE) first = earlier(first, schedule_end(m, c, s, serial, ITEM_ALONE));
  }
  return first;
}

int64_t faults_next(machine *m, const config *c, const slot *s) {
  int64_t next = NEVER;
  if (s->strike.code) return s->strike.at;
  for (slot *other = m->slots; other < slots_end(m); other++)
    if (other->pid && reaches(m, c, other, s)) next = earlier(next, first_fault(m, c, other));
  return next;
}

/* At least a nanosecond ahead: one that is due has been handed on already. */
int64_t faults_first(machine *m, const config *c) {
  int64_t first = NEVER;
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid && !s->strike.code) first = earlier(first, first_fault(m, c, s));
  return later(first, m->time + 1);
}
