/* The host's clock. */
#ifndef GVB_CLOCK_H
#define GVB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define GVB_MICROSECOND 1000LL
#define GVB_MILLISECOND 1000000LL
#define GVB_SECOND 1000000000LL

/* CLOCK_MONOTONIC in nanoseconds; inline, so that a timed loop pays for the clock alone. */
static inline int64_t gvb_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * GVB_SECOND + t.tv_nsec;
}

/* Sleeps until a millisecond before `at`, then spins. */
void gvb_wait_until(int64_t at);

#endif
