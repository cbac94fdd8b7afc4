/* Fatal faults: kernels that raise them, and what the process sees of them. */
#ifndef GVB_EMULATOR_DRIVER_FAULTS_H
#define GVB_EMULATOR_DRIVER_FAULTS_H

#include "common_faults.h"
#include "driver_process.h"

/* A kernel that follows a bad pointer: it ends soon, by an illegal address. */
void fault_of_pointer(item *i, work *w);

/* A fatal fault of this process, at once. */
void fault_raise(CUresult code);

/* Every call from here on answers what has reached the process by `now`. Without gpu.lock. */
void fault_look(int64_t now);

/* Before a call answers it, the first at least: what ended before the fault is in memory. Without gpu.lock. */
void fault_tell(void);

/* The context is gone, and the fault with it. */
void fault_forget(void);

/* Whether one may reach the process that the machine does not know of yet. */
bool fault_may_come(void);

/* For calls that wait or ask, with gpu.lock held: what they wait for may have ended by a fault, which is reported later
 * than it happened. */
int64_t fault_await(int64_t end); /* waits for the report; returns its time, or `end` if there is no fault */
bool fault_is_to_come(int64_t *at);

#endif
