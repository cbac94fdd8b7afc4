/* context_cycle: what a process pays before its first kernel has run. */
#include "clock.h"
#include "context.h"
#include "count.h"
#include "work.h"

enum { LOAD, INIT, CONTEXT, ALLOCATE, MODULE, LAUNCH, PHASES };
enum { FIRST_ALLOCATION = 4096, BLOCK = 32 };

typedef struct cycle_work {
  gvb_work work;
  int32_t device, resolution;
} cycle_work;

/* What the phases hand on. */
typedef struct cycle {
  CUdevice handle;
  CUcontext context;
  CUdeviceptr counter;
  CUmodule module;
  CUfunction empty;
} cycle;

static int initialize(void) { return GVB_CUDA(cuInit, 0); }

static int retain(cycle *c) {
  GVB_TRY(GVB_CUDA(cuDevicePrimaryCtxRetain, &c->context, c->handle));
  return GVB_CUDA(cuCtxSetCurrent, c->context);
}

static int allocate(cycle *c) { return GVB_CUDA(cuMemAlloc_v2, &c->counter, FIRST_ALLOCATION); }

/* Lazy loading does its work when the function is asked for. */
static int load_module(cycle *c) {
  GVB_TRY(GVB_CUDA(cuModuleLoadData, &c->module, gvb_ptx(GVB_MODULE_EMPTY)));
  return GVB_CUDA(cuModuleGetFunction, &c->empty, c->module, "gvb_empty");
}

static int first_launch(cycle *c) {
  void *arguments[] = {&c->counter};
  GVB_TRY(GVB_CUDA(cuLaunchKernel, c->empty, 1, 1, 1, BLOCK, 1, 1, 0, NULL, arguments, NULL));
  return GVB_CUDA(cuStreamSynchronize, NULL);
}

/* Stamps one phase; the clock is read before and after, also when it fails. */
#define PHASE(row, end, phase, expression)           \
  do {                                               \
    const int64_t phase_begin = gvb_clock();         \
    const int phase_status = (expression);           \
    (end) = gvb_clock();                             \
    (row)[phase] = (end) - phase_begin;              \
    if (phase_status != GVB_OK) return phase_status; \
  } while (0)

static int run_phases(const cycle_work *w, cycle *c, gvb_interval *interval) {
  int64_t *row = interval->samples;
  interval->begin = gvb_clock();
  PHASE(row, interval->end, LOAD, gvb_driver_load(w->resolution));
  PHASE(row, interval->end, INIT, initialize());
  GVB_TRY(GVB_CUDA(cuDeviceGet, &c->handle, w->device));
  PHASE(row, interval->end, CONTEXT, retain(c));
  PHASE(row, interval->end, ALLOCATE, allocate(c));
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, c->counter, 0, FIRST_ALLOCATION));
  PHASE(row, interval->end, MODULE, load_module(c));
  PHASE(row, interval->end, LAUNCH, first_launch(c));
  return GVB_OK;
}

static int verify(const cycle *c) {
  uint64_t counted = 0;
  GVB_TRY(GVB_CUDA(cuMemcpyDtoH_v2, &counted, c->counter, sizeof counted));
  return gvb_count_compare(counted, 1);
}

/* The context stays, for whatever the process does next; what was made in it goes. */
static int discard(const cycle *c) {
  const int status = GVB_CUDA(cuModuleUnload, c->module);
  return gvb_first(status, GVB_CUDA(cuMemFree_v2, c->counter));
}

static int need_fresh_process(void) {
  if (!gvb_driver_touched()) return GVB_OK;
  return gvb_fail(GVB_ERROR_STATE, "this process has opened the driver before: context_cycle needs a fresh one");
}

static int run_locked(cycle_work *w, gvb_interval *interval) {
  cycle c = {0};
  GVB_TRY(need_fresh_process());
  GVB_TRY(run_phases(w, &c, interval));
  interval->rows = 1;
  GVB_TRY(verify(&c));
  return discard(&c);
}

static int run(gvb_work *work, gvb_interval *interval) {
  gvb_lock();
  const int status = run_locked((cycle_work *)work, interval);
  gvb_unlock();
  return status;
}

int gvb_prepare_context_cycle(int32_t device, int32_t resolution, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("device", device, 0, 1023));
  GVB_TRY(gvb_need_range("resolution", resolution, GVB_HANDLE, GVB_QUERY));
  GVB_TRY(need_fresh_process());
  GVB_TRY(gvb_work_new(sizeof(cycle_work), 1, PHASES, &made));
  made->run = run;
  ((cycle_work *)made)->device = device;
  ((cycle_work *)made)->resolution = resolution;
  *work = made;
  return GVB_OK;
}
