/* The launch limiter. */
#ifndef LAYER_LIMITER_H
#define LAYER_LIMITER_H

#include "hooks.h"

/* Around a launch of so many blocks; `limiter_begin` may wait. One thread at a time is between the two. */
bool limiter_begin(uint64_t blocks, CUstream stream);
void limiter_end(CUstream stream, CUresult code);

/* Before contexts end: forgets the launch whose time is being measured. */
void limiter_forget(void);

#endif
