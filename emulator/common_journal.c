#include "common_journal.h"

#include <string.h>

/* Behind the bytes: notes are read from the newest to the oldest. */
typedef struct label {
  uint64_t at; /* from the machine's beginning */
  uint64_t bytes;
} label;

static machine *open_on; /* this process is in a transaction */

/* A process that dies has made all stores before the instruction that it did not reach: only the compiler must keep
 * their order. */
static void in_order(void) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

static uint64_t padded(uint64_t bytes) { return (bytes + 7) & ~(uint64_t)7; }

void journal_begin(machine *m) {
  m->journal.number++;
  open_on = m;
  in_order();
}

void journal_commit(void) {
  in_order();
  open_on->journal.used = 0;
  open_on = NULL;
}

void note(void *at, size_t bytes) {
  if (!open_on) return;
  journal *j = &open_on->journal;
  unsigned char *place = j->notes + j->used;
  const label mine = {(uint64_t)((char *)at - (char *)open_on), bytes};
  memcpy(place, at, bytes);
  memcpy(place + padded(bytes), &mine, sizeof mine);
  in_order();
  j->used += padded(bytes) + sizeof mine;
  in_order();
}

void journal_roll_back(machine *m) {
  const journal *j = &m->journal;
  open_on = NULL;
  for (uint64_t end = j->used; end > 0;) {
    label one;
    memcpy(&one, j->notes + (end -= sizeof one), sizeof one);
    memcpy((char *)m + one.at, j->notes + (end -= padded(one.bytes)), one.bytes);
  }
  in_order();
  m->journal.used = 0;
}

void journal_touch(machine *m) {
  enum { COMMON = 32 << 10 };
  memset(m->journal.notes, 0, COMMON);
}

/* ---- each at most once in a transaction ---- */

static void note_once(uint64_t *noted, void *from, void *end) {
  if (!open_on || *noted == open_on->journal.number) return;
  note(from, (size_t)((char *)end - (char *)from));
  *noted = open_on->journal.number;
}

void note_item(item *i) { note_once(&i->noted, &i->phase, i + 1); }
void note_seat(seat *t) { note_once(&t->noted, &t->oldest, t + 1); }
void note_slot(slot *s) { note_once(&s->noted, &s->first, &s->strike + 1); }
void note_device(device *v) { note_once(&v->noted, &v->owner, &v->l2_noted); }
void note_l2(device *v) { note_once(&v->l2_noted, &v->uses, v + 1); }
