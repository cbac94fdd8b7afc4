/* What the effects of kernels use: their arguments, and the versions of what they write. */
#ifndef GVB_EMULATOR_ARGUMENTS_H
#define GVB_EMULATOR_ARGUMENTS_H

#include <string.h>

#include "driver_kernels.h"
#include "driver_memory.h"

static inline void *pointer(const work *w, int argument) { return (void *)(uintptr_t)w->launch.argument[argument]; }
static inline uint64_t number(const work *w, int argument) { return w->launch.argument[argument]; }

static inline float real(const work *w, int argument) {
  float value;
  memcpy(&value, &w->launch.argument[argument], sizeof value);
  return value;
}

static inline void wrote(work *w, int argument) {
  if (w->touches[argument]) memory_touch(w->touches[argument]);
}

/* What a kernel computed from the same contents before; the first `compared` touched allocations decide. */
bool recall(const work *w, int compared, uint64_t value[2]);
void remember(const work *w, const uint64_t value[2]);

#endif
