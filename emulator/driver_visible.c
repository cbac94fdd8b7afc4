/* Which devices the application sees, and in which order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver_process.h"

/* CUDA counts the fastest first, which here is the machine's own order, or by the bus, as NVML does. */
static int in_order(int k) {
  const char *order = getenv("CUDA_DEVICE_ORDER");
  return order && strcmp(order, "PCI_BUS_ID") == 0 ? gpu.config.nvml[k] : k;
}

/* The device that a word of CUDA_VISIBLE_DEVICES names, by index or by the beginning of its UUID; -1: none does. */
static int named(const char *word, size_t length) {
  char *end;
  long index = strtol(word, &end, 10);
  if (end == word + length && length > 0) return index >= 0 && index < gpu.config.devices ? in_order((int)index) : -1;
  int found = -1;
  for (int k = 0; k < gpu.config.devices; k++) {
    if (length < 5 || strncmp(word, gpu.config.device[k].uuid, length) != 0) continue;
    if (found >= 0) return -1; /* it must name one alone */
    found = k;
  }
  return found;
}

static bool is_visible(int number) {
  for (int k = 0; k < gpu.visible; k++)
    if (gpu.device[k] == number) return true;
  return false;
}

/* Devices after a word that names none are hidden, and all are where one is named twice ("CUDA Environment Variables"
 * in the CUDA C++ Programming Guide). */
static void look_at(const char *list) {
  for (const char *word = list; *word; word += *word == ',') {
    size_t length = strcspn(word, ",");
    int number = named(word, length);
    if (number < 0) return;
    if (is_visible(number)) {
      gpu.visible = 0;
      return;
    }
    gpu.device[gpu.visible++] = number;
    word += length;
  }
}

/* "MIG-<GPU's UUID>/<GPU instance>/<compute instance>", as older drivers name it. */
static bool has_old_name(const device_config *d, const char *word, size_t length) {
  char name[2 * CONFIG_TEXT];
  snprintf(name, sizeof name, "MIG-%s/%d/0", device_facts(d->parent)->uuid, d->gpu_instance);
  return strlen(name) == length && strncmp(name, word, length) == 0;
}

/* The instance that a word names; where it names a device, its first one. */
static int instance_named(const char *word, size_t length) {
  for (int k = (int)gpu.config.devices; k < gpu.config.units; k++) {
    const device_config *d = device_facts(k);
    if (length > 4 && (strncmp(word, d->uuid, length) == 0 || has_old_name(d, word, length))) return k;
  }
  return named(word, length) < 0 ? -1 : (int)gpu.config.devices;
}

/* A process sees one MIG instance at most ("CUDA Device Enumeration" in the MIG User Guide). */
static void look_for_instance(const char *list) {
  int number = list ? instance_named(list, strcspn(list, ",")) : (int)gpu.config.devices;
  if (number >= 0) gpu.device[gpu.visible++] = number;
}

void devices_look(void) {
  const char *list = getenv("CUDA_VISIBLE_DEVICES");
  gpu.visible = 0;
  if (gpu.config.units > gpu.config.devices) {
    look_for_instance(list);
    return;
  }
  if (list) {
    look_at(list);
    return;
  }
  for (int k = 0; k < gpu.config.devices; k++) gpu.device[gpu.visible++] = in_order(k);
}

CUdevice device_ordinal(int number) {
  for (int k = 0; k < gpu.visible; k++)
    if (gpu.device[k] == number) return k;
  return -1;
}

CUresult need_device(CUdevice ordinal, int *number) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (ordinal < 0 || ordinal >= gpu.visible) return CUDA_ERROR_INVALID_DEVICE;
  if (number) *number = gpu.device[ordinal];
  return CUDA_SUCCESS;
}
