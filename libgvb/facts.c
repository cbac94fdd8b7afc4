/* What the device says of itself. */
#include <stdio.h>
#include <string.h>

#include "context.h"

#define KILOHERTZ 1000

static int attribute(CUdevice device, CUdevice_attribute which, int64_t *value) {
  int answer = 0;
  GVB_TRY(GVB_CUDA(cuDeviceGetAttribute, &answer, which, device));
  *value = answer;
  return GVB_OK;
}

/* An older driver does not know the attribute: then it lacks the feature, too. */
static int64_t feature(CUdevice device, CUdevice_attribute which) {
  int answer = 0;
  return gvb_cuda.cuDeviceGetAttribute(&answer, which, device) == CUDA_SUCCESS ? answer : 0;
}

static void write_uuid(const char *kind, const CUuuid *uuid, char *text, size_t length) {
  unsigned char b[16];
  memcpy(b, uuid->bytes, sizeof b);
  snprintf(text, length, "%s-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", kind, b[0], b[1],
           b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* In a MIG instance the second version answers with the instance's UUID, the first with the whole GPU's; the name
 * says it where cuGetProcAddress gives the same function for both. */
static int read_uuid(CUdevice device, gvb_device *facts) {
  CUuuid gpu, own;
  GVB_TRY(GVB_CUDA(cuDeviceGetUuid, &gpu, device));
  own = gpu;
  if (gvb_cuda.cuDeviceGetUuid_v2 != NULL) GVB_TRY(GVB_CUDA(cuDeviceGetUuid_v2, &own, device));
  const int instance = memcmp(&gpu, &own, sizeof gpu) != 0 || strstr(facts->name, " MIG ") != NULL;
  write_uuid(instance ? "MIG" : "GPU", &own, facts->uuid, sizeof facts->uuid);
  return GVB_OK;
}

static int read_identity(CUdevice device, gvb_device *facts) {
  int version = 0;
  size_t bytes = 0;
  GVB_TRY(GVB_CUDA(cuDeviceGetName, facts->name, (int)sizeof facts->name, device));
  GVB_TRY(GVB_CUDA(cuDeviceGetPCIBusId, facts->pci_bus, (int)sizeof facts->pci_bus, device));
  GVB_TRY(read_uuid(device, facts));
  GVB_TRY(GVB_CUDA(cuDeviceTotalMem_v2, &bytes, device));
  GVB_TRY(GVB_CUDA(cuDriverGetVersion, &version));
  facts->memory_bytes = (int64_t)bytes;
  facts->driver_version = version;
  return GVB_OK;
}

static int read_attributes(CUdevice d, gvb_device *facts) {
  int64_t major = 0, minor = 0;
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major));
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor));
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &facts->sm_count));
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, &facts->threads_per_sm));
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, &facts->l2_bytes));
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, &facts->memory_clock_hz));
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, &facts->memory_bus_bits));
  GVB_TRY(attribute(d, CU_DEVICE_ATTRIBUTE_CLOCK_RATE, &facts->sm_clock_hz));
  facts->compute_capability = 10 * major + minor;
  facts->memory_clock_hz *= KILOHERTZ;
  facts->sm_clock_hz *= KILOHERTZ;
  facts->memory_pools = feature(d, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED);
  facts->virtual_memory = feature(d, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED);
  return GVB_OK;
}

int gvb_device_facts(int32_t device, gvb_device *facts) {
  CUdevice handle = 0;
  if (facts == NULL) return gvb_fail(GVB_ERROR_ARGUMENT, "facts is NULL, expected room for a gvb_device");
  if (device < 0) return gvb_fail(GVB_ERROR_ARGUMENT, "device is %d, expected 0 or more", device);
  memset(facts, 0, sizeof *facts);
  GVB_TRY(gvb_find_device(device, &handle));
  GVB_TRY(read_identity(handle, facts));
  return read_attributes(handle, facts);
}

int gvb_device_count(int32_t *count) {
  int answer = 0;
  if (count == NULL) return gvb_fail(GVB_ERROR_ARGUMENT, "count is NULL, expected room for a number");
  if (gvb_cuda.cuInit == NULL) return gvb_fail(GVB_ERROR_STATE, "gvb_open has not been called");
  GVB_TRY(GVB_CUDA(cuInit, 0));
  GVB_TRY(GVB_CUDA(cuDeviceGetCount, &answer));
  *count = answer;
  return GVB_OK;
}

int gvb_memory_info(int64_t *free_bytes, int64_t *total_bytes) {
  size_t unused = 0, total = 0;
  if (free_bytes == NULL || total_bytes == NULL)
    return gvb_fail(GVB_ERROR_ARGUMENT, "free_bytes or total_bytes is NULL, expected room for a number");
  GVB_TRY(gvb_enter_context());
  GVB_TRY(GVB_CUDA(cuMemGetInfo_v2, &unused, &total));
  *free_bytes = (int64_t)unused;
  *total_bytes = (int64_t)total;
  return GVB_OK;
}
