/* clock_floor: what two clock reads cost, with nothing between them. */
#include "clock.h"
#include "work.h"

static int run(gvb_work *work, gvb_interval *interval) {
  for (int64_t i = 0; i < work->rows; i++) {
    const int64_t t0 = gvb_host_clock();
    const int64_t t1 = gvb_host_clock();
    if (i == 0) interval->begin = t0;
    interval->samples[i] = t1 - t0;
    interval->end = t1;
  }
  interval->rows = work->rows;
  return GVB_OK;
}

int gvb_prepare_clock_floor(int64_t count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_work_new(sizeof *made, count, 1, &made));
  made->run = run;
  *work = made;
  return GVB_OK;
}
