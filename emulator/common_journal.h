/* What a step of the schedule has changed so far, so that it can be put back.
 *
 * A process may die between any two stores. So a step is a transaction: before it changes an item, a seat, a slot, or a
 * device, it notes what is there, and one store at its end commits all changes by forgetting the notes. Whoever takes
 * the lock of a process that died within a step puts everything back: that step has not happened, and comes again.
 * Whoever dies while he puts back leaves the notes to the next.
 *
 * Outside of a transaction a process changes its own slot alone, which goes with it. What each step derives anew, such
 * as rates, is not put back. */
#ifndef GVB_EMULATOR_JOURNAL_H
#define GVB_EMULATOR_JOURNAL_H

#include "common_machine.h"

/* With the machine's lock held. */
void journal_begin(machine *m);
void journal_commit(void);
void journal_roll_back(machine *m);

/* Maps what steps commonly need, for this process: a page fault in the middle of a call takes long. */
void journal_touch(machine *m);

/* Before something changes; outside of a transaction they do nothing. */
void note(void *at, size_t bytes);
void note_item(item *i);
void note_seat(seat *t);
void note_slot(slot *s);
void note_device(device *v);
void note_l2(device *v);

#endif
