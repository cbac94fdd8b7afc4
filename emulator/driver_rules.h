/* The configuration's lines about single functions: latency, fail, hang, sticky, inject. */
#ifndef GVB_EMULATOR_RULES_H
#define GVB_EMULATOR_RULES_H

#include "driver_call.h"

/* Reads them; false: one names no function of the driver. */
bool rules_apply(void);

int64_t rules_latency(api a);

/* Counts the call, and sets its result if a rule concerns it. */
void rules_meet(call *c);

/* As how many calls the current one may count, itself included, so that no rule concerns any of the others. */
int64_t rules_free(api a);
/* So many more were made with it. */
void rules_pass(api a, int64_t more);

#endif
