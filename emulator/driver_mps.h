/* Being a client of an MPS server. */
#ifndef GVB_EMULATOR_DRIVER_MPS_H
#define GVB_EMULATOR_DRIVER_MPS_H

#include "driver_process.h"

/* Connects to the server if CUDA_MPS_PIPE_DIRECTORY names a daemon that answers; else the process goes on without. */
CUresult mps_join(void);

/* In a forked child: the connection is the parent's. */
void mps_forget(void);

/* Lets the server know of a fatal fault, so that it refuses newcomers. */
void mps_tell_fault(CUresult code);

#endif
