/* libnvidia-ml.so.1 of the emulated machine: reads the shared state, is no client of the device. */
#include <pthread.h>
#include <sys/mman.h>
#include <stdio.h>

#include "nvml_machine.h"

#define EXPORT __attribute__((visibility("default")))

struct nvmlDevice_st nvml_devices[DEVICES];
config machine_config;
machine *shared;
static int users;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define X(name, n, ...) nvmlReturn do_##name(GVB_P##n(__VA_ARGS__));
#include "nvml_functions.def"
#undef X

/* ---- life ---- */

static nvmlReturn load(void) {
  static char error[CONFIG_ERROR];
  if (shared) return NVML_SUCCESS; /* the configuration of a machine does not change */
  if (config_read(&machine_config, error)) shared = machine_open(&machine_config, error);
  if (shared) return NVML_SUCCESS;
  fprintf(stderr, "emulated GPU: %s\n", error);
  return NVML_ERROR_DRIVER_NOT_LOADED;
}

nvmlReturn do_nvmlInitWithFlags(unsigned int flags) {
  (void)flags;
  pthread_mutex_lock(&lock);
  nvmlReturn result = load();
  if (result == NVML_SUCCESS) users++;
  pthread_mutex_unlock(&lock);
  return result;
}
nvmlReturn do_nvmlInit(void) { return do_nvmlInitWithFlags(0); }
nvmlReturn do_nvmlInit_v2(void) { return do_nvmlInitWithFlags(0); }

nvmlReturn do_nvmlShutdown(void) {
  pthread_mutex_lock(&lock);
  nvmlReturn result = users > 0 ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
  if (users > 0 && --users == 0) {
    clock_virtual = NULL;
    munmap(shared, sizeof *shared); /* the next start may look at another machine */
    shared = NULL;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

machine *look(void) {
  machine_lock(shared);
  schedule_reap(shared, &machine_config, clock_now());
  return shared;
}

/* ---- the system ---- */

nvmlReturn do_nvmlSystemGetDriverVersion(char *text, unsigned int length) {
  return text_into(text, length, machine_config.driver_branch);
}

nvmlReturn do_nvmlSystemGetNVMLVersion(char *text, unsigned int length) {
  char version[CONFIG_TEXT + 16];
  snprintf(version, sizeof version, "%d.%s", (int)machine_config.driver_version / 1000, machine_config.driver_branch);
  return text_into(text, length, version);
}

nvmlReturn do_nvmlSystemGetCudaDriverVersion(int *version) {
  if (!version) return NVML_ERROR_INVALID_ARGUMENT;
  *version = (int)machine_config.driver_version;
  return NVML_SUCCESS;
}
nvmlReturn do_nvmlSystemGetCudaDriverVersion_v2(int *version) { return do_nvmlSystemGetCudaDriverVersion(version); }

nvmlReturn do_nvmlSystemGetProcessName(unsigned int pid, char *text, unsigned int length) {
  char path[64], name[256] = "";
  snprintf(path, sizeof path, "/proc/%u/comm", pid);
  FILE *file = fopen(path, "re");
  if (!file) return NVML_ERROR_NOT_FOUND;
  if (!fgets(name, sizeof name, file)) name[0] = 0;
  fclose(file);
  name[strcspn(name, "\n")] = 0;
  return text_into(text, length, name);
}

/* ---- the exported functions ---- */

EXPORT const char *nvmlErrorString(nvmlReturn result);
EXPORT const char *nvmlErrorString(nvmlReturn result) {
  switch (result) {
#define CASE(name, value, sentence) \
  case name:                        \
    return sentence;
    NVML_RESULTS(CASE)
#undef CASE
  }
  return "Unknown Error";
}

static bool usable(const char *name) { return users > 0 || strncmp(name, "nvmlInit", 8) == 0; }

#define X(name, n, ...)                                                                 \
  EXPORT nvmlReturn name(GVB_P##n(__VA_ARGS__));                                        \
  EXPORT nvmlReturn name(GVB_P##n(__VA_ARGS__)) {                                       \
    return usable(#name) ? do_##name(GVB_A##n(__VA_ARGS__)) : NVML_ERROR_UNINITIALIZED; \
  }
#include "nvml_functions.def"
#undef X

#define UNSUPPORTED(name)       \
  EXPORT nvmlReturn name(void); \
  EXPORT nvmlReturn name(void) { return usable(#name) ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_UNINITIALIZED; }
#include "nvml_unsupported.def"
#undef UNSUPPORTED
