#include "driver_mps.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "mps.h"

static int connection = -1;

/* ---- limits ---- */

/* Multiprocessors come in pairs. */
static int64_t multiprocessors(int device, double percentage) {
  int64_t all = device_facts(device)->sm_count, needed = (int64_t)ceil(percentage / 100 * (double)all - 1e-9);
  int64_t even = needed + needed % 2;
  return even < all ? even : all;
}

static CUresult complain(const char *name, const char *found, const char *expected) {
  snprintf(gpu.config_error, sizeof gpu.config_error, "%s is '%.100s', expected %s", name, found, expected);
  return CUDA_ERROR_INVALID_VALUE;
}

static bool has_partition(void) {
  for (int d = 0; d < gpu.config.units; d++)
    if (!set_is_empty(&gpu.on[d])) return true;
  return false;
}

/* With a static partition, percentages mean nothing. */
static CUresult limit_compute(double percentage) {
  for (int d = 0; d < gpu.config.units; d++)
    if (!set_is_empty(&gpu.on[d])) gpu.sms[d] = set_count(&gpu.on[d]);
  if (has_partition()) return CUDA_SUCCESS;
  const char *name = "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", *text = getenv(name);
  if (text) {
    char *end;
    double own = strtod(text, &end);
    if (end == text || *end || !(own > 0 && own <= 100)) return complain(name, text, "above 0 and at most 100");
    percentage = fmin(percentage, own);
  }
  for (int d = 0; d < gpu.config.units; d++) gpu.sms[d] = multiprocessors(d, percentage);
  return CUDA_SUCCESS;
}

/* "0=512M,1=2G": for devices by ordinal, with M or G. */
static CUresult limit_memory(void) {
  const char *name = "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", *text = getenv(name);
  for (const char *word = text; word && *word; word += strcspn(word, ","), word += *word == ',') {
    char unit = 0, after = 0;
    unsigned long long amount;
    int ordinal, read = sscanf(word, "%d=%llu%c%c", &ordinal, &amount, &unit, &after);
    if (read < 3 || (unit != 'M' && unit != 'G') || (after && after != ',') || ordinal < 0)
      return complain(name, text, "0=<number>M or 0=<number>G, of several devices with commas between");
    if (ordinal < gpu.visible) gpu.memory_limit[gpu.device[ordinal]] = amount << (unit == 'M' ? 20 : 30);
  }
  return CUDA_SUCCESS;
}

/* ---- the connection ---- */

static void lose(int code) {
  int none = 0;
  atomic_compare_exchange_strong(&gpu.lost, &none, code);
}

/* A thread of its own: calls then only look at a number. */
static void *listen_to_server(void *fd) {
  char said[MPS_RECORD];
  int code;
  while (mps_receive((int)(intptr_t)fd, said))
    if (sscanf(said, "fault %d", &code) == 1) lose(code);
  lose(CUDA_ERROR_MPS_RPC_FAILURE);
  return NULL;
}

static bool start_listening(void) {
  pthread_t thread;
  sigset_t all, before;
  mps_be_impatient(connection, 0);
  sigfillset(&all); /* the application's handlers run in its own threads */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&thread, NULL, listen_to_server, (void *)(intptr_t)connection) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started) pthread_detach(thread);
  return started;
}

/* The multiprocessors of the static partition that CUDA_MPS_SM_PARTITION names; a client without one is refused. */
static CUresult choose_partition(int fd, char *said) {
  const char *name = getenv("CUDA_MPS_SM_PARTITION");
  int first, count;
  snprintf(said, MPS_RECORD, "sm_partition get %.200s %d", name ? name : "", (int)getpid());
  if (!name || !mps_send(fd, said) || !mps_receive(fd, said) || sscanf(said, "0%d %d", &first, &count) != 2)
    return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
  for (int d = 0; d < gpu.config.units; d++)
    if (strncmp(device_facts(d)->uuid, name, strcspn(name, "/")) == 0) set_add(&gpu.on[d], first, count);
  return CUDA_SUCCESS;
}

/* Whether a daemon answers, and has a server up. */
static bool invited(const char *directory, CUresult *result) {
  char said[MPS_RECORD] = "";
  int fd = mps_connect(directory, MPS_CONTROL);
  if (fd < 0) return false;
  mps_be_impatient(fd, MPS_PATIENCE);
  bool answered = mps_send(fd, "client") && mps_receive(fd, said) && said[0] == '0';
  if (answered && strcmp(said, MPS_PARTITIONED) == 0) *result = choose_partition(fd, said);
  close(fd);
  return answered;
}

static CUresult enter(const char *directory) {
  char said[MPS_RECORD];
  double percentage;
  int code, limited;
  connection = mps_connect(directory, MPS_SERVER);
  if (connection < 0) return CUDA_ERROR_MPS_CONNECTION_FAILED;
  mps_be_impatient(connection, MPS_PATIENCE);
  if (!mps_receive(connection, said)) return CUDA_ERROR_MPS_CONNECTION_FAILED;
  if (sscanf(said, "refused %d", &code) == 1) return (CUresult)code;
  if (sscanf(said, "accepted %d %lf %d", &gpu.server, &percentage, &limited) != 3)
    return CUDA_ERROR_MPS_CONNECTION_FAILED;
  if (!limited) memset(gpu.on, 0, sizeof gpu.on);
  CUresult result = limited ? limit_compute(percentage) : CUDA_SUCCESS;
  if (result == CUDA_SUCCESS && limited) result = limit_memory();
  if (result != CUDA_SUCCESS) return result;
  return start_listening() ? CUDA_SUCCESS : CUDA_ERROR_MPS_CONNECTION_FAILED;
}

CUresult mps_join(void) {
  const char *directory = getenv("CUDA_MPS_PIPE_DIRECTORY");
  for (int d = 0; d < gpu.config.units; d++) {
    gpu.sms[d] = device_facts(d)->sm_count;
    gpu.memory_limit[d] = UINT64_MAX;
  }
  CUresult result = CUDA_SUCCESS;
  memset(gpu.on, 0, sizeof gpu.on);
  if (!directory || !invited(directory, &result)) return CUDA_SUCCESS;
  if (result == CUDA_SUCCESS) result = enter(directory);
  if (result != CUDA_SUCCESS) mps_forget();
  return result;
}

void mps_forget(void) {
  if (connection >= 0) close(connection);
  connection = -1;
  gpu.server = 0;
}

void mps_tell_fault(CUresult code) {
  char text[32];
  if (connection < 0) return;
  snprintf(text, sizeof text, "fault %d", (int)code);
  mps_send(connection, text);
}
