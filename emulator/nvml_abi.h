/* The part of NVML's binary interface that the emulated machine answers; names are our own. */
#ifndef GVB_EMULATOR_NVML_ABI_H
#define GVB_EMULATOR_NVML_ABI_H

#include "../libgvb/cuda_abi.h" /* GVB_P, GVB_A */

/* X(name, value, sentence of nvmlErrorString) */
#define NVML_RESULTS(X)                                                    \
  X(NVML_SUCCESS, 0, "Success")                                            \
  X(NVML_ERROR_UNINITIALIZED, 1, "Uninitialized")                          \
  X(NVML_ERROR_INVALID_ARGUMENT, 2, "Invalid Argument")                    \
  X(NVML_ERROR_NOT_SUPPORTED, 3, "Not Supported")                          \
  X(NVML_ERROR_NO_PERMISSION, 4, "Insufficient Permissions")               \
  X(NVML_ERROR_NOT_FOUND, 6, "Not Found")                                  \
  X(NVML_ERROR_INSUFFICIENT_SIZE, 7, "Insufficient Size")                  \
  X(NVML_ERROR_DRIVER_NOT_LOADED, 9, "Driver Not Loaded")                  \
  X(NVML_ERROR_TIMEOUT, 10, "Timeout")                                     \
  X(NVML_ERROR_LIBRARY_NOT_FOUND, 12, "NVML Shared Library Not Found")     \
  X(NVML_ERROR_FUNCTION_NOT_FOUND, 13, "Function Not Found")               \
  X(NVML_ERROR_GPU_IS_LOST, 15, "GPU is lost")                             \
  X(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, 25, "Argument version mismatch") \
  X(NVML_ERROR_UNKNOWN, 999, "Unknown Error")

#define ENUMERATOR(name, value, sentence) name = value,
typedef enum nvmlReturn { NVML_RESULTS(ENUMERATOR) } nvmlReturn;
#undef ENUMERATOR

enum { NVML_CLOCK_GRAPHICS, NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_CLOCK_VIDEO };
enum { NVML_REASON_GPU_IDLE = 0x1, NVML_REASON_HW_SLOWDOWN = 0x8, NVML_REASON_HW_THERMAL_SLOWDOWN = 0x40 };

typedef struct nvmlDevice_st *nvmlDevice;

typedef struct nvmlPci {
  char bus_legacy[16];
  unsigned int domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
} nvmlPci;

typedef struct nvmlMemory {
  unsigned long long total, free, used;
} nvmlMemory;

typedef struct nvmlMemory_v2 {
  unsigned int version;
  unsigned long long total, reserved, free, used;
} nvmlMemory_v2;

typedef struct nvmlProcess_v1 {
  unsigned int pid;
  unsigned long long used;
} nvmlProcess_v1;

typedef struct nvmlProcess {
  unsigned int pid;
  unsigned long long used;
  unsigned int gpu_instance, compute_instance;
} nvmlProcess;

typedef struct nvmlProcessSample {
  unsigned int pid;
  unsigned long long time; /* us since 1970 */
  unsigned int sm, memory, encoder, decoder;
} nvmlProcessSample;

typedef struct nvmlUtilization {
  unsigned int gpu, memory;
} nvmlUtilization;

typedef struct nvmlAttributes {
  unsigned int multiprocessors, copy_engines, decoders, encoders, jpeg, ofa, gpu_instance_slices,
      compute_instance_slices;
  unsigned long long memory_mib;
} nvmlAttributes;

typedef struct nvmlTemperature {
  unsigned int version, sensor;
  int temperature;
} nvmlTemperature;

/* Versioned structures carry size | number << 24. */
#define NVML_VERSION(type, number) ((unsigned int)(sizeof(type) | (number) << 24))

#endif
