/* Virtual time: the clock of a machine with `clock virtual`. It stands still while anybody computes, and moves to the
 * earliest instant that anybody waits for when all wait: a conservative discrete-event simulation, whose coroutines are
 * threads of processes. One goes on at a time, in an order that the model alone decides, so that what is measured is a
 * function of the seed.
 *
 * A thread is known from clock_enter to clock_leave, or for one wait (ROLE_CALL) if it never entered. Leaders are the
 * threads whose windows are read. A follower, a neighbor that works until it is stopped, goes on only while there is a
 * leader: how far it runs must not depend on when the harness's message arrives. Whoever waits looks now and then
 * whether the others still live. */
#ifndef GVB_EMULATOR_DRIVER_CLOCK_H
#define GVB_EMULATOR_DRIVER_CLOCK_H

#include "../libgvb/machine_clock.h"
#include "driver_process.h"

/* Until a virtual instant. */
void clock_wait(int64_t until);

/* The same, but no longer than until machine->stirred is another. */
void clock_await(int64_t until, uint32_t stirred);

/* The calling thread takes part from a common start on; *stop != 0 ends the wait for it. */
void clock_enter(const gvb_start *start, const volatile int32_t *stop);
void clock_leave(void);

/* In the child of a fork. */
void clock_forget(void);

/* Whoever of this process takes part does so no longer. With the machine's lock held. */
void clock_leave_process(machine *m);

#endif
