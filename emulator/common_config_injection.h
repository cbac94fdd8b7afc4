/* Errors by rule, in the words of NVIDIA's fault injection (`inject.<API> code=2 after_calls=10 probability=0.1`). */
#ifndef GVB_EMULATOR_INJECTION_H
#define GVB_EMULATOR_INJECTION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct injection {
  int64_t code; /* CUresult, 0 = none */
  int64_t after_calls;
  double probability; /* of each later call */
  int64_t seed;
  int64_t sticky; /* 1: after the first, every call of the process answers it */
} injection;

/* Words apart by spaces or commas. On failure, false and the word in `wrong` (of so many bytes). */
bool injection_parse(const char *text, injection *into, char *wrong, int room);

/* Whether `code` is drawn for that call. `origin` tells processes apart. */
bool injection_hits(const injection *i, uint64_t origin, int64_t call);

#endif
