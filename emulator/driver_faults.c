#include "driver_faults.h"

#include "driver_arguments.h"
#include "driver_call.h"
#include "driver_effects.h"
#include "driver_mps.h"
#include "driver_queue.h"

/* ---- kernels that raise one ---- */

enum { KIND, STAMP, ADDRESS };
enum { KIND_ILLEGAL_ADDRESS, KIND_MISALIGNED, KIND_TRAP, KIND_ASSERT, KIND_ENDLESS };

static void raise_at_end(item *i, CUresult code) {
  if (code == CUDA_SUCCESS || gpu.config.fault_swallowed) return;
  i->fault = code;
  gpu.faulty = true;
}

/* In real time nobody may be calling when it happens, and a server must know. */
static void run_nothing(work *w) {
  (void)w;
  fault_look(clock_now());
}

void fault_of_pointer(item *i, work *w) {
  i->flags = 0;
  i->cost = noisy(gpu.config.kernel_minimum);
  *w = (work){.time = WORK_AT_END, .run = run_nothing, .launch = w->launch};
  raise_at_end(i, CUDA_ERROR_ILLEGAL_ADDRESS);
}

static CUresult load(uint64_t address) {
  if (address % 8) return CUDA_ERROR_MISALIGNED_ADDRESS;
  return memory_find(address, 8) ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS;
}

static CUresult outcome(const work *w) {
  switch (number(w, KIND)) {
    case KIND_ILLEGAL_ADDRESS:
      return load(number(w, ADDRESS));
    case KIND_MISALIGNED:
      return load(number(w, ADDRESS) + 1);
    case KIND_TRAP:
      return CUDA_ERROR_LAUNCH_FAILED;
    case KIND_ASSERT:
      return CUDA_ERROR_ASSERT;
    default:
      return CUDA_SUCCESS;
  }
}

void prepare_fault(item *i, work *w) {
  raise_at_end(i, outcome(w));
  if (number(w, KIND) != KIND_ENDLESS) return;
  i->flags = ITEM_OPEN; /* and nobody closes it */
  w->time = WORK_AT_BEGIN;
}

/* The stamp and the fault are one instant: the fence between them takes no time here. */
void run_fault(work *w) {
  int64_t begin, end;
  queue_times(w->serial, &begin, &end);
  __atomic_store_n((uint64_t *)pointer(w, STAMP), globaltimer(number(w, KIND) == KIND_ENDLESS ? begin : end),
                   __ATOMIC_RELEASE);
  wrote(w, STAMP);
  fault_look(clock_now());
}

/* ---- what the process sees ---- */

bool fault_may_come(void) {
  return gpu.faulty ||
         (clock_virtual && (gpu.config.fault_spread || gpu.server)); /* others move real time's schedule */
}

static void see(int code) {
  int none = 0;
  if (atomic_compare_exchange_strong(&gpu.fault, &none, code)) mps_tell_fault((CUresult)code);
}

/* What has reached the process, or will; code 0: nothing. */
static strike reached(int64_t now) {
  slot *s = gpu.slot;
  machine_lock(gpu.machine);
  schedule_advance(gpu.machine, &gpu.config, now);
  strike found = s->strike;
  machine_unlock(gpu.machine);
  return found;
}

static bool is_struck(void) { return __atomic_load_n(&gpu.slot->strike.code, __ATOMIC_RELAXED); }

void fault_look(int64_t now) {
  if (!gpu.slot || gpu.fault || !(is_struck() || fault_may_come())) return;
  strike found = reached(now);
  if (found.code && found.at <= now) see(found.code);
}

void fault_raise(CUresult code) {
  if (gpu.slot) {
    machine_lock(gpu.machine);
    schedule_strike(gpu.machine, &gpu.config, gpu.slot, code, clock_now());
    machine_unlock(gpu.machine);
  }
  see(code);
}

void fault_tell(void) {
  if (gpu.slot && !gpu.told) effects_settle();
  gpu.told = true;
}

void fault_forget(void) {
  gpu.fault = 0;
  gpu.told = false;
  gpu.faulty = false;
  machine_lock(gpu.machine);
  set_strike(&gpu.slot->strike, 0, 0);
  machine_unlock(gpu.machine);
}

static void report(int code) {
  see(code);
  call_waited();
}

int64_t fault_await(int64_t end) {
  if (!is_struck()) return end;
  strike found = reached(clock_now());
  if (found.at > clock_now()) effects_pause_until(found.at);
  report(found.code);
  return found.at > end ? found.at : end;
}

bool fault_is_to_come(int64_t *at) {
  if (!is_struck()) return false;
  strike found = reached(clock_now());
  *at = found.at;
  if (found.at > clock_now()) return true;
  report(found.code);
  return false;
}
