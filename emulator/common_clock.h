/* The host's clock, and the machine's: the same unless the machine has a clock of its own (`clock virtual`). */
#ifndef GVB_EMULATOR_CLOCK_H
#define GVB_EMULATOR_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, nanoseconds. */
static inline int64_t clock_host(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Where the machine keeps its own time; NULL: it lives in the host's. */
extern const int64_t *clock_virtual;

static inline int64_t clock_now(void) {
  return clock_virtual ? __atomic_load_n(clock_virtual, __ATOMIC_ACQUIRE) : clock_host();
}

#define NEVER INT64_MAX

#endif
