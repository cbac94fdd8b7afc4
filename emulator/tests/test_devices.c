/* A machine of several devices: who sees which, and memory, engines and load of each. */
#include "../nvml_abi.h"
#include "several.h"

#include <dlfcn.h>

/* ---- who sees which ---- */

/* The ordinals of the machine's four devices as the application sees them, as digits: "-" where it does not. */
static void print_visible(void) {
  static const char *const bus[] = {"0000:41:00.0", "0000:42:00.0", "0000:43:00.0", "0000:44:00.0"};
  open_driver();
  CUresult begun = cu.cuInit(0);
  printf("%d", (int)begun);
  for (int d = 0; d < 4 && begun == CUDA_SUCCESS; d++) {
    CUdevice found;
    if (cu.cuDeviceGetByPCIBusId(&found, bus[d]) == CUDA_SUCCESS)
      printf(" %d", (int)found);
    else
      printf(" -");
  }
  printf("\n");
}

static void sees(const char *visible, const char *order, const char *expected) {
  char line[64] = "";
  FILE *out;
  visible ? setenv("CUDA_VISIBLE_DEVICES", visible, 1) : unsetenv("CUDA_VISIBLE_DEVICES");
  order ? setenv("CUDA_DEVICE_ORDER", order, 1) : unsetenv("CUDA_DEVICE_ORDER");
  pid_t client = start_client("visible", &out);
  if (!fgets(line, sizeof line, out)) line[0] = 0;
  fclose(out);
  waitpid(client, NULL, 0);
  unsetenv("CUDA_VISIBLE_DEVICES");
  unsetenv("CUDA_DEVICE_ORDER");
  line[strcspn(line, "\n")] = 0;
  check(strcmp(line, expected) == 0, "CUDA_VISIBLE_DEVICES=%s %s: %s (%s)", visible ? visible : "(unset)",
        order ? order : "", expected, line);
}

static void visibility(void) {
  new_machine("devices 4\n");
  sees(NULL, NULL, "0 0 1 2 3");
  sees("2,0", NULL, "0 1 - 0 -");
  sees("GPU-e0000000-0000-4000-8000-000000000203", NULL, "0 - - - 0");
  sees("1,GPU-e0000000-0000-4000-8000-000000000202", NULL, "0 - 0 1 -");
  sees("GPU-e", NULL, "100");
  sees("0,7,1", NULL, "0 0 - - -");
  sees("1,1", NULL, "100");
  sees("", NULL, "100");
  new_machine("devices 4\nnvml_order reversed\n");
  sees(NULL, NULL, "0 3 2 1 0");
  sees(NULL, "PCI_BUS_ID", "0 0 1 2 3");
  sees("0", "PCI_BUS_ID", "0 0 - - -");
}

/* ---- engines and memory of each ---- */

/* The longer kernel comes first: who waits for device 0 alone does not wait for device 1. */
static void engines(void) {
  each_device(2);
  const int64_t begun = machine->now();
  work(1, 50 * MILLISECOND);
  work(0, 20 * MILLISECOND);
  MUST(cu.cuCtxSynchronize());
  const int64_t first = machine->now() - begun;
  use(1);
  MUST(cu.cuCtxSynchronize());
  const int64_t second = machine->now() - begun;
  end(first > 20 * MILLISECOND && first < 21 * MILLISECOND && second > 50 * MILLISECOND && second < 51 * MILLISECOND);
}

static void across_devices(void) {
  each_device(2);
  const int64_t begun = machine->now();
  work(0, 20 * MILLISECOND);
  stop(0);
  use(1);
  MUST(cu.cuStreamWaitEvent(on[1], edge[0][1], 0));
  work(1, 30 * MILLISECOND);
  MUST(cu.cuStreamSynchronize(on[1]));
  const int64_t both = machine->now() - begun;
  end(both > 50 * MILLISECOND && both < 51 * MILLISECOND);
}

static size_t free_of(int d) {
  size_t free_bytes, total;
  use(d);
  MUST(cu.cuMemGetInfo_v2(&free_bytes, &total));
  return free_bytes;
}

static void memory_of_each(void) {
  CUdeviceptr p;
  int where = -1;
  each_device(2);
  const size_t first = free_of(0), second = free_of(1);
  use(1);
  MUST(cu.cuMemAlloc_v2(&p, (size_t)1 << 30));
  MUST(cu.cuPointerGetAttribute(&where, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, p));
  bool good = where == 1 && free_of(0) == first && free_of(1) == second - ((size_t)1 << 30);
  MUST(cu.cuMemFree_v2(p)); /* whichever context is current */
  end(good && free_of(1) == second);
}

/* ---- what NVML sees ---- */

static unsigned int load(void *library, unsigned int index, unsigned long long *used) {
  nvmlReturn (*handle)(unsigned int, nvmlDevice *), (*rates)(nvmlDevice, nvmlUtilization *);
  nvmlReturn (*memory_info)(nvmlDevice, nvmlMemory *);
  *(void **)&handle = dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
  *(void **)&rates = dlsym(library, "nvmlDeviceGetUtilizationRates");
  *(void **)&memory_info = dlsym(library, "nvmlDeviceGetMemoryInfo");
  nvmlDevice device;
  nvmlUtilization now = {1000, 0};
  nvmlMemory memory = {0};
  if (handle(index, &device) != NVML_SUCCESS || rates(device, &now) != NVML_SUCCESS) return 1000;
  memory_info(device, &memory);
  *used = memory.used;
  return now.gpu;
}

/* CUDA's device d works d/4 of each tenth of a second and holds d GiB more than the first; NVML counts backwards. */
static void loads(void) {
  CUdeviceptr p;
  each_device(4);
  for (int d = 1; d < 4; d++) {
    use(d);
    MUST(cu.cuMemAlloc_v2(&p, (size_t)d << 30));
  }
  const int64_t begin = (machine->now() / SECOND + 1) * SECOND;
  for (int k = 0; k < 20; k++) {
    machine->wait(begin + k * (int64_t)100 * MILLISECOND);
    for (int d = 1; d < 4; d++) work(d, (uint64_t)d * 25 * MILLISECOND);
  }
  machine->wait(begin + 2 * (int64_t)SECOND);
  void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  nvmlReturn (*init)(void);
  *(void **)&init = dlsym(library, "nvmlInit_v2");
  unsigned long long used[4];
  bool good = init() == NVML_SUCCESS;
  for (unsigned int k = 0; k < 4; k++) good = good && load(library, k, &used[k]) == 25 * (3 - k);
  for (unsigned int k = 0; k < 3; k++) good = good && used[k] - used[3] == (unsigned long long)(3 - k) << 30;
  end(good);
}

static void links_as_nvml_sees_them(void) {
  nvmlReturn (*init)(void), (*handle)(unsigned int, nvmlDevice *);
  nvmlReturn (*state)(nvmlDevice, unsigned int, unsigned int *);
  nvmlReturn (*status)(nvmlDevice, nvmlDevice, unsigned int, unsigned int *);
  void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  *(void **)&init = dlsym(library, "nvmlInit_v2");
  *(void **)&handle = dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
  *(void **)&state = dlsym(library, "nvmlDeviceGetNvLinkState");
  *(void **)&status = dlsym(library, "nvmlDeviceGetP2PStatus");
  nvmlDevice one, other;
  unsigned int first = 9, ninth = 9, p2p = 9;
  if (init() != NVML_SUCCESS || handle(0, &one) != NVML_SUCCESS || handle(1, &other) != NVML_SUCCESS) exit(3);
  bool good = handle(2, &other) == NVML_ERROR_INVALID_ARGUMENT && state(one, 0, &first) == NVML_SUCCESS &&
              state(one, 8, &ninth) == NVML_SUCCESS && status(one, other, 0, &p2p) == NVML_SUCCESS;
  end(good && first == 1 && ninth == 0 && p2p == 0 && status(one, one, 0, &p2p) == NVML_ERROR_INVALID_ARGUMENT);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "visible") == 0) return print_visible(), 0;
  visibility();
  scenario(EXACT "devices 2\n", engines, "two devices work at the same time, and are waited for apart");
  scenario(EXACT "devices 2\n", across_devices, "a stream of one device waits for an event of another");
  scenario(EXACT "devices 2\n", memory_of_each, "each device has its own memory");
  scenario(EXACT "devices 4\nnvml_order reversed\n", loads,
           "NVML sees each device's load and memory, in its own order");
  scenario("devices 2\nnvlinks 8\n", links_as_nvml_sees_them, "NVML names two devices, and links that are up");
  return summary();
}
