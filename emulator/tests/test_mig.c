/* MIG instances: multiprocessors, memory and bandwidth of their own, and one link. In virtual time. */
#include <dlfcn.h>

#include "tenants.h"

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
      {"sm_count 108\nmemory_bytes 42949672960\nmig 3g.20gb,2g.10gb", ""},
      {"mig 3,3,1", "'3,3,1' does not fit into the 8 memory slices of a device"},
      {"mig 4,4", "does not fit"},
      {"mig 5", "'5' is no profile of this device; there are 1g.18gb, 1g.35gb, 2g.35gb, 3g.71gb, 4g.71gb, 7g.141gb"},
      {"mig 3g.40gb", "'3g.40gb' is no profile of this device"},
      {"mig 1,1,1,1,1,1,1,1", "a device has at most 7 instances, found 8 in '1,1,1,1,1,1,1,1'"},
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

/* What it can do as one of two in so much of the clock's time. */
static int repeat(int rank, int64_t window, void (*work)(void)) {
  int64_t done = 0;
  machine->enter(&(gvb_start){2, rank, 0, rank}, NULL);
  for (const int64_t begin = machine->now(); machine->now() - begin < window; done++) work();
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
  return repeat(rank, SECOND / 20, one_copy);
}

static int compute_on(int rank) {
  prepare(NULL);
  return repeat(rank, SECOND, one_kernel);
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
  row("MIG, ns of a kernel that fills an instance of 60 multiprocessors", "", 480000 * 132 / 60,
      (double)ask_on(FIRST_UUID, "multiply"), 0);
  const int64_t half = ask_on(FIRST_UUID, "stream"), quarter = ask_on(SECOND_UUID, "stream");
  row("MIG, ns of a reader with half of the memory slices", "", 2 * (double)(whole - 1200), (double)(half - 1200), 0);
  row("MIG, ns of a reader with a quarter of them", "", 4 * (double)(whole - 1200), (double)(quarter - 1200), 1e-5);
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
  static const struct {
    const char *kind, *devices[2], *roles[2];
    double expected;
  } cases[] = {
      {"MIG, kernels of 1 ms in 1 s: a tenant in each instance", {FIRST_UUID, SECOND_UUID}, {"0", "1"}, 1000},
      {"MIG, kernels of 1 ms in 1 s: two tenants of one instance", {FIRST_UUID, FIRST_UUID}, {"0", "1"}, 500},
      {"MIG, copies of 1 ms in 50 ms: a tenant in each instance", {FIRST_UUID, SECOND_UUID}, {"copy0", "copy1"}, 25},
  };
  int64_t n[2];
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    two(cases[c].devices, cases[c].roles, n);
    for (int k = 0; k < 2; k++) row(cases[c].kind, "", cases[c].expected, (double)n[k], 0.01);
  }
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

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  layouts();
  rates();
  visibility();
  neighbors();
  memory();
  identity();
  return summary();
}
