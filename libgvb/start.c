/* launch_to_start and start_probe: from the host's launch to the kernel's first instruction. */
#include <stdlib.h>

#include "clock.h"
#include "crowd.h"
#include "launcher.h"
#include "mapping.h"
#include "work.h"

enum { WARM_LAUNCHES = 20 };

#define STEP (20 * GVB_MICROSECOND) /* between looks at the crowd */

typedef struct start_work {
  gvb_work work;
  gvb_launcher launcher;
  gvb_mailbox *box;
  CUdeviceptr stamp;
  CUdeviceptr device_box;
  uint64_t nonce;
  void *arguments[2];
  int64_t timer_step;
  int64_t *launched; /* host time before each launch */
  int64_t *stamped;  /* device time of each */
  /* of start_probe */
  CUstream urgent; /* of the highest priority; NULL: launches go to the common stream */
  gvb_crowd crowd;
  bool crowded;
  int64_t pause; /* before a launch, at most */
  uint64_t random;
} start_work;

/* A graph keeps the nonce it was made with: its number is cleared, not counted. */
static void next_nonce(start_work *w) {
  if (w->launcher.api == GVB_LAUNCH_GRAPH)
    __atomic_store_n(&w->box->stamp[1], 0, __ATOMIC_RELEASE);
  else
    w->nonce++;
}

/* xorshift64* of Marsaglia and Vigna. */
static uint64_t next_random(start_work *w) {
  w->random ^= w->random >> 12;
  w->random ^= w->random << 25;
  w->random ^= w->random >> 27;
  return w->random * 0x2545F4914F6CDD1Dull;
}

/* So that launches meet what repeats itself at any phase. */
static int take_a_pause(start_work *w) {
  if (w->pause == 0) return GVB_OK;
  const int64_t until = gvb_clock() + (int64_t)(next_random(w) % (uint64_t)w->pause);
  for (int64_t now = gvb_clock(); now < until; now = gvb_clock()) {
    if (w->crowded) GVB_TRY(gvb_crowd_keep(&w->crowd));
    gvb_spin_until(w->crowded && now + STEP < until ? now + STEP : until);
  }
  return GVB_OK;
}

static int await_end(const start_work *w) {
  return w->urgent != NULL ? GVB_CUDA(cuStreamSynchronize, w->urgent) : gvb_sync();
}

static int launch_and_await(start_work *w, int64_t *launched, int64_t *stamped) {
  GVB_TRY(take_a_pause(w));
  next_nonce(w);
  const int64_t t0 = gvb_clock();
  const CUresult code = gvb_launcher_go(&w->launcher);
  GVB_TRY(gvb_cuda_status(gvb_launcher_call(&w->launcher), code));
  GVB_TRY(gvb_await_word(&w->box->stamp[1], w->nonce, "gvb_stamp"));
  *launched = t0;
  *stamped = (int64_t)w->box->stamp[0];
  return await_end(w);
}

static int launch_all(start_work *w) {
  for (int64_t i = 0; i < w->work.rows; i++) GVB_TRY(launch_and_await(w, &w->launched[i], &w->stamped[i]));
  return GVB_OK;
}

static int run(gvb_work *work, gvb_interval *interval) {
  start_work *w = (start_work *)work;
  gvb_echo before, after;
  interval->begin = gvb_clock();
  GVB_TRY(gvb_echo_measure(w->box, w->device_box, &before));
  GVB_TRY(launch_all(w));
  if (w->crowded) GVB_TRY(gvb_crowd_disperse(&w->crowd));
  GVB_TRY(gvb_echo_measure(w->box, w->device_box, &after));
  interval->end = gvb_clock();
  for (int64_t i = 0; i < work->rows; i++)
    interval->samples[i] = gvb_host_time(&before, &after, w->stamped[i]) - w->launched[i];
  interval->rows = work->rows;
  interval->notes[0] = before.half_width > after.half_width ? before.half_width : after.half_width;
  interval->notes[1] = w->timer_step;
  interval->notes[2] = after.offset - before.offset;
  return GVB_OK;
}

static int make_room(start_work *w, int64_t count) {
  w->launched = calloc((size_t)count, sizeof *w->launched);
  w->stamped = calloc((size_t)count, sizeof *w->stamped);
  if (w->launched != NULL && w->stamped != NULL) return GVB_OK;
  return gvb_fail(GVB_ERROR_STATE, "no host memory for %lld stamps", (long long)count);
}

static int warm_up(start_work *w) {
  gvb_echo echo;
  int64_t launched, stamped;
  for (int i = 0; i < WARM_LAUNCHES; i++) GVB_TRY(launch_and_await(w, &launched, &stamped));
  return gvb_echo_measure(w->box, w->device_box, &echo);
}

static int set_up(start_work *w, int32_t api, int32_t resolution) {
  void *box = NULL;
  GVB_TRY(make_room(w, w->work.rows));
  GVB_TRY(gvb_pinned_new(sizeof *w->box, &box));
  w->box = box;
  GVB_TRY(GVB_CUDA(cuMemHostGetDevicePointer_v2, &w->device_box, box, 0));
  GVB_TRY(gvb_timer_step(&w->timer_step));
  w->stamp = w->device_box + offsetof(gvb_mailbox, stamp);
  w->nonce = 1;
  w->arguments[0] = &w->stamp;
  w->arguments[1] = &w->nonce;
  GVB_TRY(gvb_launcher_make(&w->launcher, api, resolution, GVB_KERNEL_STAMP, 1, w->arguments));
  return warm_up(w);
}

static int release(gvb_work *work) {
  start_work *w = (start_work *)work;
  void *box = w->box;
  int status = gvb_launcher_free(&w->launcher);
  if (w->urgent != NULL) status = gvb_first(status, GVB_CUDA(cuStreamDestroy_v2, w->urgent));
  if (w->crowded) status = gvb_first(status, gvb_crowd_free(&w->crowd));
  free(w->launched);
  free(w->stamped);
  return gvb_first(status, gvb_pinned_free(&box));
}

int gvb_prepare_launch_to_start(int32_t api, int32_t resolution, int64_t count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_launch_api(api));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_device_work_new(sizeof(start_work), count, 1, &made));
  made->run = run;
  made->release = release;
  return gvb_work_ready(made, set_up((start_work *)made, api, resolution), work);
}

static int make_urgent(start_work *w) {
  int least = 0, greatest = 0;
  GVB_TRY(GVB_NEED(cuStreamCreateWithPriority));
  GVB_TRY(GVB_NEED(cuCtxGetStreamPriorityRange));
  GVB_TRY(GVB_CUDA(cuCtxGetStreamPriorityRange, &least, &greatest));
  return GVB_CUDA(cuStreamCreateWithPriority, &w->urgent, CU_STREAM_NON_BLOCKING, greatest);
}

static int set_up_probe(start_work *w, int64_t iterations, int64_t blocks) {
  GVB_TRY(set_up(w, GVB_LAUNCH_KERNEL, GVB_QUERY));
  if (iterations == 0) return GVB_OK;
  w->crowded = true;
  GVB_TRY(gvb_crowd_make(&w->crowd, iterations, blocks));
  GVB_TRY(make_urgent(w));
  w->launcher.shape.hStream = w->urgent;
  GVB_TRY(gvb_crowd_keep(&w->crowd));
  return gvb_crowd_disperse(&w->crowd);
}

int gvb_prepare_start_probe(int64_t count, int64_t pause, int64_t seed, int64_t iterations, int64_t blocks,
                            gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_need_range("pause", pause, 0, GVB_SECOND));
  GVB_TRY(gvb_need_range("seed", seed, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("iterations", iterations, 0, INT64_MAX));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, INT32_MAX));
  GVB_TRY(gvb_device_work_new(sizeof(start_work), count, 1, &made));
  made->run = run;
  made->release = release;
  start_work *w = (start_work *)made;
  w->random = (uint64_t)seed;
  w->pause = pause;
  return gvb_work_ready(made, set_up_probe(w, iterations, blocks), work);
}
