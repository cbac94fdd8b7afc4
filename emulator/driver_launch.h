/* Modules, functions and their launches. */
#ifndef GVB_EMULATOR_LAUNCH_H
#define GVB_EMULATOR_LAUNCH_H

#include "driver_kernels.h"

enum { MAGIC_FUNCTION = 0x46554e43, FUNCTION_NAME = 128 };

/* Of blocks, and bytes of shared memory: what a kernel may have unasked, and asked; of a multiprocessor; and what the
 * system takes of it for each block. */
enum { BLOCK_THREADS = 1024, SHARED_DEFAULT = 48 << 10, SHARED_MOST = 227 << 10 };
enum { SHARED_OF_SM = 228 << 10, SHARED_SYSTEM = 1 << 10 };

struct CUfunc_st {
  uint32_t magic;
  CUmodule module;
  const kernel *kernel; /* NULL: in the image, but the emulated GPU has no effect for it */
  char name[FUNCTION_NAME];
  unsigned int dynamic; /* shared memory that a launch may ask for */
  int carveout;         /* %, -1: as it comes */
  struct CUfunc_st *next;
};

struct CUmod_st {
  uint32_t magic;
  owner owner;
  int target; /* 70: sm_70 */
  CUfunction functions;
};

/* Grid and block as the caller gave them. */
typedef struct shape {
  unsigned int grid[3], block[3], shared;
} shape;

/* Whether it is one, and its context is there. */
bool function_lives(CUfunction function);

/* Checks a launch and copies its arguments: the parameters may change once the call has returned. */
CUresult launch_prepare(CUfunction function, const shape *s, void **parameters, void **extra, launch *into);

/* Queues it; gpu.lock is held. */
void launch_submit(CUstream stream, const launch *l);

#endif
