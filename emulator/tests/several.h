/* A machine of several devices, with a context and a stream on each. */
#ifndef GVB_EMULATOR_TEST_SEVERAL_H
#define GVB_EMULATOR_TEST_SEVERAL_H

#include "timeline.h"

enum { BYTES = 64000000 };

extern CUcontext of[4];
extern CUstream on[4];
extern CUdeviceptr here[4]; /* BYTES of each */
extern CUfunction spin[4], fill[4];
extern CUevent edge[4][2];

void each_device(int count);
void use(int d);

/* One block that holds one multiprocessor of device d for so long. */
void work(int d, uint64_t ns);

void start(int d);
void stop(int d);

/* Between the two, in nanoseconds. */
int64_t took(int d);

_Noreturn void end(bool good);

#endif
