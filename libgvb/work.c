#include "work.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "context.h"

int32_t gvb_abi(void) { return GVB_ABI; }

int64_t gvb_rows(const gvb_work *work) { return work != NULL ? work->rows : 0; }

int64_t gvb_columns(const gvb_work *work) { return work != NULL ? work->columns : 0; }

int gvb_need_out(gvb_work **work) {
  if (work == NULL) return gvb_fail(GVB_ERROR_ARGUMENT, "work is NULL, expected room for a pointer");
  *work = NULL;
  return GVB_OK;
}

int gvb_need_range(const char *name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return GVB_OK;
  return gvb_fail(GVB_ERROR_ARGUMENT, "%s is %" PRId64 ", expected %" PRId64 " to %" PRId64, name, value, least, most);
}

int gvb_work_new(size_t size, int64_t rows, int64_t columns, gvb_work **work) {
  *work = calloc(1, size);
  if (*work == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for a work of %zu bytes", size);
  (*work)->rows = rows;
  (*work)->columns = columns;
  return GVB_OK;
}

int gvb_device_work_new(size_t size, int64_t rows, int64_t columns, gvb_work **work) {
  GVB_TRY(gvb_enter_context());
  GVB_TRY(gvb_work_new(size, rows, columns, work));
  (*work)->on_device = true;
  gvb_count_works(1);
  return GVB_OK;
}

int gvb_work_ready(gvb_work *work, int status, gvb_work **out) {
  if (status == GVB_OK) {
    *out = work;
    return GVB_OK;
  }
  const gvb_failure failure = gvb_last_failure;
  gvb_release(work);
  gvb_last_failure = failure;
  return status;
}

static int check_interval(const gvb_work *work, const gvb_interval *interval) {
  if (work == NULL) return gvb_fail(GVB_ERROR_ARGUMENT, "work is NULL, expected one that gvb_prepare_... made");
  if (interval == NULL) return gvb_fail(GVB_ERROR_ARGUMENT, "interval is NULL, expected a gvb_interval");
  if (interval->samples == NULL) return gvb_fail(GVB_ERROR_ARGUMENT, "interval.samples is NULL, expected room");
  if (interval->rows >= work->rows) return GVB_OK;
  return gvb_fail(GVB_ERROR_ARGUMENT, "interval.rows has room for %" PRId64 ", expected at least %" PRId64,
                  interval->rows, work->rows);
}

/* The machine's clock knows a common start of its own. `begin` says at once that the run waits for it. */
static int run_on_machine(gvb_work *work, gvb_interval *interval) {
  interval->begin = gvb_clock();
  gvb_machine->enter(&interval->start, interval->stop);
  const int status = work->run(work, interval);
  gvb_machine->leave();
  return status;
}

int gvb_run(gvb_work *work, gvb_interval *interval) {
  GVB_TRY(check_interval(work, interval));
  if (work->on_device) GVB_TRY(gvb_enter_context());
  interval->rows = 0;
  interval->begin = interval->end = 0;
  for (int i = 0; i < 8; i++) interval->notes[i] = 0;
  if (gvb_machine != NULL) return run_on_machine(work, interval);
  if (interval->at != 0) gvb_wait_until(interval->at);
  return work->run(work, interval);
}

int gvb_release(gvb_work *work) {
  int status = GVB_OK;
  if (work == NULL) return GVB_OK;
  if (work->on_device) status = gvb_enter_context();
  if (work->release != NULL) status = gvb_first(status, work->release(work));
  if (work->on_device) gvb_count_works(-1);
  free(work);
  return status;
}
