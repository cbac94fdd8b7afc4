/* Queueing of work on streams, and waiting for it. */
#ifndef GVB_EMULATOR_QUEUE_H
#define GVB_EMULATOR_QUEUE_H

#include "driver_process.h"

/* All with gpu.lock held; those that wait release it meanwhile. */

/* Queues one item and its effect behind what the stream holds; returns its serial. `arrive` of the item is the end of
 * the current call plus launch_to_start. */
uint64_t queue_submit(CUstream stream, item *i, work *w);

/* A marker at the stream's end, for an event (or NULL). */
uint64_t queue_marker(CUstream stream, CUevent event);

/* The event now reports a marker at the stream's end. */
void event_mark(CUevent event, CUstream stream);

/* CUDA_SUCCESS if it is one. One that was destroyed, itself or with its context, is without a context. */
CUresult need_event(CUevent event);

/* What the stream gets from now on waits for that item too. */
void queue_after(CUstream stream, uint64_t serial);

/* Waits until the item (of: a device = every item of it up to there) has ended, in the model and in effect; returns its
 * modelled end. */
int64_t queue_wait(uint64_t serial, scope of);

/* Waits for all that is queued on any device of this process; returns when it ended. */
int64_t queue_drain(void);

/* queue_wait for a call that returns to the application afterwards: adds sync_return. */
void queue_synchronize(uint64_t serial, scope of, unsigned int context_flags);

/* Whether it has ended by now. */
bool queue_ended(uint64_t serial);

/* The modelled times of an item that has ended. */
void queue_times(uint64_t serial, int64_t *begin, int64_t *end);

/* How its accesses were served. */
tally queue_tally(uint64_t serial);

#endif
