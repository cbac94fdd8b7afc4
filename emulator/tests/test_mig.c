/* MIG instances: multiprocessors, memory and bandwidth of their own, one link, and NVML's answers. In virtual time. */
#include <dlfcn.h>

#include "../nvml_abi.h"
#include "timeline.h"

#define GPU_UUID "GPU-e0000000-0000-4000-8000-000000000200"
#define FIRST_UUID "MIG-e0000000-0000-4000-8000-000000001201"
#define SECOND_UUID "MIG-e0000000-0000-4000-8000-000000001202"
#define GIB ((size_t)1 << 30)

static void choose(const char *devices) {
  devices ? setenv("CUDA_VISIBLE_DEVICES", devices, 1) : unsetenv("CUDA_VISIBLE_DEVICES");
}

/* ---- layouts ---- */

static void layouts(void) {
  static const struct {
    const char *config, *complaint;
  } cases[] = {
      {"mig 3g.71gb+2g.35gb", ""},
      {"mig 3,2,2", ""},
      {"mig 1,1,1,1,1,1,1", ""},
      {"mig 4g,3g", ""},
      {"mig 7g.141gb", ""},
      {"mig 1g.35gb,1g.35gb,1g.35gb,1g.35gb", ""},
      {"mig 3,3,1", "'3,3,1' does not fit into the 8 memory slices of a device"},
      {"mig 4,4", "does not fit"},
      {"mig 5", "'5' is no profile of this device"},
      {"mig 3g.40gb", "'3g.40gb' is no profile of this device"},
      {"mig 1,1,1,1,1,1,1,1", "or instance number 8"},
      {"devices 2\nmig 3", "mig needs one device"},
      {"sm_count 100\nmig 3", "with the 132 multiprocessors of H100 and H200"},
  };
  const char *(*complaint)(const char *);
  open_driver();
  *(void **)&complaint = dlsym(cuda_library, "gvb_emulated_complaint");
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    new_machine(cases[k].config);
    const char *found = complaint(machine_directory()), *expected = cases[k].complaint;
    check(*expected ? strstr(found, expected) != NULL : *found == 0, "%s: %s", strrchr(cases[k].config, ' ') + 1,
          found);
  }
}

/* ---- rates of one ---- */

static int64_t elapsed(void (*work)(CUstream on)) {
  close_gate();
  work(s[0]);
  record(s[0]);
  MUST(cu.cuCtxSynchronize());
  return time_of_mark(0);
}

/* 132 x 60 blocks: as many for each of 132 multiprocessors as for each of 60. */
static void multiply_much(CUstream on) {
  uint64_t iterations = 1000;
  void *arguments[] = {&iterations, &one, &one, &counter};
  MUST(cu.cuLaunchKernel(multiply, 132 * 60, 1, 1, 256, 1, 1, 0, on, arguments, NULL));
}

/* 1 GiB, far beyond L2. */
static void stream_much(CUstream on) {
  static CUdeviceptr array;
  uint64_t words = GIB / 8;
  if (!array) MUST(cu.cuMemAlloc_v2(&array, GIB));
  void *arguments[] = {&array, &words, &counter};
  MUST(cu.cuLaunchKernel(function("gvb_sum"), 132 * 60, 1, 1, 256, 1, 1, 0, on, arguments, NULL));
}

static int answer(int64_t number) {
  printf("%lld\n", (long long)number);
  fflush(stdout);
  return 0;
}

static int time_of(void (*work)(CUstream on)) {
  prepare(NULL);
  return answer(elapsed(work));
}

/* ---- clients ---- */

/* What it can do as one of two in 1 s of the clock. */
static int repeat(int rank, void (*work)(void)) {
  int64_t done = 0;
  machine->enter(&(gvb_start){2, rank, 0, rank}, NULL);
  for (const int64_t begin = machine->now(); machine->now() - begin < SECOND; done++) work();
  machine->leave();
  return answer(done);
}

static void one_kernel(void) {
  compute(s[0], 60, 1);
  MUST(cu.cuStreamSynchronize(s[0]));
}

static void *host;

static void one_copy(void) { /* 55 MB at 55 GB/s */
  MUST(cu.cuMemcpyHtoDAsync_v2(counter, host, 55000000, s[0]));
  MUST(cu.cuStreamSynchronize(s[0]));
}

static int copy_on(int rank) {
  prepare(NULL);
  MUST(cu.cuMemAlloc_v2(&counter, 55000000));
  MUST(cu.cuMemHostAlloc(&host, 55000000, 0));
  return repeat(rank, one_copy);
}

static int compute_on(int rank) {
  prepare(NULL);
  return repeat(rank, one_kernel);
}

static int visible(void) {
  int count = 0;
  open_driver();
  if (cu.cuInit(0) != CUDA_SUCCESS) return answer(0);
  MUST(cu.cuDeviceGetCount(&count));
  return answer(count);
}

static int sm_count(void) {
  int count = 0;
  open_context();
  MUST(cu.cuDeviceGetAttribute(&count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
  return answer(count);
}

/* GiB that it gets before it is refused. */
static int fill_memory(bool stay) {
  CUdeviceptr p;
  int64_t count = 0;
  open_context();
  while (cu.cuMemAlloc_v2(&p, GIB) == CUDA_SUCCESS) count++;
  answer(count);
  if (stay) pause();
  return 0;
}

static int role(const char *name) {
  if (strcmp(name, "multiply") == 0) return time_of(multiply_much);
  if (strcmp(name, "stream") == 0) return time_of(stream_much);
  if (strcmp(name, "visible") == 0) return visible();
  if (strcmp(name, "sms") == 0) return sm_count();
  if (strcmp(name, "fill") == 0 || strcmp(name, "hold") == 0) return fill_memory(name[0] == 'h');
  return strncmp(name, "copy", 4) == 0 ? copy_on(atoi(name + 4)) : compute_on(atoi(name));
}

static int64_t ask_on(const char *devices, const char *what) {
  FILE *out;
  choose(devices);
  pid_t pid = start_client(what, &out);
  int64_t number = read_number(out);
  fclose(out);
  waitpid(pid, NULL, 0);
  choose(NULL);
  return number;
}

static void equal(int64_t found, int64_t expected, const char *what) {
  check(found == expected, "%s: %lld, expected %lld", what, (long long)found, (long long)expected);
}

/* ---- the tests ---- */

static void rates(void) {
  new_machine(EXACT);
  equal(ask_on(NULL, "multiply"), 480000, "a kernel on the whole device: ns");
  const int64_t whole = ask_on(NULL, "stream");
  new_machine(EXACT "mig 3,2\n");
  equal(ask_on(FIRST_UUID, "multiply"), 480000 * 132 / 60, "and on an instance of 60 multiprocessors");
  const int64_t half = ask_on(FIRST_UUID, "stream"), quarter = ask_on(SECOND_UUID, "stream");
  equal(half - 1200, 2 * (whole - 1200), "half of the memory slices, half of the bandwidth");
  check(llabs(quarter - 1200 - 4 * (whole - 1200)) <= 2, "a quarter, a quarter, but for rounding: %lld ns",
        (long long)quarter);
}

static void visibility(void) {
  new_machine(EXACT "mig 3,2\n");
  equal(ask_on(NULL, "visible"), 1, "a process sees one instance");
  equal(ask_on(NULL, "sms"), 60, "the first");
  equal(ask_on(SECOND_UUID, "sms"), 32, "or the one that CUDA_VISIBLE_DEVICES names");
  equal(ask_on(SECOND_UUID "," FIRST_UUID, "sms"), 32, "of two, the first");
  equal(ask_on(SECOND_UUID "," FIRST_UUID, "visible"), 1, "alone");
  equal(ask_on("MIG-" GPU_UUID "/5/0", "sms"), 32, "by the older form");
  equal(ask_on("0", "sms"), 60, "a device's index stands for its first instance");
  equal(ask_on(GPU_UUID, "sms"), 60, "and its UUID");
  equal(ask_on("1", "visible"), 0, "another device is not there");
  equal(ask_on("MIG-e0000000-0000-4000-8000-000000001203", "visible"), 0, "nor another instance");
}

static void identity(void) {
  CUuuid own, device;
  char name[100] = "";
  new_machine(EXACT "mig 3,2\n");
  choose(SECOND_UUID);
  open_context();
  choose(NULL);
  MUST(cu.cuDeviceGetName(name, sizeof name, 0));
  check(strcmp(name, "NVIDIA H200 (emulated) MIG 2g.35gb") == 0, "its name: %s", name);
  MUST(cu.cuDeviceGetUuid_v2(&own, 0));
  MUST(cu.cuDeviceGetUuid(&device, 0));
  check((own.bytes[14] & 0xff) == 0x12 && own.bytes[15] == 2, "cuDeviceGetUuid_v2 gives the instance's UUID");
  check(device.bytes[14] == 2 && device.bytes[15] == 0, "cuDeviceGetUuid the device's");
}

static void two(const char *const devices[2], const char *const roles[2], int64_t done[2]) {
  FILE *out[2];
  pid_t pid[2];
  new_machine(EXACT "switch_ns 0\nmig 3,3\n");
  for (int k = 0; k < 2; k++) {
    choose(devices[k]);
    pid[k] = start_client(roles[k], &out[k]);
  }
  for (int k = 0; k < 2; k++) {
    done[k] = read_number(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
  choose(NULL);
}

/* Each millisecond costs its launch and its synchronization too, so that a few less than 1000 fit into a second. */
static void neighbors(void) {
  int64_t n[2];
  two((const char *const[]){FIRST_UUID, SECOND_UUID}, (const char *const[]){"0", "1"}, n);
  check(n[0] == n[1] && n[0] > 990 && n[0] < 1000, "two instances do not share time: %lld and %lld kernels",
        (long long)n[0], (long long)n[1]);
  two((const char *const[]){FIRST_UUID, FIRST_UUID}, (const char *const[]){"0", "1"}, n);
  check(n[0] + n[1] >= 990 && n[0] + n[1] <= 1002 && llabs(n[0] - n[1]) <= 4,
        "two processes of one instance do: %lld and %lld", (long long)n[0], (long long)n[1]);
  two((const char *const[]){FIRST_UUID, SECOND_UUID}, (const char *const[]){"copy0", "copy1"}, n);
  check(n[0] + n[1] >= 990 && n[0] + n[1] <= 1002 && llabs(n[0] - n[1]) <= 4,
        "the link is the device's: %lld and %lld copies", (long long)n[0], (long long)n[1]);
}

static void memory(void) {
  FILE *out;
  new_machine(EXACT "mig 3,2\n"); /* half and a quarter of 140.4 GiB, less a context */
  choose(FIRST_UUID);
  pid_t pid = start_client("hold", &out);
  equal(read_number(out), 69, "an instance has its own memory, and no more: GiB");
  equal(ask_on(SECOND_UUID, "fill"), 34, "whatever the other one holds");
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
}

/* ---- NVML ---- */

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
  choose(SECOND_UUID);
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
  choose(NULL);
}

static void observer(void) {
  new_machine(EXACT "mig 3,2\n");
  nvmlDevice device = first_device();
  handles(device);
  sizes(device);
  activity(device);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  layouts();
  rates();
  visibility();
  neighbors();
  memory();
  observer();
  identity();
  return summary();
}
