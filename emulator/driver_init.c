/* The driver: becoming a client of the machine, versions and error texts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "driver_call.h"
#include "driver_clock.h"
#include "driver_memory.h"
#include "driver_mps.h"

process gpu = {.lock = PTHREAD_MUTEX_INITIALIZER, .done_first = 1};

/* ---- becoming a client ---- */

static void complain(void) {
  static bool said;
  if (!said && gpu.config_error[0]) fprintf(stderr, "emulated GPU: %s\n", gpu.config_error);
  said = true;
}

/* CUDA does not survive fork: the child holds no slot and no threads. */
static void forked(void) {
  gpu.slot = NULL;
  gpu.initialized = false;
  gpu.fault = CUDA_ERROR_NOT_INITIALIZED;
  mps_forget();
  clock_forget();
}

/* CUDA_DEVICE_MAX_CONNECTIONS: 1 to 32, 8 unless it says otherwise (CUDA C++ Programming Guide, "CUDA Environment
 * Variables"). */
static int64_t queues(void) {
  const char *text = getenv("CUDA_DEVICE_MAX_CONNECTIONS");
  char *end = NULL;
  long wanted = text ? strtol(text, &end, 10) : 0;
  if (!text || end == text || *end) wanted = 8;
  if (wanted < 1) wanted = 1;
  return wanted < gpu.config.hardware_queues ? wanted : gpu.config.hardware_queues;
}

static CUresult attach(void) {
  pthread_condattr_t attributes;
  if (!gpu.machine) gpu.machine = machine_open(&gpu.config, gpu.config_error);
  if (!gpu.machine) return CUDA_ERROR_NO_DEVICE;
  machine_lock(gpu.machine);
  gpu.slot = machine_attach(gpu.machine);
  if (gpu.slot) {
    gpu.slot->server = gpu.server;
    for (int d = 0; d < gpu.config.units; d++)
      gpu.slot->seats[d].part = (double)gpu.sms[d] / (double)device_facts(d)->sm_count;
  }
  machine_unlock(gpu.machine);
  if (!gpu.slot) {
    snprintf(gpu.config_error, sizeof gpu.config_error, "the machine has %d clients already", MACHINE_SLOTS);
    return CUDA_ERROR_NO_DEVICE;
  }
  gpu.queues = (int)queues();
  memset(gpu.works, 0xff, sizeof gpu.works); /* touch the pages now, not in the middle of a call */
  memset(gpu.works, 0, sizeof gpu.works);
  pthread_condattr_init(&attributes);
  pthread_cond_init(&gpu.progress, &attributes);
  pthread_cond_init(&gpu.queued, &attributes);
  pthread_cond_init(&gpu.timed_queued, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_atfork(NULL, NULL, forked);
  return CUDA_SUCCESS;
}

/* The slot may have a new owner at once: our threads must not touch it again, so the lock stays taken. */
__attribute__((destructor)) static void leave(void) {
  struct timespec soon;
  if (clock_virtual) {
    machine_lock(gpu.machine);
    schedule_advance(gpu.machine, &gpu.config, clock_now()); /* its turn passes on by the model, not by this exit */
    clock_leave_process(gpu.machine);
    machine_unlock(gpu.machine);
  }
  if (!gpu.slot) return;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_sec++; /* no longer: exit may have been called by a signal handler in the middle of a call */
  pthread_mutex_timedlock(&gpu.lock, &soon);
  machine_lock(gpu.machine);
  if (gpu.slot->pid == getpid()) machine_detach(gpu.machine, gpu.slot);
  machine_unlock(gpu.machine);
}

CUresult emu_cuInit(unsigned int flags) {
  CUresult result = CUDA_SUCCESS;
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_lock(&gpu.lock);
  if (!gpu.configured) result = CUDA_ERROR_NO_DEVICE;
  if (result == CUDA_SUCCESS && !gpu.initialized) {
    call_cost(gpu.config.init);
    devices_look();
    result = gpu.visible == 0 ? CUDA_SUCCESS : mps_join();
    if (result == CUDA_SUCCESS) result = attach();
  }
  if (result != CUDA_SUCCESS)
    complain();
  else if (gpu.visible == 0)
    result = CUDA_ERROR_NO_DEVICE;
  gpu.initialized = gpu.initialized || result == CUDA_SUCCESS;
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

/* ---- the driver ---- */

GVB_EXPORT const char *gvb_emulated_keys(void);
GVB_EXPORT const char *gvb_emulated_keys(void) { return config_keys_json(); }

/* What is wrong with the machine in a directory, "" if nothing is. Not for several threads at once. */
GVB_EXPORT const char *gvb_emulated_complaint(const char *directory);
GVB_EXPORT const char *gvb_emulated_complaint(const char *directory) { return process_complaint(directory); }

/* The driver's functions by number, from 0 on; NULL after the last. */
GVB_EXPORT const char *gvb_emulated_function(int index);
GVB_EXPORT const char *gvb_emulated_function(int index) { return process_function(index); }

/* Time by which effects were complete later than the model said, seen by waiting calls of this process. Not zero: the
 * host is too slow for the work, and host times of this process are longer than the model. */
GVB_EXPORT int64_t gvb_emulated_late_ns(void);
GVB_EXPORT int64_t gvb_emulated_late_ns(void) { return gpu.slot ? gpu.slot->late_ns : 0; }

/* How often a process died that held the machine's lock. */
GVB_EXPORT int64_t gvb_emulated_orphaned(void);
GVB_EXPORT int64_t gvb_emulated_orphaned(void) { return gpu.machine ? (int64_t)gpu.machine->orphaned : 0; }

CUresult emu_cuDriverGetVersion(int *version) {
  if (!version) return CUDA_ERROR_INVALID_VALUE;
  *version = gpu.configured ? (int)gpu.config.driver_version : 0;
  return CUDA_SUCCESS;
}

CUresult emu_cuGetExportTable(const void **table, const CUuuid *id) {
  (void)id;
  if (table) *table = NULL;
  return CUDA_ERROR_NOT_SUPPORTED;
}

static const struct {
  CUresult value;
  const char *name, *sentence;
} results[] = {
#define ROW(name, value, sentence) {name, #name, sentence},
    GVB_CUDA_RESULTS(ROW)
#undef ROW
};

static int find_result(CUresult error) {
  for (size_t k = 0; k < sizeof results / sizeof results[0]; k++)
    if (results[k].value == error) return (int)k;
  return -1;
}

CUresult emu_cuGetErrorName(CUresult error, const char **text) {
  int k = find_result(error);
  if (!text) return CUDA_ERROR_INVALID_VALUE;
  *text = k < 0 ? NULL : results[k].name;
  return k < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult emu_cuGetErrorString(CUresult error, const char **text) {
  int k = find_result(error);
  if (!text) return CUDA_ERROR_INVALID_VALUE;
  *text = k < 0 ? NULL : results[k].sentence;
  return k < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
