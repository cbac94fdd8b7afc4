#include "mapping.h"

#include "clock.h"

enum { EXCHANGES = 1000, TIMER_READS = 100000 };

static const int64_t patience = 10 * GVB_SECOND;

/* Shorter than our own patience: the kernel has ended when we give up, and nothing hangs after us. */
static uint64_t kernel_limit = 2 * GVB_SECOND;

static int overdue(const char *kernel) {
  const CUresult code = gvb_cuda.cuStreamQuery(gvb_gpu.stream);
  if (code != CUDA_SUCCESS && code != CUDA_ERROR_NOT_READY) return gvb_cuda_status("cuStreamQuery", code);
  return gvb_fail(GVB_ERROR_TIMEOUT, "%s did not answer within %lld s", kernel, (long long)(patience / GVB_SECOND));
}

int gvb_await_word(const uint64_t *word, uint64_t value, const char *kernel) {
  const int64_t begin = gvb_clock();
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
    if (gvb_clock() - begin > patience) return overdue(kernel);
    gvb_relax();
  }
  return GVB_OK;
}

static int exchange(gvb_mailbox *box, uint64_t number, gvb_echo *echo) {
  const int64_t sent = gvb_clock();
  __atomic_store_n(&box->ping[0], number, __ATOMIC_RELEASE);
  GVB_TRY(gvb_await_word(&box->pong[1], number, "gvb_echo"));
  const int64_t received = gvb_clock();
  const int64_t half_width = (received - sent + 1) / 2;
  if (number > 1 && half_width >= echo->half_width) return GVB_OK;
  echo->device = (int64_t)box->pong[0];
  echo->offset = sent + (received - sent) / 2 - echo->device;
  echo->half_width = half_width;
  return GVB_OK;
}

int gvb_echo_measure(gvb_mailbox *box, CUdeviceptr device_box, gvb_echo *echo) {
  CUdeviceptr ping = device_box + offsetof(gvb_mailbox, ping);
  CUdeviceptr pong = device_box + offsetof(gvb_mailbox, pong);
  uint64_t count = EXCHANGES;
  void *arguments[] = {&ping, &pong, &count, &kernel_limit};
  box->ping[0] = box->pong[0] = box->pong[1] = 0;
  GVB_TRY(gvb_launch(GVB_KERNEL_ECHO, 1, 1, arguments));
  for (uint64_t number = 1; number <= EXCHANGES; number++) GVB_TRY(exchange(box, number, echo));
  return gvb_sync();
}

static int read_step(CUdeviceptr out, int64_t *step) {
  uint64_t reads = TIMER_READS;
  void *arguments[] = {&out, &reads};
  GVB_TRY(gvb_launch(GVB_KERNEL_STEP, 1, 1, arguments));
  GVB_TRY(gvb_download(step, out, sizeof *step));
  if (*step > 0) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "%%globaltimer did not advance in %d reads", TIMER_READS);
}

int gvb_timer_step(int64_t *step) {
  CUdeviceptr out = 0;
  GVB_TRY(gvb_device_new(sizeof *step, &out));
  const int status = read_step(out, step);
  return gvb_first(status, gvb_device_free(&out));
}

int64_t gvb_host_time(const gvb_echo *before, const gvb_echo *after, int64_t device) {
  const double between = (double)(after->device - before->device);
  const double part = between > 0 ? (double)(device - before->device) / between : 0;
  return device + before->offset + (int64_t)(part * (double)(after->offset - before->offset));
}
