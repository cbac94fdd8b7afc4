#ifndef GVB_EMULATOR_CLOCK_H
#define GVB_EMULATOR_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define NEVER INT64_MAX

#endif
