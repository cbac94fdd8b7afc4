#include "clock.h"

#include "work.h"

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

static int run_floor(gvb_work *work, gvb_interval *interval) {
  for (int64_t i = 0; i < work->rows; i++) {
    const int64_t t0 = gvb_clock();
    const int64_t t1 = gvb_clock();
    if (i == 0) interval->begin = t0;
    interval->samples[i] = t1 - t0;
    interval->end = t1;
  }
  interval->rows = work->rows;
  return GVB_OK;
}

int gvb_prepare_clock_floor(int64_t count, gvb_work **work) {
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  gvb_work *floor = NULL;
  GVB_TRY(gvb_work_new(sizeof *floor, count, 1, &floor));
  floor->run = run_floor;
  *work = floor;
  return GVB_OK;
}
