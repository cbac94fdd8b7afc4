/* What kernels and fills move: the parts that they are made of. */
#ifndef GVB_EMULATOR_TRAFFIC_H
#define GVB_EMULATOR_TRAFFIC_H

#include "driver_process.h"

/* Bytes that stream through the multiprocessors of a launch, a part of them written. */
void traffic_stream(const launch *l, double bytes, double written, traffic *into);

/* A copy or fill that takes so long alone. */
void traffic_copy(double bytes, double written, int64_t duration, traffic *into);

#endif
