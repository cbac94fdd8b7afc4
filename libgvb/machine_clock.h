/* The clock of a machine that has one of its own: the emulated GPU's, in virtual time. */
#ifndef GVB_MACHINE_CLOCK_H
#define GVB_MACHINE_CLOCK_H

#include <stdint.h>

/* How a run takes part in virtual time. Zeros: a run by itself. */
typedef struct gvb_start {
  int64_t party;   /* runs that begin together, this one included; the clock stands still until all are there */
  int64_t rank;    /* among them, from 0 */
  int64_t follows; /* 1: it works beside others until it is stopped, and counts in no party */
  int64_t seed;    /* of the noise in it */
} gvb_start;

typedef struct gvb_machine_clock {
  int64_t (*now)(void);        /* ns */
  void (*wait)(int64_t until); /* returns at that instant */
  void (*relax)(void);         /* one step of a loop that waits for a word of memory */
  void (*enter)(const gvb_start *start, const volatile int32_t *stop);
  void (*leave)(void);
} gvb_machine_clock;

/* Exported by a driver that has such a clock; NULL if the host's clock is its own. */
typedef const gvb_machine_clock *gvb_machine_clock_fn(void);
#define GVB_MACHINE_CLOCK "gvb_emulated_clock"

#endif
