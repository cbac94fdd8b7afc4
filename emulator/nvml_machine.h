/* What the files of libnvidia-ml share. */
#ifndef GVB_EMULATOR_NVML_MACHINE_H
#define GVB_EMULATOR_NVML_MACHINE_H

#include <string.h>

#include "common_clock.h"
#include "common_schedule.h"
#include "nvml_abi.h"

struct nvmlDevice_st {
  int unused;
};

extern struct nvmlDevice_st nvml_devices[DEVICES]; /* by NVML's index, and then the MIG instances */
extern config machine_config;
extern machine *shared;

/* The machine as it is now, locked. */
machine *look(void);

/* do_NAME does what the exported NAME answers. */
#define X(name, n, ...) nvmlReturn do_##name(GVB_P##n(__VA_ARGS__));
#include "nvml_functions.def"
#undef X

static inline bool is_device(nvmlDevice device) {
  return device >= nvml_devices && device < nvml_devices + machine_config.units;
}

/* The machine's number of one that is. */
static inline int device_number(nvmlDevice device) { return machine_config.nvml[device - nvml_devices]; }

static inline const device_config *device_facts(nvmlDevice device) {
  return &machine_config.device[device_number(device)];
}

/* A MIG instance, or a device that is cut into some. */
static inline bool is_instance(nvmlDevice device) {
  return is_device(device) && device_facts(device)->compute_slices > 0;
}
static inline bool is_sliced(nvmlDevice device) {
  return is_device(device) && machine_config.units > machine_config.devices;
}

/* Whether what is on unit u is on the device, or on the instance, number d. */
static inline bool is_part(int u, int d) { return u == d || machine_config.device[u].parent == d; }

static inline nvmlReturn number_into(nvmlDevice device, unsigned int *into, int64_t value) {
  if (!is_device(device) || !into) return NVML_ERROR_INVALID_ARGUMENT;
  *into = (unsigned int)value;
  return NVML_SUCCESS;
}

static inline nvmlReturn text_into(char *text, unsigned int length, const char *value) {
  if (!text) return NVML_ERROR_INVALID_ARGUMENT;
  if (strlen(value) >= length) return NVML_ERROR_INSUFFICIENT_SIZE;
  strcpy(text, value);
  return NVML_SUCCESS;
}

#endif
