/* What copies and fills move. */
#ifndef GVB_EMULATOR_TRAFFIC_H
#define GVB_EMULATOR_TRAFFIC_H

#include "driver_process.h"

/* A copy or fill that takes so long alone. */
void traffic_copy(double bytes, double written, int64_t duration, traffic *into);

#endif
