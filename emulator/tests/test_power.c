/* Clock, power and energy follow the multiprocessors that are busy. In virtual time. */
#include "tenants.h"

#include "../nvml_abi.h"

#include <dlfcn.h>
#include <math.h>

#define FALLING EXACT "clock_full 800000000\n"
#define POWERED EXACT "power 100000\npower_full 500000\nslice_ns 2000000\nswitch_ns 0\n"

enum { IDLE_MW = 100000, FULL_MW = 500000 };

static struct {
  nvmlReturn (*nvmlInit_v2)(void);
  nvmlReturn (*nvmlDeviceGetHandleByIndex_v2)(unsigned int, nvmlDevice *);
  nvmlReturn (*nvmlDeviceGetClockInfo)(nvmlDevice, unsigned int, unsigned int *);
  nvmlReturn (*nvmlDeviceGetPowerUsage)(nvmlDevice, unsigned int *);
  nvmlReturn (*nvmlDeviceGetTotalEnergyConsumption)(nvmlDevice, unsigned long long *);
} nvml;
static nvmlDevice device;

static void open_nvml(void) {
  void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  if (!library) exit(3);
#define FIND(name) *(void **)&nvml.name = dlsym(library, #name)
  FIND(nvmlInit_v2);
  FIND(nvmlDeviceGetHandleByIndex_v2);
  FIND(nvmlDeviceGetClockInfo);
  FIND(nvmlDeviceGetPowerUsage);
  FIND(nvmlDeviceGetTotalEnergyConsumption);
#undef FIND
  if (nvml.nvmlInit_v2() != NVML_SUCCESS || nvml.nvmlDeviceGetHandleByIndex_v2(0, &device) != NVML_SUCCESS) exit(3);
}

static unsigned int sm_clock(void) {
  unsigned int value = 0;
  return nvml.nvmlDeviceGetClockInfo(device, NVML_CLOCK_SM, &value) == NVML_SUCCESS ? value : 0;
}

static unsigned int milliwatts(void) {
  unsigned int value = 0;
  return nvml.nvmlDeviceGetPowerUsage(device, &value) == NVML_SUCCESS ? value : 0;
}

static int64_t millijoules(void) {
  unsigned long long value = 0;
  return nvml.nvmlDeviceGetTotalEnergyConsumption(device, &value) == NVML_SUCCESS ? (int64_t)value : -1;
}

/* One block of 256 threads on each of so many multiprocessors: it lasts so long at sm_clock. */
static void busy(CUstream on, unsigned int multiprocessors, int64_t duration) {
  uint64_t iterations = (uint64_t)duration * 125000 / MILLISECOND;
  void *arguments[] = {&iterations, &one, &one, &counter};
  MUST(cu.cuLaunchKernel(multiply, multiprocessors, 1, 1, 256, 1, 1, 0, on, arguments, NULL));
}

/* ---- clocks ---- */

static void clock_of_a_quarter(void) {
  prepare(NULL);
  close_gate();
  busy(s[0], ALL / 4, MILLISECOND), record(s[0]);
  END_AT(1.052632);
}

static void clock_of_all(void) {
  prepare(NULL);
  close_gate();
  busy(s[0], ALL, MILLISECOND), record(s[0]);
  END_AT(1.25);
}

/* Together they have half of the multiprocessors; then one goes on with a quarter. */
static void clock_that_changes(void) {
  prepare(NULL);
  close_gate();
  busy(s[0], ALL / 4, MILLISECOND), record(s[0]);
  busy(s[1], ALL / 4, MILLISECOND), record(s[1]);
  busy(s[0], ALL / 4, MILLISECOND), record(s[0]);
  END_AT(1.111112, 1.111112, 1.111112 + 1.052632);
}

/* 0.9 of its work in the first millisecond, beside another quarter; the rest with a clock of 0.95. */
static void clock_within_a_kernel(void) {
  prepare(NULL);
  close_gate();
  busy(s[0], ALL / 4, 2 * MILLISECOND), record(s[0]);
  busy(s[1], ALL / 4, 900000), record(s[1]);
  END_AT(1 + 1.157895, 1);
}

/* 88 MB in DRAM at 4.4 TB/s, and 1200 ns. */
static void memory_stays(void) {
  CUdeviceptr words;
  uint64_t count = 11000000, value = 0;
  prepare(NULL);
  MUST(cu.cuMemAlloc_v2(&words, count * 8));
  void *arguments[] = {&words, &count, &value};
  CUfunction fill = function("gvb_fill");
  close_gate();
  MUST(cu.cuLaunchKernel(fill, ALL * 8, 1, 1, 256, 1, 1, 0, s[0], arguments, NULL));
  record(s[0]);
  END_AT(0.02 + 0.0012);
}

static void clocks(void) {
  scenario(FALLING, clock_of_a_quarter, "a quarter of the multiprocessors clocks at 0.95");
  scenario(FALLING, clock_of_all, "all of them at 0.8");
  scenario(FALLING, clock_that_changes, "two kernels slow each other, one after them less");
  scenario(FALLING, clock_within_a_kernel, "the clock changes within a kernel");
  scenario(FALLING, memory_stays, "a kernel that waits for memory keeps its rate");
  scenario(EXACT "clock_full 1000000000\n", memory_stays, "as without");
}

/* ---- roles of clients: "MULTIPROCESSORS" busy for 1.2 s of 2.6, or as the clock stretches that ---- */

static int64_t asked[4];

static int role(const char *text) {
  int multiprocessors, count, rank;
  if (sscanf(text, "%d %d %d", &multiprocessors, &count, &rank) != 3) return 3;
  prepare(NULL);
  open_nvml();
  tenant_enter(count, rank);
  const int64_t begin = machine->now(), energy = millijoules();
  for (int k = 0; k < 600 / count; k++) busy(s[0], (unsigned int)multiprocessors, 2 * MILLISECOND);
  machine->wait(begin + SECOND / 2);
  asked[0] = sm_clock();
  machine->wait(begin + 11LL * SECOND / 10);
  asked[1] = milliwatts();
  machine->wait(begin + 26LL * SECOND / 10);
  asked[2] = milliwatts();
  asked[3] = millijoules() - energy;
  MUST(cu.cuCtxSynchronize());
  machine->leave();
  for (int k = 0; k < 4; k++) printf("%lld\n", (long long)asked[k]);
  return 0;
}

/* ---- in the parent ---- */

/* Of 1.2 s of work at sm_clock. */
static void load(const char *config, const char *set, int multiprocessors, int count, double clock) {
  tenants all = {0};
  char text[32];
  const double part = multiprocessors / (double)ALL, more = FULL_MW - IDLE_MW, seconds = 1.2 * 1000 / clock;
  new_machine(config);
  snprintf(text, sizeof text, "%d", multiprocessors);
  tenants_start(&all, text, count);
  if (!tenants_collect(&all, 4)) check(false, "the clients of %s end", set);
  for (int n = 0; n < 4; n++) check(tenants_alike(&all, n, 1e-4), "%s: the same for each tenant", set);
  row("sm-clock-mhz", set, clock, (double)all.seen[0][0], 0);
  row("power-mw", set, IDLE_MW + more * part, (double)all.seen[0][1], 1e-4);
  row("power-after-mw", set, IDLE_MW, (double)all.seen[0][2], 1e-4);
  row("energy-mj", set, IDLE_MW * 2.6 + more * part * seconds, (double)all.seen[0][3], 1e-3);
}

/* Whoever dies takes no energy with it, and books none twice. */
static void deaths(void) {
  int64_t before = -1, after;
  new_machine(POWERED);
  open_nvml();
  srand(5);
  bool good = true;
  for (int k = 0; k < 10; k++) {
    FILE *out;
    char text[32];
    snprintf(text, sizeof text, "%d 1 0", ALL);
    pid_t pid = start_client(text, &out);
    usleep((useconds_t)(rand() % 30000));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fclose(out);
    after = millijoules();
    good = good && after >= before;
    before = after;
  }
  check(good, "energy never falls after a death");
  tenants one = {0};
  char text[32];
  snprintf(text, sizeof text, "%d", ALL);
  tenants_start(&one, text, 1);
  good = tenants_collect(&one, 4);
  check(good && llabs(one.seen[0][3] - (26 * IDLE_MW + 12 * (FULL_MW - IDLE_MW)) / 10) <= 720,
        "and is exact from there: %lld mJ", (long long)one.seen[0][3]);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  clocks();
  load(POWERED, "busy=1", ALL, 1, 1000);
  load(POWERED, "busy=0.25", ALL / 4, 1, 1000);
  load(POWERED "clock_full 800000000\n", "busy=1 clock_full=800", ALL, 1, 800);
  load(POWERED "clock_full 800000000\n", "busy=0.25 clock_full=800", ALL / 4, 1, 950);
  load(POWERED, "busy=1 tenants=2", ALL, 2, 1000);
  load(POWERED "schedule side-by-side\n", "busy=1 tenants=2 schedule=side-by-side", ALL, 2, 1000);
  deaths();
  return summary();
}
