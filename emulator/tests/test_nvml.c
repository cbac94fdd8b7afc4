/* NVML sees, from a process that is no client, what the clients do. */
#include "../nvml_abi.h"
#include "harness.h"

#include <dirent.h>
#include <dlfcn.h>

static struct {
#define X(name, n, ...) nvmlReturn (*name)(GVB_P##n(__VA_ARGS__));
#include "../nvml_functions.def"
#undef X
  nvmlReturn (*nvmlDeviceGetFanSpeed)(nvmlDevice, unsigned int *);
} nvml;

static void open_nvml(void) {
  void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  if (!library) exit(3);
#define X(name, n, ...) *(void **)&nvml.name = dlsym(library, #name);
#include "../nvml_functions.def"
#undef X
  *(void **)&nvml.nvmlDeviceGetFanSpeed = dlsym(library, "nvmlDeviceGetFanSpeed");
}

/* A client: 2 GiB, and 40 s of kernels at once, so that the device is busy however late the host is, until it is
 * killed. */
static int client(void) {
  CUdeviceptr p, counter;
  uint64_t iterations = 24750000; /* 200 ms */
  float one = 1.0f;
  open_context();
  MUST(cu.cuMemAlloc_v2(&p, (size_t)2 << 30));
  MUST(cu.cuMemAlloc_v2(&counter, 64));
  printf("%d\n", (int)getpid());
  fflush(stdout);
  for (int k = 0; k < 200; k++) launch("gvb_fma", 132 * 8, 256, (void *[]){&iterations, &one, &one, &counter});
  MUST(cu.cuStreamSynchronize(stream));
  return 0;
}

static void facts(nvmlDevice device) {
  char text[96];
  nvmlPci pci;
  nvmlDevice same = NULL;
  unsigned int value, pending;
  nvmlTemperature temperature = {.version = NVML_VERSION(nvmlTemperature, 1)};
  check(nvml.nvmlDeviceGetName(device, text, sizeof text) == NVML_SUCCESS && strstr(text, "(emulated)"), "name: %s",
        text);
  check(nvml.nvmlDeviceGetUUID(device, text, sizeof text) == NVML_SUCCESS && strncmp(text, "GPU-e", 5) == 0, "uuid: %s",
        text);
  check(nvml.nvmlDeviceGetHandleByUUID(text, &same) == NVML_SUCCESS && same == device, "the UUID finds the device");
  check(nvml.nvmlDeviceGetPciInfo_v3(device, &pci) == NVML_SUCCESS && pci.bus == 0x41, "PCI bus id: %s", pci.bus_id);
  check(nvml.nvmlDeviceGetHandleByPciBusId_v2(pci.bus_id, &same) == NVML_SUCCESS, "the bus id finds the device");
  nvml.nvmlDeviceGetClockInfo(device, NVML_CLOCK_SM, &value);
  check(value == 1980, "SM clock: %u MHz", value);
  check(nvml.nvmlDeviceGetMigMode(device, &value, &pending) == NVML_SUCCESS && value == 0, "MIG is disabled");
  check(nvml.nvmlDeviceGetTemperatureV(device, &temperature) == NVML_SUCCESS && temperature.temperature == 42,
        "42 degrees");
  check(nvml.nvmlDeviceGetFanSpeed(device, &value) == NVML_ERROR_NOT_SUPPORTED, "what is missing says so");
}

static void activity(nvmlDevice device) {
  FILE *out;
  nvmlMemory memory;
  nvmlProcess process[4];
  nvmlProcessSample sample[4];
  nvmlUtilization rates;
  unsigned int count = 4, samples = 4;
  unsigned long long reasons;
  nvml.nvmlDeviceGetCurrentClocksEventReasons(device, &reasons);
  check(reasons == NVML_REASON_GPU_IDLE, "idle: reasons %llx", reasons);
  pid_t pid = start_client("client", &out);
  read_number(out);
  usleep(1300000);
  nvml.nvmlDeviceGetMemoryInfo(device, &memory);
  check(memory.used == ((unsigned long long)2 << 30) + 524288000 + 2097152, "used: %llu bytes", memory.used);
  nvmlReturn result = nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, &count, process);
  check(result == NVML_SUCCESS && count == 1 && process[0].pid == (unsigned int)pid && process[0].used == memory.used,
        "the client is listed with its memory");
  nvml.nvmlDeviceGetUtilizationRates(device, &rates);
  check_in_time(IN_TIME(rates.gpu, 91, 100), "utilization: %u %%", rates.gpu);
  result = nvml.nvmlDeviceGetProcessUtilization(device, sample, &samples, 0);
  check(result == NVML_SUCCESS && samples == 1, "the client has a sample of its own");
  check_in_time(IN_TIME(sample[0].sm, 91, 100), "utilization of the client: %u %%", sample[0].sm);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
  nvml.nvmlDeviceGetMemoryInfo(device, &memory);
  count = 4;
  nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, &count, process);
  check(memory.used == 0 && count == 0, "after its death nothing is left");
}

static void throttled(void) {
  nvmlDevice device;
  unsigned int value = 0;
  unsigned long long reasons = 0;
  open_nvml();
  nvml.nvmlInit_v2();
  nvml.nvmlDeviceGetHandleByIndex_v2(0, &device);
  nvml.nvmlDeviceGetClockInfo(device, NVML_CLOCK_SM, &value);
  nvml.nvmlDeviceGetCurrentClocksThrottleReasons(device, &reasons);
  exit(value == 990 && reasons & NVML_REASON_HW_THERMAL_SLOWDOWN ? 0 : 1);
}

static void negotiated(void) {
  nvmlDevice device;
  unsigned int width = 0, most = 0, generation = 0;
  open_nvml();
  nvml.nvmlInit_v2();
  nvml.nvmlDeviceGetHandleByIndex_v2(0, &device);
  nvml.nvmlDeviceGetCurrPcieLinkWidth(device, &width);
  nvml.nvmlDeviceGetMaxPcieLinkWidth(device, &most);
  nvml.nvmlDeviceGetCurrPcieLinkGeneration(device, &generation);
  exit(width == 8 && most == 16 && generation == 4 ? 0 : 1);
}

static void no_machine(void) {
  open_nvml();
  exit(nvml.nvmlInit_v2() == NVML_ERROR_DRIVER_NOT_LOADED ? 0 : 1);
}

/* A profile as the harness writes it into a machine's config. */
static void profile(const char *path) {
  static char text[16384];
  char line[512];
  size_t used = 0;
  FILE *file = fopen(path, "re");
  if (!file) return;
  while (fgets(line, sizeof line, file)) {
    char *equals = strstr(line, " = ");
    if (line[0] == '#' || !equals) continue;
    used += (size_t)snprintf(text + used, sizeof text - used, "%.*s ", (int)(equals - line), line);
    for (char *c = equals + 3; *c; c++)
      if (*c != '"' && (*c != '_' || equals[3] == '"')) text[used++] = *c;
    text[used] = 0;
  }
  fclose(file);
  new_machine(text);
}

static void accepted(void) {
  char name[96];
  open_driver();
  if (cu.cuInit(0) != CUDA_SUCCESS || cu.cuDeviceGetName(name, sizeof name, 0) != CUDA_SUCCESS) exit(1);
  exit(strstr(name, "(emulated)") ? 0 : 1);
}

static void profiles(void) {
  const char *directory = "../src/gpu_virt_bench/emulated/profiles";
  DIR *list = opendir(directory);
  for (struct dirent *entry; list && (entry = readdir(list));) {
    char path[600];
    if (!strstr(entry->d_name, ".toml")) continue;
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    profile(path);
    check(in_child(accepted) == 0, "profile %s makes a machine", entry->d_name);
  }
  if (list) closedir(list);
}

int main(int argc, char **argv) {
  if (argc > 1) return strcmp(argv[1], "client") == 0 ? client() : 3;
  nvmlDevice device;
  unsigned int count;
  new_machine("jitter huge");
  check(in_child(no_machine) == 0, "a bad config: DRIVER_NOT_LOADED");
  new_machine("throttle.after 0\nthrottle.factor 0.5");
  check(in_child(throttled) == 0, "throttling shows in clock and reasons");
  new_machine("pcie_width_now 8\npcie_generation_now 4");
  check(in_child(negotiated) == 0, "a link at half width says so");
  profiles();
  new_machine("");
  open_nvml();
  check(nvml.nvmlDeviceGetCount_v2(&count) == NVML_ERROR_UNINITIALIZED, "before nvmlInit: UNINITIALIZED");
  check(nvml.nvmlInit_v2() == NVML_SUCCESS, "nvmlInit");
  check(nvml.nvmlDeviceGetHandleByIndex_v2(0, &device) == NVML_SUCCESS, "device 0");
  facts(device);
  activity(device);
  return summary();
}
