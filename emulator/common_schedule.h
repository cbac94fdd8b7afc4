/* The timing model: a discrete-event simulation of the device's engines over the queues of all processes.
 *
 * Any process may move the schedule forward on behalf of the others, so that one that is stopped or killed stalls
 * nobody, and begin and end of every item follow from the model alone, never from when somebody woke up. A process
 * alone on the device gets exactly the analytic timeline: begin = max(arrive, ends of what it waits for), or later
 * while other kernels have the multiprocessors, other copies the engine; end = begin + cost.
 *
 * All functions are called with the machine's lock held. */
#ifndef GVB_EMULATOR_SCHEDULE_H
#define GVB_EMULATOR_SCHEDULE_H

#include "common_machine.h"

/* Of what an end is asked: one item, or every item of a device up to it. */
typedef enum scope { ITEM_ALONE = -1 } scope; /* else a device's number */

/* Moves the schedule to `to`, which must not lie in the future. Work of a process that is gone is served until somebody
 * notices, unless nobody has looked for long. */
void schedule_advance(machine *m, const config *c, int64_t to);

/* The same, and notices. */
void schedule_reap(machine *m, const config *c, int64_t to);

/* Room for another item? */
bool schedule_has_room(const slot *s);

/* Appends *i (device, engine, flags, arrive, cost, share, after) to the slot's queue and returns its serial. */
uint64_t schedule_append(slot *s, const item *i);

/* Whether an item is done. One that left the queue is. */
bool schedule_done(slot *s, uint64_t serial);

/* The same for a scope. */
bool schedule_all_done(slot *s, uint64_t serial, scope of);

/* A fault that no item raises: the process at fault, and all that it reaches, answer `code` from now on. */
void schedule_strike(machine *m, const config *c, slot *s, int code, int64_t now);

/* Takes all that a slot has queued off the devices: it ends at t, and has no effect. */
void schedule_drop(slot *s, int64_t t);

/* Gives an open item its end. */
void schedule_close(machine *m, slot *s, uint64_t serial, int64_t end);

/* The end of an item (of: a device = of every item of that device up to it): exact if it is done, else a lower bound
 * that is exact while no other stream or process wants the device. NEVER: not before an open item is closed. It holds
 * until work ends sooner than its cost says: by a fault (ask again at faults_first, at the latest), or because its
 * process ends or closes it (ask again when machine_stir says so). */
int64_t schedule_end(machine *m, const config *c, slot *s, uint64_t serial, scope of);

/* The same for the begin of an item that has not begun. */
int64_t schedule_begin(machine *m, const config *c, slot *s, uint64_t serial);

/* When between `begin` and `end` the slot had the compute engine of device d, in order; returns how many spans, at most
 * SPANS. What is older than the newest SPANS is forgotten. */
int schedule_served(const slot *s, int d, int64_t begin, int64_t end, span into[SPANS]);

/* Share of the last second in which a process (NULL: any) had the compute engine of device d. */
double schedule_utilization(const machine *m, int d, const slot *s);

/* The multiprocessors' clock while so many are busy, as a part of what it is while none is. */
double clock_part(const config *c, double busy);

/* The same while only this item is at work, with that part of its share. */
double clock_alone(const config *c, const item *i, double part);

/* W, the mean of the second that ended with the newest whole tenth; and J since the machine's start. */
double device_power(const machine *m, const config *c, int d);
double device_energy(const machine *m, const config *c, int d);

/* Factor on the compute rate at a time: throttling. */
double schedule_throttle(const machine *m, const config *c, int64_t at);

#endif
