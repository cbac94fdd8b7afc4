/* detect_error: a fault on purpose, and when the host comes to know of it. */
#include "clock.h"
#include "mapping.h"
#include "work.h"

enum { COLUMNS = 2 };

#define NOWHERE 8 /* in the first page, which is never mapped, and a multiple of 8 */

typedef struct detect_work {
  gvb_work work;
  uint64_t fault;
  int64_t limit;
  gvb_mailbox *box;
  CUdeviceptr device_box, stamp, somewhere;
  gvb_echo echo;
} detect_work;

static int launch(detect_work *w) {
  CUdeviceptr address = w->fault == GVB_FAULT_MISALIGNED ? w->somewhere : NOWHERE;
  void *arguments[] = {&w->fault, &w->stamp, &address};
  return gvb_launch(GVB_KERNEL_FAULT, 1, 1, arguments);
}

static bool is_over(const detect_work *w, const gvb_interval *interval) {
  return gvb_stopped(interval) || (w->limit > 0 && interval->end - interval->begin > w->limit);
}

static CUresult await_answer(const detect_work *w, gvb_interval *interval) {
  for (;;) {
    const CUresult code = gvb_cuda.cuStreamQuery(gvb_gpu.stream);
    interval->end = gvb_clock();
    if (code != CUDA_ERROR_NOT_READY || is_over(w, interval)) return code;
  }
}

/* Without an answer there is no time of it. */
static int since_stamp(const detect_work *w, const gvb_interval *interval, int64_t *seen) {
  const int64_t stamp = (int64_t)__atomic_load_n(&w->box->stamp[0], __ATOMIC_ACQUIRE);
  *seen = -1;
  if (interval->samples[0] == CUDA_ERROR_NOT_READY) return GVB_OK;
  if (stamp == 0) return gvb_fail(GVB_ERROR_WRONG_RESULT, "gvb_fault left no stamp: it never ran");
  *seen = interval->end - gvb_host_time(&w->echo, &w->echo, stamp);
  return GVB_OK;
}

/* The launch itself must be accepted: a fault comes later. */
static int run(gvb_work *work, gvb_interval *interval) {
  detect_work *w = (detect_work *)work;
  interval->begin = gvb_clock();
  GVB_TRY(launch(w));
  interval->samples[0] = (int32_t)await_answer(w, interval);
  interval->rows = 1;
  interval->notes[0] = w->echo.half_width;
  return since_stamp(w, interval, &interval->samples[1]);
}

static int release(gvb_work *work) {
  detect_work *w = (detect_work *)work;
  void *box = w->box;
  const int status = gvb_device_free(&w->somewhere);
  return gvb_first(status, gvb_pinned_free(&box));
}

static int set_up(detect_work *w) {
  void *box = NULL;
  GVB_TRY(gvb_load(GVB_MODULE_FAULT));
  GVB_TRY(gvb_pinned_new(sizeof *w->box, &box));
  w->box = box;
  GVB_TRY(GVB_CUDA(cuMemHostGetDevicePointer_v2, &w->device_box, box, 0));
  w->stamp = w->device_box + (CUdeviceptr)((char *)w->box->stamp - (char *)w->box);
  GVB_TRY(gvb_device_new(64, &w->somewhere));
  return gvb_echo_measure(w->box, w->device_box, &w->echo);
}

int gvb_prepare_detect_error(int32_t fault, int64_t limit, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("fault", fault, GVB_FAULT_ILLEGAL_ADDRESS, GVB_FAULT_ENDLESS));
  GVB_TRY(gvb_need_range("limit", limit, 0, 3600 * GVB_SECOND));
  GVB_TRY(gvb_device_work_new(sizeof(detect_work), 1, COLUMNS, &made));
  made->run = run;
  made->release = release;
  detect_work *w = (detect_work *)made;
  w->fault = (uint64_t)fault;
  w->limit = limit;
  return gvb_work_ready(made, set_up(w), work);
}
