/* Time: the host's, or that of a machine which has a clock of its own. */
#ifndef GVB_CLOCK_H
#define GVB_CLOCK_H

#include <stdint.h>
#include <stddef.h>
#include <time.h>

#include "machine_clock.h"

#define GVB_MICROSECOND 1000LL
#define GVB_MILLISECOND 1000000LL
#define GVB_SECOND 1000000000LL

/* NULL: the host's clock counts. Set once, when the driver is opened. */
extern const gvb_machine_clock *gvb_machine;

/* CLOCK_MONOTONIC in nanoseconds; inline, so that a timed loop pays for the clock alone. */
static inline int64_t gvb_host_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * GVB_SECOND + t.tv_nsec;
}

/* The clock that samples are taken with: the host's, unless the machine has its own. */
static inline int64_t gvb_clock(void) {
  return __builtin_expect(gvb_machine != NULL, 0) ? gvb_machine->now() : gvb_host_clock();
}

/* Sleeps until a millisecond before `at` of the host's clock, then spins. */
void gvb_wait_until(int64_t at);

/* Spins. */
static inline void gvb_spin_until(int64_t at) {
  if (gvb_machine != NULL) gvb_machine->wait(at);
  while (gvb_clock() < at) continue;
}

/* In the body of a loop that waits for a word of memory. */
static inline void gvb_relax(void) {
  if (gvb_machine != NULL) gvb_machine->relax();
}

#endif
