/* A machine of several devices: who sees which, memory, engines and load of each, and the links between them. */
#include "../nvml_abi.h"
#include "timeline.h"

#include <dlfcn.h>
#include <math.h>

static CUcontext of[4];
static CUstream on[4];
static CUdeviceptr here[4]; /* 64 MB of each */
static CUfunction spin[4], fill[4];
static CUevent edge[4][2];
enum { BYTES = 64000000 };

static const char ptx[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry gvb_spin(\n.visible .entry gvb_fill(\n";

static void use(int d) { MUST(cu.cuCtxSetCurrent(of[d])); }

static void each_device(int count) {
  open_driver();
  machine = machine_clock();
  MUST(cu.cuInit(0));
  for (int d = 0; d < count; d++) {
    CUmodule loaded;
    MUST(cu.cuDevicePrimaryCtxRetain(&of[d], d));
    use(d);
    MUST(cu.cuStreamCreate(&on[d], CU_STREAM_NON_BLOCKING));
    MUST(cu.cuMemAlloc_v2(&here[d], BYTES));
    MUST(cu.cuModuleLoadData(&loaded, ptx));
    MUST(cu.cuModuleGetFunction(&spin[d], loaded, "gvb_spin"));
    MUST(cu.cuModuleGetFunction(&fill[d], loaded, "gvb_fill"));
    for (int k = 0; k < 2; k++) MUST(cu.cuEventCreate(&edge[d][k], 0));
  }
}

/* One block that holds one multiprocessor of device d for so long. */
static void work(int d, uint64_t ns) {
  void *arguments[] = {&ns, &here[d]};
  use(d);
  MUST(cu.cuLaunchKernel(spin[d], 1, 1, 1, 32, 1, 1, 0, on[d], arguments, NULL));
}

static void start(int d) { MUST(cu.cuEventRecord(edge[d][0], on[d])); }
static void stop(int d) { MUST(cu.cuEventRecord(edge[d][1], on[d])); }

/* Between the two, in nanoseconds. */
static int64_t took(int d) {
  float milliseconds;
  MUST(cu.cuEventSynchronize(edge[d][1]));
  MUST(cu.cuEventElapsedTime(&milliseconds, edge[d][0], edge[d][1]));
  return llround((double)milliseconds * MILLISECOND);
}

static _Noreturn void end(bool good) {
  fflush(stdout);
  exit(good ? 0 : 1);
}

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

/* ---- peers ---- */

static void push(int from, int to) {
  use(from);
  start(from);
  MUST(cu.cuMemcpyPeerAsync(here[to], of[to], here[from], of[from], BYTES, on[from]));
  stop(from);
}

static void enable(int own, int peer) {
  use(own);
  MUST(cu.cuCtxEnablePeerAccess(of[peer], 0));
}

/* 64 MB at 400 GB/s, beside copy_latency (1.5 us) and peer_latency (1 us); both directions at once. */
static void over_the_link(void) {
  each_device(2);
  enable(0, 1);
  enable(1, 0);
  work(0, 10 * MILLISECOND);
  work(1, 10 * MILLISECOND);
  push(0, 1);
  push(1, 0);
  end(took(0) == 162500 && took(1) == 162500);
}

/* At the host's 50 GB/s. */
static void through_the_host(void) {
  each_device(2);
  work(0, 10 * MILLISECOND);
  push(0, 1);
  end(took(0) == 1282500);
}

static void contents(void) {
  uint64_t words = BYTES / 8, seed = 7, sent = 0, come = 1;
  each_device(2);
  use(0);
  void *arguments[] = {&here[0], &words, &seed};
  MUST(cu.cuLaunchKernel(fill[0], 1, 1, 1, 256, 1, 1, 0, on[0], arguments, NULL));
  push(0, 1);
  MUST(cu.cuStreamSynchronize(on[0]));
  MUST(cu.cuMemcpyDtoH_v2(&sent, here[0] + 8 * (words - 1), 8));
  MUST(cu.cuMemcpyDtoH_v2(&come, here[1] + 8 * (words - 1), 8));
  end(sent == come && sent != 0);
}

/* A kernel of device 0 on memory of device 1: the link's time, or a fault where access was not enabled. */
static void kernel_on_a_peer(void) {
  uint64_t words = BYTES / 8, seed = 7;
  void *arguments[] = {&here[1], &words, &seed};
  each_device(2);
  enable(0, 1);
  work(0, 10 * MILLISECOND);
  start(0);
  MUST(cu.cuLaunchKernel(fill[0], 132, 1, 1, 256, 1, 1, 0, on[0], arguments, NULL));
  stop(0);
  const bool good = took(0) == 161000;
  MUST(cu.cuCtxDisablePeerAccess(of[1]));
  MUST(cu.cuLaunchKernel(fill[0], 132, 1, 1, 256, 1, 1, 0, on[0], arguments, NULL));
  end(good && cu.cuStreamSynchronize(on[0]) == CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void answers_of_peers(void) {
  int can = -1, own = -1;
  each_device(2);
  MUST(cu.cuDeviceCanAccessPeer(&can, 0, 1));
  MUST(cu.cuDeviceCanAccessPeer(&own, 1, 1));
  enable(0, 1);
  end(can == 1 && own == 0 && cu.cuCtxEnablePeerAccess(of[1], 0) == CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED &&
      cu.cuCtxDisablePeerAccess(of[1]) == CUDA_SUCCESS &&
      cu.cuCtxDisablePeerAccess(of[1]) == CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
}

static void no_peers(void) {
  int can = -1;
  each_device(2);
  MUST(cu.cuDeviceCanAccessPeer(&can, 0, 1));
  use(0);
  end(can == 0 && cu.cuCtxEnablePeerAccess(of[1], 0) == CUDA_ERROR_PEER_ACCESS_UNSUPPORTED);
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
  scenario(EXACT "devices 2\npeer_bandwidth 400000000000\n", over_the_link, "64 MB over a link, both ways at once");
  scenario(EXACT "devices 2\nh2d_bandwidth 50000000000\n", through_the_host,
           "64 MB through the host where access was not enabled");
  scenario(EXACT "devices 2\n", contents, "what was copied has come");
  scenario(EXACT "devices 2\npeer_bandwidth 400000000000\n", kernel_on_a_peer,
           "a kernel reaches a peer's memory over the link, or faults");
  scenario(EXACT "devices 2\n", answers_of_peers, "what is asked about peers");
  scenario(EXACT "devices 2\npeer_access 0\n", no_peers, "devices that do not reach each other");
  scenario(EXACT "devices 4\nnvml_order reversed\n", loads,
           "NVML sees each device's load and memory, in its own order");
  scenario("devices 2\nnvlinks 8\n", links_as_nvml_sees_them, "NVML names two devices, and links that are up");
  return summary();
}
