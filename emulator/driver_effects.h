/* The effects of queued work: who runs them, and when. All with gpu.lock held; what waits or runs releases it. */
#ifndef GVB_EMULATOR_EFFECTS_H
#define GVB_EMULATOR_EFFECTS_H

#include "driver_process.h"

enum { LOOK_AGAIN = 20000000, LOOK_SOON = 50000 }; /* ns until a waiter looks at the model again, at the latest */

static inline work *work_of(uint64_t serial) { return &gpu.works[serial % QUEUE]; }

/* Whether the effect of an item (of: a device = of every item of it up to there) is complete. */
bool effects_done(uint64_t serial, scope of);

/* Whether what it waits for is done, so that it can run. */
bool effect_runnable(const work *w);
void effect_finished(work *w);

/* Unless a fault came before the end of its item. */
void effect_perform(work *w);

/* Wakes the thread whose work it is. */
void effect_hand_over(work *w);

/* Runs what can be run now, up to the serial, instead of waiting for another thread to wake up. */
void effects_help(uint64_t serial, scope of, bool timed_too);

/* The same for all that is queued, on every device. */
void effects_help_all(void);

/* Waits for effects, whatever the model says. */
void effects_finish(uint64_t serial, scope of);

/* Waits until no queued work has an effect to come on this memory. */
void effects_release_memory(memory *m);

void effects_start_threads(void);

/* One step of each interactive effect that has begun. */
void effects_talk(void);

/* Runs what is due and talks with the application, in a thread of the application, without the lock. */
void effects_look(void);

/* What ended before a fault is in memory on return, but for what the application has a part in. Without the lock. */
void effects_settle(void);

/* Waits without the lock. */
void effects_pause_until(int64_t time);
/* The same for what the schedule foretold: await_foretold. */
void effects_await(int64_t time, uint32_t stirred);

#endif
