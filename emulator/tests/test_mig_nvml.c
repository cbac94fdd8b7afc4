/* What NVML says about MIG instances. */
#include <dlfcn.h>

#include "../nvml_abi.h"
#include "harness.h"

#define SECOND_UUID "MIG-e0000000-0000-4000-8000-000000001202"
#define GIB ((size_t)1 << 30)

/* A client that holds 34 GiB. */
static int hold(void) {
  CUdeviceptr p;
  open_context();
  MUST(cu.cuMemAlloc_v2(&p, 34 * GIB));
  printf("0\n");
  fflush(stdout);
  pause();
  return 0;
}

static void equal(int64_t found, int64_t expected, const char *what) {
  check(found == expected, "%s: %lld, expected %lld", what, (long long)found, (long long)expected);
}

static void *nvml;

static unsigned int number_of(const char *name, nvmlDevice device) {
  nvmlReturn (*ask)(nvmlDevice, unsigned int *);
  unsigned int value = 999;
  *(void **)&ask = dlsym(nvml, name);
  return ask(device, &value) == NVML_SUCCESS ? value : 999;
}

static nvmlDevice instance(nvmlDevice device, unsigned int index) {
  nvmlReturn (*ask)(nvmlDevice, unsigned int, nvmlDevice *);
  nvmlDevice found = NULL;
  *(void **)&ask = dlsym(nvml, "nvmlDeviceGetMigDeviceHandleByIndex");
  return ask(device, index, &found) == NVML_SUCCESS ? found : NULL;
}

static nvmlDevice first_device(void) {
  nvmlReturn (*initialize)(void), (*ask)(unsigned int, nvmlDevice *);
  nvmlDevice found = NULL;
  nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  *(void **)&initialize = dlsym(nvml, "nvmlInit_v2");
  *(void **)&ask = dlsym(nvml, "nvmlDeviceGetHandleByIndex_v2");
  if (initialize() != NVML_SUCCESS || ask(0, &found) != NVML_SUCCESS) exit(3);
  return found;
}

static void handles(nvmlDevice device) {
  nvmlReturn (*parent)(nvmlDevice, nvmlDevice *), (*by_uuid)(const char *, nvmlDevice *);
  nvmlReturn (*uuid)(nvmlDevice, char *, unsigned int), (*count)(unsigned int *);
  nvmlDevice found = NULL, second = instance(device, 1);
  unsigned int devices = 0;
  char text[100] = "";
  *(void **)&parent = dlsym(nvml, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle");
  *(void **)&by_uuid = dlsym(nvml, "nvmlDeviceGetHandleByUUID");
  *(void **)&uuid = dlsym(nvml, "nvmlDeviceGetUUID");
  *(void **)&count = dlsym(nvml, "nvmlDeviceGetCount_v2");
  check(count(&devices) == NVML_SUCCESS && devices == 1, "NVML counts one device");
  equal(number_of("nvmlDeviceGetMaxMigDeviceCount", device), 7, "at most so many instances");
  check(second && !instance(device, 2), "of which there are two");
  equal(number_of("nvmlDeviceIsMigDeviceHandle", second), 1, "a handle of one");
  equal(number_of("nvmlDeviceIsMigDeviceHandle", device), 0, "and of the device");
  check(parent(second, &found) == NVML_SUCCESS && found == device, "from instance to device");
  check(uuid(second, text, sizeof text) == NVML_SUCCESS && strcmp(text, SECOND_UUID) == 0, "its UUID: %s", text);
  check(by_uuid(SECOND_UUID, &found) == NVML_SUCCESS && found == second, "and from UUID to instance");
  equal(number_of("nvmlDeviceGetGpuInstanceId", second), 5, "GPU instance");
  equal(number_of("nvmlDeviceGetComputeInstanceId", second), 0, "compute instance");
}

static void sizes(nvmlDevice device) {
  nvmlReturn (*mode)(nvmlDevice, unsigned int *, unsigned int *), (*attributes)(nvmlDevice, nvmlAttributes *);
  unsigned int now = 9, pending = 9;
  nvmlAttributes a;
  *(void **)&mode = dlsym(nvml, "nvmlDeviceGetMigMode");
  *(void **)&attributes = dlsym(nvml, "nvmlDeviceGetAttributes_v2");
  check(mode(device, &now, &pending) == NVML_SUCCESS && now == 1 && pending == 1, "MIG mode is on");
  check(attributes(device, &a) == NVML_ERROR_NOT_SUPPORTED, "a device has no attributes of an instance");
  check(attributes(instance(device, 0), &a) == NVML_SUCCESS && a.multiprocessors == 60 && a.gpu_instance_slices == 3 &&
            a.compute_instance_slices == 3 && a.copy_engines == 3 && a.memory_mib == 150754820096 / 2 >> 21 << 1,
        "an instance: %u multiprocessors, %llu MiB", a.multiprocessors, a.memory_mib);
}

static void activity(nvmlDevice device) {
  nvmlReturn (*info)(nvmlDevice, nvmlMemory *), (*running)(nvmlDevice, unsigned int *, nvmlProcess *);
  nvmlReturn (*rates_of)(nvmlDevice, nvmlUtilization *);
  nvmlMemory whole, first, second;
  nvmlProcess found[4];
  nvmlUtilization rates_now;
  unsigned int count = 4, none = 4;
  FILE *out;
  *(void **)&info = dlsym(nvml, "nvmlDeviceGetMemoryInfo");
  *(void **)&running = dlsym(nvml, "nvmlDeviceGetComputeRunningProcesses_v3");
  *(void **)&rates_of = dlsym(nvml, "nvmlDeviceGetUtilizationRates");
  setenv("CUDA_VISIBLE_DEVICES", SECOND_UUID, 1);
  pid_t pid = start_client("hold", &out);
  read_number(out);
  info(device, &whole), info(instance(device, 0), &first), info(instance(device, 1), &second);
  check(first.used == 0 && second.used > 34 * GIB && whole.used == second.used && second.total < 36 * GIB,
        "memory is used in one instance, and so on the device: %llu GiB", whole.used >> 30);
  check(running(device, &count, found) == NVML_SUCCESS && count == 1 && found[0].pid == (unsigned int)pid &&
            found[0].gpu_instance == 5 && found[0].compute_instance == 0,
        "the device lists the process with its instance, %u", found[0].gpu_instance);
  count = 4;
  check(running(instance(device, 1), &count, found) == NVML_SUCCESS && count == 1, "and so does the instance");
  check(running(instance(device, 0), &none, found) == NVML_SUCCESS && none == 0, "but not another one");
  check(rates_of(instance(device, 1), &rates_now) == NVML_ERROR_NOT_SUPPORTED, "utilization is not supported");
  check(rates_of(device, &rates_now) == NVML_ERROR_NOT_SUPPORTED, "of neither");
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
}

static void observer(void) {
  new_machine("mig 3,2\n");
  nvmlDevice device = first_device();
  handles(device);
  sizes(device);
  activity(device);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return hold();
  observer();
  return summary();
}
