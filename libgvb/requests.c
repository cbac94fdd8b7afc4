/* requests: a chain of kernels whenever one is due, however late the one before was. */
#include "clock.h"
#include "compute.h"
#include "work.h"

enum { COLUMNS = 3, MOST_CHAIN = 1024, WARM = 3 };

typedef struct requests_work {
  gvb_work work;
  gvb_fma fma;
  int64_t chain, period;
} requests_work;

static int serve(requests_work *w) {
  for (int64_t k = 0; k < w->chain; k++) GVB_TRY(gvb_fma_launch(&w->fma));
  return gvb_sync();
}

static int one_request(requests_work *w, int64_t due, gvb_interval *interval) {
  int64_t *row = interval->samples + COLUMNS * interval->rows++;
  gvb_spin_until(interval->begin + due);
  const int64_t t0 = gvb_clock();
  GVB_TRY(serve(w));
  interval->end = gvb_clock();
  row[0] = due;
  row[1] = t0 - interval->begin;
  row[2] = interval->end - interval->begin;
  return GVB_OK;
}

static int run(gvb_work *work, gvb_interval *interval) {
  requests_work *w = (requests_work *)work;
  interval->begin = gvb_clock();
  for (int64_t i = 0; i < work->rows && !gvb_stopped(interval); i++) GVB_TRY(one_request(w, i * w->period, interval));
  return gvb_fma_verify(&w->fma);
}

static int release(gvb_work *work) { return gvb_fma_free(&((requests_work *)work)->fma); }

static int set_up(requests_work *w, int64_t iterations, int64_t blocks) {
  GVB_TRY(gvb_fma_make(&w->fma, iterations, blocks));
  for (int i = 0; i < WARM; i++) GVB_TRY(serve(w));
  return gvb_fma_verify(&w->fma);
}

int gvb_prepare_requests(int64_t chain, int64_t iterations, int64_t blocks, int64_t period, int64_t duration,
                         gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("chain", chain, 1, MOST_CHAIN));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, INT32_MAX));
  GVB_TRY(gvb_need_range("period", period, 10 * GVB_MICROSECOND, GVB_SECOND));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("requests", (duration + period - 1) / period, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_device_work_new(sizeof(requests_work), (duration + period - 1) / period, COLUMNS, &made));
  made->run = run;
  made->release = release;
  requests_work *w = (requests_work *)made;
  w->chain = chain;
  w->period = period;
  return gvb_work_ready(made, set_up(w, iterations, blocks), work);
}
