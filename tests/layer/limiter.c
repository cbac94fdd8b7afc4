/* Two ways to hold a tenant to LAYER_SHARE. `blocks` counts blocks, as if each took the same time: it is wrong for
 * kernels of few or long blocks, and does not see graphs. `time` lets one launch at a time go to the device, measures
 * how long it took there, and lets the next one go when the share has paid for it. */
#include "limiter.h"

#include <pthread.h>
#include <string.h>

#include "bucket.h"

/* A kernel that runs for longer may be waiting for what the application does next. */
#define LONGEST_WAIT 2000000000
#define POLL 20000

typedef struct events {
  cuEventCreate_fn *create;
  cuEventDestroy_v2_fn *destroy;
  cuEventRecord_fn *record;
  cuEventQuery_fn *query;
  cuEventElapsedTime_fn *elapsed;
  cuStreamIsCapturing_fn *capturing;
} events;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static events call;
static bool by_blocks;
static bool measuring; /* a launch between its two events is on the device */
static bool recorded;  /* `before` is queued for the launch that is being made */
static CUevent before, after;

static bool limited(void) { return knobs.share > 0 && knobs.share < 1; }

static void start(void) {
  by_blocks = knobs.limiter != NULL && strcmp(knobs.limiter, "blocks") == 0;
  call.create = (cuEventCreate_fn *)driver_symbol("cuEventCreate");
  call.destroy = (cuEventDestroy_v2_fn *)driver_symbol("cuEventDestroy_v2");
  call.record = (cuEventRecord_fn *)driver_symbol("cuEventRecord");
  call.query = (cuEventQuery_fn *)driver_symbol("cuEventQuery");
  call.elapsed = (cuEventElapsedTime_fn *)driver_symbol("cuEventElapsedTime");
  call.capturing = (cuStreamIsCapturing_fn *)driver_symbol("cuStreamIsCapturing");
  bucket_start();
}

static void drop_events(void) {
  if (before != NULL) call.destroy(before);
  if (after != NULL) call.destroy(after);
  before = after = NULL;
  measuring = false;
}

/* Charges the launch on the device with the time it took, once it has ended. */
static void settle(void) {
  float milliseconds = 0;
  const int64_t latest = layer_now() + LONGEST_WAIT;
  CUresult code = measuring ? call.query(after) : CUDA_SUCCESS;
  while (code == CUDA_ERROR_NOT_READY && layer_now() < latest) {
    layer_sleep(POLL);
    code = call.query(after);
  }
  if (!measuring || code == CUDA_ERROR_NOT_READY) return;
  if (code == CUDA_SUCCESS) code = call.elapsed(&milliseconds, before, after);
  measuring = false;
  if (code == CUDA_SUCCESS)
    bucket_take(milliseconds * 1e6);
  else
    drop_events();
}

/* A stream that records a graph runs nothing now, and must not be given events. */
static bool is_captured(CUstream stream) {
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  return call.capturing(stream, &status) != CUDA_SUCCESS || status != CU_STREAM_CAPTURE_STATUS_NONE;
}

static bool have_events(void) {
  if (before == NULL && call.create(&before, CU_EVENT_DEFAULT) != CUDA_SUCCESS) before = NULL;
  if (after == NULL && call.create(&after, CU_EVENT_DEFAULT) != CUDA_SUCCESS) after = NULL;
  return before != NULL && after != NULL;
}

static void begin_by_time(CUstream stream) {
  recorded = false;
  if (is_captured(stream)) return;
  settle();
  bucket_wait();
  recorded = !measuring && have_events() && call.record(before, stream) == CUDA_SUCCESS;
}

static void begin_by_blocks(uint64_t blocks) {
  bucket_wait();
  bucket_take((double)blocks / knobs.block_rate * 1e9);
}

bool limiter_begin(uint64_t blocks, CUstream stream) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (!limited()) return false;
  const int64_t begin = layer_now();
  pthread_once(&once, start);
  pthread_mutex_lock(&lock);
  if (!by_blocks)
    begin_by_time(stream);
  else if (blocks > 0)
    begin_by_blocks(blocks);
  /* The check costs that much in all, not on top of what it cost already. */
  if (knobs.bucket_cost > 0) layer_spin_until(begin + knobs.bucket_cost);
  return true;
}

void limiter_end(CUstream stream, CUresult code) {
  if (recorded) measuring = code == CUDA_SUCCESS && call.record(after, stream) == CUDA_SUCCESS;
  recorded = false;
  pthread_mutex_unlock(&lock);
}

void limiter_forget(void) {
  if (!limited()) return;
  pthread_mutex_lock(&lock);
  drop_events();
  pthread_mutex_unlock(&lock);
}
