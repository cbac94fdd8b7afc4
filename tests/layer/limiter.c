/* Two ways to hold a tenant to LAYER_SHARE. `blocks` counts blocks, as if each took the same time: it is wrong for
 * kernels of few or long blocks, and does not see graphs. `time` charges a launch with what the one before took on the
 * device, and with the difference when its own two events have passed. */
#include "limiter.h"

#include <pthread.h>
#include <string.h>

#include "bucket.h"

/* A kernel that runs for longer may be waiting for what the application does next. */
#define LONGEST_WAIT 2000000000
#define POLL 20000
#define IN_FLIGHT 16

typedef struct events {
  cuEventCreate_fn *create;
  cuEventDestroy_v2_fn *destroy;
  cuEventRecord_fn *record;
  cuEventQuery_fn *query;
  cuEventElapsedTime_fn *elapsed;
  cuStreamIsCapturing_fn *capturing;
} events;

typedef struct launch {
  CUevent before, after;
  double charged; /* ns */
} launch;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static events call;
static bool by_blocks;
static launch launches[IN_FLIGHT]; /* a ring of those on the device, from `oldest` to before `newest` */
static uint64_t oldest, newest;
static double usual;  /* ns that the last one took, 0 as long as none has ended */
static bool measured; /* `before` of the newest is queued and `after` is not */

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
  for (launch *l = launches; l < launches + IN_FLIGHT; l++) {
    if (l->before != NULL) call.destroy(l->before);
    if (l->after != NULL) call.destroy(l->after);
    *l = (launch){NULL, NULL, 0};
  }
  oldest = newest;
}

/* Charges the oldest launch with the time it took; false if it has not ended. */
static bool settle_oldest(void) {
  const launch *l = &launches[oldest % IN_FLIGHT];
  float milliseconds = 0;
  CUresult code = call.query(l->after);
  if (code == CUDA_ERROR_NOT_READY) return false;
  if (code == CUDA_SUCCESS) code = call.elapsed(&milliseconds, l->before, l->after);
  if (code != CUDA_SUCCESS) {
    drop_events();
    return true;
  }
  usual = milliseconds * 1e6;
  bucket_take(usual - l->charged);
  oldest++;
  return true;
}

/* Waits for the oldest where there is no place for another, or none has ended yet that could tell the usual time. */
static void settle(void) {
  const int64_t latest = layer_now() + LONGEST_WAIT;
  while (oldest < newest && settle_oldest()) continue;
  while (newest - oldest >= (usual > 0 ? IN_FLIGHT : 1) && layer_now() < latest)
    if (!settle_oldest()) layer_sleep(POLL);
}

/* A stream that records a graph runs nothing now, and must not be given events. */
static bool is_captured(CUstream stream) {
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  return call.capturing(stream, &status) != CUDA_SUCCESS || status != CU_STREAM_CAPTURE_STATUS_NONE;
}

static bool has_events(launch *l) {
  if (l->before == NULL && call.create(&l->before, CU_EVENT_DEFAULT) != CUDA_SUCCESS) l->before = NULL;
  if (l->after == NULL && call.create(&l->after, CU_EVENT_DEFAULT) != CUDA_SUCCESS) l->after = NULL;
  return l->before != NULL && l->after != NULL;
}

static void begin_by_time(CUstream stream) {
  launch *l = &launches[newest % IN_FLIGHT];
  if (is_captured(stream)) return;
  settle();
  if (!bucket_wait() || newest - oldest >= IN_FLIGHT) return;
  measured = has_events(l) && call.record(l->before, stream) == CUDA_SUCCESS;
}

static void end_by_time(CUstream stream, CUresult code) {
  launch *l = &launches[newest % IN_FLIGHT];
  if (code != CUDA_SUCCESS || call.record(l->after, stream) != CUDA_SUCCESS) return;
  l->charged = usual;
  bucket_take(usual);
  newest++;
}

static void begin_by_blocks(uint64_t blocks) {
  if (bucket_wait()) bucket_take((double)blocks / knobs.block_rate * 1e9);
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
  if (knobs.bucket_cost > 0) layer_spin_since(begin, knobs.bucket_cost);
  return true;
}

void limiter_end(CUstream stream, CUresult code) {
  if (measured) end_by_time(stream, code);
  measured = false;
  pthread_mutex_unlock(&lock);
}

void limiter_forget(void) {
  if (!limited()) return;
  pthread_mutex_lock(&lock);
  drop_events();
  pthread_mutex_unlock(&lock);
}
