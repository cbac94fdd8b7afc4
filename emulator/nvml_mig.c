/* MIG instances: their handles follow those of the devices. */
#include "nvml_machine.h"

enum { MOST_INSTANCES = 7 };

/* Zero where MIG is off. */
nvmlReturn do_nvmlDeviceGetMaxMigDeviceCount(nvmlDevice device, unsigned int *value) {
  if (is_instance(device)) return NVML_ERROR_INVALID_ARGUMENT;
  return number_into(device, value, machine_config.mig_mode == 1 ? MOST_INSTANCES : 0);
}

nvmlReturn do_nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice device, unsigned int index, nvmlDevice *instance) {
  if (!is_device(device) || is_instance(device) || !instance) return NVML_ERROR_INVALID_ARGUMENT;
  if (index >= (unsigned int)(machine_config.units - machine_config.devices)) return NVML_ERROR_NOT_FOUND;
  *instance = &nvml_devices[machine_config.devices + index];
  return NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice instance, nvmlDevice *device) {
  if (!is_instance(instance) || !device) return NVML_ERROR_INVALID_ARGUMENT;
  *device = &nvml_devices[0]; /* the only one: see common_config_mig.c */
  return NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceIsMigDeviceHandle(nvmlDevice device, unsigned int *value) {
  return number_into(device, value, is_instance(device));
}

nvmlReturn do_nvmlDeviceGetGpuInstanceId(nvmlDevice instance, unsigned int *value) {
  if (!is_instance(instance)) return NVML_ERROR_INVALID_ARGUMENT;
  return number_into(instance, value, device_facts(instance)->gpu_instance);
}

/* Each GPU instance has one compute instance, of its size. */
nvmlReturn do_nvmlDeviceGetComputeInstanceId(nvmlDevice instance, unsigned int *value) {
  return is_instance(instance) ? number_into(instance, value, 0) : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn do_nvmlDeviceGetAttributes_v2(nvmlDevice instance, nvmlAttributes *attributes) {
  if (!is_device(instance) || !attributes) return NVML_ERROR_INVALID_ARGUMENT;
  if (!is_instance(instance)) return NVML_ERROR_NOT_SUPPORTED;
  const device_config *d = device_facts(instance);
  const unsigned int slices = (unsigned int)d->compute_slices;
  *attributes = (nvmlAttributes){.multiprocessors = (unsigned int)d->sm_count,
                                 .copy_engines = slices == MOST_INSTANCES ? slices + 1 : slices,
                                 .gpu_instance_slices = slices,
                                 .compute_instance_slices = slices,
                                 .memory_mib = (unsigned long long)d->memory_bytes >> 20};
  return NVML_SUCCESS;
}
nvmlReturn do_nvmlDeviceGetAttributes(nvmlDevice instance, nvmlAttributes *attributes) {
  return do_nvmlDeviceGetAttributes_v2(instance, attributes);
}
