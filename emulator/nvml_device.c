/* Who the devices are. */
#include <stdio.h>
#include <strings.h>

#include "nvml_machine.h"

static nvmlReturn device_into(int index, nvmlDevice *into) {
  if (!into) return NVML_ERROR_INVALID_ARGUMENT;
  *into = index >= 0 ? &nvml_devices[index] : NULL;
  return index >= 0 ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND;
}

/* A mode that some devices do not have: -1. */
static nvmlReturn mode_into(nvmlDevice device, unsigned int *into, unsigned int *pending, int64_t mode) {
  if (mode < 0) return NVML_ERROR_NOT_SUPPORTED;
  if (pending) *pending = (unsigned int)mode;
  return number_into(device, into, mode);
}

nvmlReturn do_nvmlDeviceGetCount_v2(unsigned int *count) {
  return number_into(nvml_devices, count, machine_config.devices);
}
nvmlReturn do_nvmlDeviceGetCount(unsigned int *count) { return do_nvmlDeviceGetCount_v2(count); }

nvmlReturn do_nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice *device) {
  return index < machine_config.devices ? device_into((int)index, device) : NVML_ERROR_INVALID_ARGUMENT;
}
nvmlReturn do_nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice *device) {
  return do_nvmlDeviceGetHandleByIndex_v2(index, device);
}

nvmlReturn do_nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice *device) {
  int index = machine_config.units - 1;
  while (index >= 0 && (!uuid || strcasecmp(uuid, device_facts(&nvml_devices[index])->uuid) != 0)) index--;
  return device_into(index, device);
}

static void parse_bus(const char *text, unsigned int part[3]) {
  memset(part, 0, 3 * sizeof part[0]);
  sscanf(text, "%x:%x:%x", &part[0], &part[1], &part[2]);
}

nvmlReturn do_nvmlDeviceGetHandleByPciBusId_v2(const char *bus, nvmlDevice *device) {
  unsigned int asked[3], own[3];
  if (!bus) return NVML_ERROR_INVALID_ARGUMENT;
  parse_bus(bus, asked); /* domains are written with 4 or with 8 digits */
  int index = (int)machine_config.devices - 1;
  for (; index >= 0; index--) {
    parse_bus(device_facts(&nvml_devices[index])->pci_bus, own);
    if (memcmp(asked, own, sizeof own) == 0) break;
  }
  return device_into(index, device);
}
nvmlReturn do_nvmlDeviceGetHandleByPciBusId(const char *bus, nvmlDevice *device) {
  return do_nvmlDeviceGetHandleByPciBusId_v2(bus, device);
}

nvmlReturn do_nvmlDeviceGetName(nvmlDevice device, char *text, unsigned int length) {
  char name[2 * CONFIG_TEXT];
  if (!is_device(device)) return NVML_ERROR_INVALID_ARGUMENT;
  const char *profile = device_facts(device)->profile;
  snprintf(name, sizeof name, "%s%s%s", machine_config.name, *profile ? " MIG " : "", profile);
  return text_into(text, length, name);
}

nvmlReturn do_nvmlDeviceGetUUID(nvmlDevice device, char *text, unsigned int length) {
  if (!is_device(device)) return NVML_ERROR_INVALID_ARGUMENT;
  return text_into(text, length, device_facts(device)->uuid);
}

nvmlReturn do_nvmlDeviceGetPciInfo_v3(nvmlDevice device, nvmlPci *pci) {
  unsigned int part[3];
  if (!is_device(device) || !pci) return NVML_ERROR_INVALID_ARGUMENT;
  parse_bus(device_facts(device)->pci_bus, part);
  memset(pci, 0, sizeof *pci);
  pci->domain = part[0];
  pci->bus = part[1];
  pci->device = part[2];
  pci->device_id = (unsigned int)machine_config.pci_device_id;
  snprintf(pci->bus_legacy, sizeof pci->bus_legacy, "%04X:%02X:%02X.0", part[0] & 0xffff, part[1] & 0xff,
           part[2] & 0xff);
  snprintf(pci->bus_id, sizeof pci->bus_id, "%08X:%02X:%02X.0", part[0], part[1] & 0xff, part[2] & 0xff);
  return NVML_SUCCESS;
}
nvmlReturn do_nvmlDeviceGetPciInfo_v2(nvmlDevice device, nvmlPci *pci) {
  return do_nvmlDeviceGetPciInfo_v3(device, pci);
}
nvmlReturn do_nvmlDeviceGetPciInfo(nvmlDevice device, nvmlPci *pci) { return do_nvmlDeviceGetPciInfo_v3(device, pci); }

nvmlReturn do_nvmlDeviceGetCudaComputeCapability(nvmlDevice device, int *major, int *minor) {
  if (!is_device(device) || !major || !minor) return NVML_ERROR_INVALID_ARGUMENT;
  *major = (int)machine_config.compute_capability / 10;
  *minor = (int)machine_config.compute_capability % 10;
  return NVML_SUCCESS;
}

#define FACT(name, value) \
  nvmlReturn do_##name(nvmlDevice device, unsigned int *into) { return number_into(device, into, value); }
FACT(nvmlDeviceGetIndex, device - nvml_devices - (is_instance(device) ? machine_config.devices : 0))
FACT(nvmlDeviceGetMinorNumber, device - nvml_devices)
FACT(nvmlDeviceGetEnforcedPowerLimit, machine_config.power_limit)
FACT(nvmlDeviceGetPersistenceMode, 1)
FACT(nvmlDeviceGetComputeMode, 0)
FACT(nvmlDeviceGetCurrPcieLinkGeneration, machine_config.pcie_generation_now)
FACT(nvmlDeviceGetCurrPcieLinkWidth, machine_config.pcie_width_now)
FACT(nvmlDeviceGetMaxPcieLinkGeneration, machine_config.pcie_generation)
FACT(nvmlDeviceGetMaxPcieLinkWidth, machine_config.pcie_width)
FACT(nvmlDeviceGetMemoryBusWidth, machine_config.memory_bus_bits)
FACT(nvmlDeviceGetVirtualizationMode, 0)
FACT(nvmlDeviceGetNumGpuCores, device_facts(device)->sm_count *machine_config.lanes_per_sm)

nvmlReturn do_nvmlDeviceGetMigMode(nvmlDevice device, unsigned int *value, unsigned int *pending) {
  return mode_into(device, value, pending, machine_config.mig_mode);
}
nvmlReturn do_nvmlDeviceGetEccMode(nvmlDevice device, unsigned int *value, unsigned int *pending) {
  return mode_into(device, value, pending, machine_config.ecc_mode);
}
