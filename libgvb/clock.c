#include "clock.h"

#include "gvb.h"

const gvb_machine_clock *gvb_machine;

int32_t gvb_is_virtual(void) { return gvb_machine != NULL; }

int64_t gvb_now(void) { return gvb_clock(); }

void gvb_wait_until(int64_t at) {
  const int64_t wake = at - GVB_MILLISECOND;
  if (gvb_clock() < wake) {
    const struct timespec t = {.tv_sec = wake / GVB_SECOND, .tv_nsec = wake % GVB_SECOND};
    /* A signal ends the sleep early; the spin below then takes longer, and stays right. */
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
  }
  while (gvb_clock() < at) continue;
}
