/* Modules, functions and their launches. */
#ifndef GVB_EMULATOR_LAUNCH_H
#define GVB_EMULATOR_LAUNCH_H

#include "driver_kernels.h"

enum { MAGIC_FUNCTION = 0x46554e43, FUNCTION_NAME = 128 };

struct CUfunc_st {
  uint32_t magic;
  CUmodule module;
  const kernel *kernel; /* NULL: in the image, but the emulated GPU has no effect for it */
  char name[FUNCTION_NAME];
  struct CUfunc_st *next;
};

struct CUmod_st {
  uint32_t magic;
  CUfunction functions;
};

/* Grid and block as the caller gave them. */
typedef struct shape {
  unsigned int grid[3], block[3];
} shape;

/* Checks a launch and copies its arguments: the parameters may change once the call has returned. */
CUresult launch_prepare(CUfunction function, const shape *s, void **parameters, void **extra, launch *into);

/* Queues it; gpu.lock is held. */
void launch_submit(CUstream stream, const launch *l);

#endif
