#include "driver_call.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver_clock.h"
#include "driver_effects.h"
#include "driver_faults.h"
#include "driver_rules.h"

static int64_t base_cost[APIS];
static int64_t overhead; /* of entering and leaving a call, as a loop of calls sees it */
static _Thread_local call *current;
static _Thread_local uint64_t calls; /* of this thread so far */

/* ---- configuration ---- */

/* GVB_EMULATED_RATE: a factor for this process alone, as a layer that costs its kernels would be. */
static bool set_rate(void) {
  const char *text = getenv("GVB_EMULATED_RATE");
  char *end = NULL;
  double factor = text ? strtod(text, &end) : 1.0;
  gpu.rate = gpu.config.rate * factor;
  if (!text || (end != text && *end == 0 && range_holds_number("0.001 to 1000", factor))) return true;
  snprintf(gpu.config_error, sizeof gpu.config_error, "GVB_EMULATED_RATE is '%.100s', expected 0.001 to 1000", text);
  return false;
}

static void set_costs(void) {
  const config *c = &gpu.config;
  for (int a = 0; a < APIS; a++) base_cost[a] = c->call;
  base_cost[API_cuLaunchKernel] = c->launch_kernel;
  base_cost[API_cuLaunchKernelEx] = c->launch_kernel_ex;
  base_cost[API_cuGraphLaunch] = c->graph_launch;
  base_cost[API_cuGraphInstantiate] = base_cost[API_cuGraphInstantiate_v2] = c->graph_instantiate;
  base_cost[API_cuGraphInstantiateWithFlags] = c->graph_instantiate;
  base_cost[API_cuEventRecord] = base_cost[API_cuEventRecordWithFlags] = c->event_record;
  base_cost[API_cuModuleLoad] = base_cost[API_cuModuleLoadData] = base_cost[API_cuModuleLoadDataEx] = c->module_load;
  base_cost[API_cuMemAllocAsync] = base_cost[API_cuMemAllocFromPoolAsync] = c->pool_alloc;
  base_cost[API_cuMemFreeAsync] = c->pool_free;
  base_cost[API_cuMemCreate] = c->vmm_create;
  base_cost[API_cuMemRelease] = c->vmm_release;
  base_cost[API_cuMemAddressReserve] = base_cost[API_cuMemAddressFree] = c->vmm_reserve;
  base_cost[API_cuMemMap] = c->vmm_map;
  base_cost[API_cuMemUnmap] = c->vmm_unmap;
  base_cost[API_cuMemSetAccess] = c->vmm_access;
  base_cost[API_cuMemHostAlloc] = base_cost[API_cuMemAllocHost_v2] = base_cost[API_cuMemFreeHost] = c->host_alloc;
  base_cost[API_cuMemHostRegister_v2] = base_cost[API_cuMemHostUnregister] = c->host_alloc;
  for (int a = API_cuMemcpy; a <= API_cuMemsetD32Async; a++) base_cost[a] = c->copy_call;
}

/* What a call takes beyond the time between its own two looks at the clock. */
static void calibrate(void) {
  enum { ROUNDS = 200, COST = 400, TRIES = 5 };
  double jitter = gpu.config.jitter;
  int64_t least = INT64_MAX;
  if (clock_virtual) return;
  gpu.config.jitter = 0;
  for (int t = 0; t < TRIES; t++) {
    int64_t begin = clock_now();
    for (int k = 0; k < ROUNDS; k++) {
      call c;
      call_enter(&c, APIS);
      c.cost = COST;
      call_leave(&c);
    }
    int64_t each = (clock_now() - begin) / ROUNDS - COST;
    if (each < least) least = each;
  }
  gpu.config.jitter = jitter;
  overhead = least < 0 ? 0 : least > 150 ? 30 : least; /* 30: usual, if the machine was too busy to tell */
}

/* Virtual time is the machine's, which all other processes join in cuInit alone. */
static bool find_clock(void) {
  if (!gpu.config.is_virtual) return true;
  gpu.born = process_born(getpid());
  gpu.machine = machine_open(&gpu.config, gpu.config_error);
  return gpu.machine != NULL;
}

void process_configure(void) {
  static atomic_bool done;
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  if (atomic_load_explicit(&done, memory_order_acquire)) return;
  pthread_mutex_lock(&once);
  if (!atomic_load(&done)) {
    if (config_read(&gpu.config, gpu.config_error) && rules_apply() && set_rate() && find_clock()) {
      set_costs();
      gpu.configured = true;
      calibrate();
    }
    atomic_store_explicit(&done, true, memory_order_release);
  }
  pthread_mutex_unlock(&once);
}

/* ---- the call ---- */

/* Calls that answer even in a process whose context is lost. */
static bool survives_fault(api a) {
  switch (a) {
    case API_cuGetErrorName:
    case API_cuGetErrorString:
    case API_cuDriverGetVersion:
    case API_cuGetProcAddress:
    case API_cuGetProcAddress_v2:
    case API_cuDeviceGet:
    case API_cuDeviceGetCount:
    case API_cuDeviceGetAttribute:
    case API_cuDeviceGetName:
    case API_cuDevicePrimaryCtxGetState:
    case API_cuDevicePrimaryCtxRetain:
    case API_cuDevicePrimaryCtxReset_v2:
    case API_cuDevicePrimaryCtxRelease_v2:
    case API_cuCtxDestroy_v2:
    case API_cuCtxGetCurrent:
    case API_cuCtxSetCurrent:
    case API_cuCtxGetDevice:
    case API_cuCtxGetFlags:
    case API_cuPointerGetAttribute:
    case API_cuMemCreate:
    case API_cuGraphCreate:
      return true;
    default:
      return false;
  }
}

/* A fatal fault, or an MPS server that is gone or has ended this client: that decides, also at the end of a call that
 * waited. */
static void meets_loss(call *c) {
  const int lost = atomic_load_explicit(&gpu.lost, memory_order_relaxed);
  const int fault = lost ? 0 : atomic_load_explicit(&gpu.fault, memory_order_relaxed);
  if (!(lost || fault) || survives_fault(c->api)) return;
  if (fault) fault_tell();
  c->result = (CUresult)(lost ? lost : fault);
}

static bool meets_fault(call *c) {
  rules_meet(c);
  fault_look(c->base);
  meets_loss(c);
  return c->result != CUDA_SUCCESS;
}

bool call_enter(call *c, api which) {
  if (which < APIS) process_configure();
  c->base = clock_now();
  c->api = which;
  c->result = CUDA_SUCCESS;
  c->cost = which < APIS && gpu.configured ? base_cost[which] : 0;
  c->cost = noisy(c->cost);
  c->not_before = 0;
  c->waited = false;
  c->look = 0;
  current = c;
  calls++;
  if (which == APIS || !gpu.configured) return true;
  c->cost += rules_latency(which);
  return !meets_fault(c);
}

int64_t call_end(void) {
  int64_t end = current->base + current->cost - overhead;
  return end > current->not_before ? end : current->not_before;
}

/* If work may end sooner than was foretold, the looks go on with the next. */
static void leave_looks(const call *c, int64_t end) {
  await_foretold(end, c->stirred);
  const int64_t passed = clock_now() - c->base;
  if (clock_now() < end) wait_until(c->base + (passed > 0 ? (passed + c->look - 1) / c->look : 1) * c->look);
  rules_pass(c->api, (clock_now() - c->base) / c->look - 1);
}

CUresult call_leave(call *c) {
  int64_t end = call_end();
  if (clock_virtual && end <= c->base) end = c->base + 1; /* who calls in a loop until some time must get there */
  current = NULL;
  if (c->look > 0)
    leave_looks(c, end);
  else
    wait_until(end);
  if (c->waited) meets_loss(c);
  return c->result;
}

void call_cost(int64_t cost) { current->cost = noisy(cost) + rules_latency(current->api); }
void call_extra(int64_t cost) { current->cost += noisy(cost); }
void call_work_waits(int64_t until) {
  if (until > current->base) current->base = until;
}
void call_returns_at(int64_t earliest) {
  if (earliest > current->not_before) current->not_before = earliest;
}
void call_waited(void) { current->waited = true; }

/* In virtual time a thread that looks and looks, and does nothing else, makes as many looks at once as would find
 * nothing: each later one would begin where this one ends. */
void call_found_nothing(uint64_t about, int64_t until, uint32_t stirred) {
  enum { LONGEST = 1000000 };
  static _Thread_local uint64_t before, number;
  const bool again = before == about && number + 1 == calls;
  before = about;
  number = calls;
  if (!clock_virtual || !again) return;
  if (current->cost < 1) current->cost = 1; /* what such a call takes: see call_leave */
  if (until > current->base + LONGEST) until = current->base + LONGEST;
  int64_t looks = (until - current->base) / current->cost;
  const int64_t most = rules_free(current->api); /* each of them counts */
  if (looks > most) looks = most;
  if (looks <= 1) return;
  current->look = current->cost;
  current->stirred = stirred;
  current->cost *= looks;
}
void call_between(void) { calls++; }
int64_t call_entry(void) { return current->base; }
