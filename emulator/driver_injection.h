/* Errors by rule, `inject.<API>`: which calls of this process meet one. */
#ifndef GVB_EMULATOR_DRIVER_INJECTION_H
#define GVB_EMULATOR_DRIVER_INJECTION_H

#include "../libgvb/machine_clock.h"
#include "driver_call.h"

/* This thread's draws follow from that start, from here on. */
void injection_begin(const gvb_start *start);

/* Of call `number` of the process. */
bool injection_meets(api which, const injection *i, int64_t number);

/* So many more were made with it, and drew nothing. */
void injection_pass(api which, int64_t more);

#endif
