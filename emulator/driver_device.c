/* The devices of the machine: who they are and what they can do. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "driver_call.h"

CUresult emu_cuDeviceGet(CUdevice *device, int ordinal) {
  CUresult result = need_device(ordinal, NULL);
  if (!device) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *device = ordinal;
  return result;
}

CUresult emu_cuDeviceGetCount(int *count) {
  if (!count) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  *count = gpu.visible;
  return CUDA_SUCCESS;
}

CUresult emu_cuDeviceGetName(char *name, int length, CUdevice device) {
  int number;
  CUresult result = need_device(device, &number);
  if (!name || length < 1) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  const char *profile = device_facts(number)->profile;
  snprintf(name, (size_t)length, "%s%s%s", gpu.config.name, *profile ? " MIG " : "", profile);
  return CUDA_SUCCESS;
}

/* "GPU-01020304-..." -> 16 bytes */
static void parse_uuid(const char *text, CUuuid *uuid) {
  memset(uuid, 0, sizeof *uuid);
  int digit = 0;
  for (text += strcspn(text, "-"); *text && digit < 32; text++) {
    if (!isxdigit((unsigned char)*text)) continue;
    int value = isdigit((unsigned char)*text) ? *text - '0' : tolower((unsigned char)*text) - 'a' + 10;
    uuid->bytes[digit / 2] = (char)((unsigned char)uuid->bytes[digit / 2] << 4 | value);
    digit++;
  }
}

CUresult emu_cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  int number;
  CUresult result = need_device(device, &number);
  if (!uuid) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) parse_uuid(gpu.config.device[number].uuid, uuid);
  return result;
}

/* The first version knows no instances: it names the device. */
CUresult emu_cuDeviceGetUuid(CUuuid *uuid, CUdevice device) {
  int number;
  CUresult result = need_device(device, &number);
  if (!uuid) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) parse_uuid(device_facts(device_facts(number)->parent)->uuid, uuid);
  return result;
}

CUresult emu_cuDeviceGetPCIBusId(char *text, int length, CUdevice device) {
  int number;
  CUresult result = need_device(device, &number);
  if (!text || length < 1) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  const int whole = snprintf(text, (size_t)length, "%s", gpu.config.device[number].pci_bus);
  return whole < length ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* "[domain:]bus:device[.function]", in hexadecimal */
static bool is_pci_bus(const char *text) {
  unsigned int part[3];
  return sscanf(text, "%x:%x:%x", &part[0], &part[1], &part[2]) == 3 || sscanf(text, "%x:%x", &part[0], &part[1]) == 2;
}

CUresult emu_cuDeviceGetByPCIBusId(CUdevice *device, const char *text) {
  if (!device || !text) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  for (int k = 0; k < gpu.visible; k++) {
    if (strcasecmp(text, gpu.config.device[gpu.device[k]].pci_bus) != 0) continue;
    *device = k;
    return CUDA_SUCCESS;
  }
  return is_pci_bus(text) ? CUDA_ERROR_INVALID_DEVICE : CUDA_ERROR_INVALID_VALUE;
}

CUresult emu_cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  int number;
  CUresult result = need_device(device, &number);
  if (!bytes) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *bytes = (size_t)device_facts(number)->memory_bytes;
  return result;
}

CUresult emu_cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  CUresult result = need_device(device, NULL);
  if (!major || !minor) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  *major = (int)gpu.config.compute_capability / 10;
  *minor = (int)gpu.config.compute_capability % 10;
  return CUDA_SUCCESS;
}

static unsigned int pci_part(int number, int part) { /* domain, bus, device */
  unsigned int value[3] = {0};
  sscanf(gpu.config.device[number].pci_bus, "%x:%x:%x", &value[0], &value[1], &value[2]);
  return value[part];
}

static bool device_attribute(int number, CUdevice_attribute attribute, int64_t *value) {
  const config *c = &gpu.config;
  switch ((int)attribute) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
      *value = 1024;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
      *value = 64;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_PITCH:
      *value = 0x7fffffff;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
      *value = 65535;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
      *value = 48 * KIB;
      return true;
    case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
      *value = 64 * KIB;
      return true;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
      *value = 32;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
      *value = 65536;
      return true;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
      *value = c->sm_clock / 1000;
      return true;
    case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:
      *value = 512;
      return true;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = gpu.sms[number];
      return true;
    case CU_DEVICE_ATTRIBUTE_ECC_ENABLED:
      *value = c->ecc_mode == 1;
      return true;
    case CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID:
      *value = pci_part(number, 0);
      return true;
    case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
      *value = pci_part(number, 1);
      return true;
    case CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID:
      *value = pci_part(number, 2);
      return true;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
      *value = c->memory_clock / 1000;
      return true;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
      *value = c->memory_bus_bits;
      return true;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
      *value = device_facts(number)->l2_bytes;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
      *value = c->threads_per_sm;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
      *value = c->blocks_per_sm;
      return true;
    case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
      *value = c->copy_engines;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
      *value = 228 * KIB;
      return true;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
      *value = 227 * KIB;
      return true;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = c->compute_capability / 10;
      return true;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = c->compute_capability % 10;
      return true;
    case CU_DEVICE_ATTRIBUTE_GPU_OVERLAP:
    case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
    case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    case CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY:
    case CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM:
    case CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
      *value = 1;
      return true;
    default: /* a feature that we do not have */
      *value = 0;
      return (int)attribute > 0 && (int)attribute < 160;
  }
}

CUresult emu_cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
  int64_t found;
  int number;
  CUresult result = need_device(device, &number);
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  if (!device_attribute(number, attribute, &found)) return CUDA_ERROR_INVALID_VALUE;
  *value = (int)found;
  return CUDA_SUCCESS;
}

CUresult emu_cuProfilerStart(void) { return need_context(NULL); }
CUresult emu_cuProfilerStop(void) { return need_context(NULL); }
