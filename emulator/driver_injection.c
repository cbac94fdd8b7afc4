/* What is drawn for a call depends on nothing that the host's scheduling decides: on the start that the thread took
 * part in and the number of the call since then, or, before any start, on the number of the call alone. */
#include "driver_injection.h"

#include <string.h>

static _Thread_local uint64_t origin; /* 0 = no start yet */
static _Thread_local int64_t since[APIS];

void injection_begin(const gvb_start *start) {
  origin = (uint64_t)start->seed * 1000003 + (uint64_t)start->rank + 1;
  memset(since, 0, sizeof since);
}

bool injection_meets(api which, const injection *i, int64_t number) {
  const int64_t drawn = origin ? ++since[which] : number;
  return number > i->after_calls && injection_hits(i, origin, drawn);
}

void injection_pass(api which, int64_t more) {
  if (origin) since[which] += more;
}
