/* Power, energy and clock of a device that is cut into MIG instances: they are the device's, of what all its instances
 * do. In virtual time. */
#include "tenants.h"

#include <dlfcn.h>
#include <math.h>

#include "../nvml_abi.h"

#define DEVICE EXACT "power 100000\npower_full 500000\nswitch_ns 0\n"
#define FALLING DEVICE "clock_full 800000000\n"
#define CUT "mig 1,1\n"

enum { IDLE_MW = 100000, MORE_MW = 400000, PART = 16 };

/* ---- clients ---- */

static void *nvml;

static void *find(const char *name) { return dlsym(nvml, name); }

static nvmlDevice open_nvml(void) {
  nvmlReturn (*initialize)(void), (*first)(unsigned int, nvmlDevice *);
  nvmlDevice device = NULL;
  nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  if (!nvml) exit(3);
  *(void **)&initialize = find("nvmlInit_v2");
  *(void **)&first = find("nvmlDeviceGetHandleByIndex_v2");
  if (initialize() != NVML_SUCCESS || first(0, &device) != NVML_SUCCESS) exit(3);
  return device;
}

/* The instance itself, or the device where it is whole. */
static nvmlDevice own_of(nvmlDevice device, int rank) {
  nvmlReturn (*instance)(nvmlDevice, unsigned int, nvmlDevice *);
  nvmlDevice found = device;
  *(void **)&instance = find("nvmlDeviceGetMigDeviceHandleByIndex");
  return instance(device, (unsigned int)rank, &found) == NVML_SUCCESS ? found : device;
}

static int64_t milliwatts(nvmlDevice device) {
  nvmlReturn (*ask)(nvmlDevice, unsigned int *);
  unsigned int value = 0;
  *(void **)&ask = find("nvmlDeviceGetPowerUsage");
  nvmlReturn result = ask(device, &value);
  return result == NVML_SUCCESS ? (int64_t)value : -(int64_t)result;
}

static int64_t millijoules(nvmlDevice device) {
  nvmlReturn (*ask)(nvmlDevice, unsigned long long *);
  unsigned long long value = 0;
  *(void **)&ask = find("nvmlDeviceGetTotalEnergyConsumption");
  nvmlReturn result = ask(device, &value);
  return result == NVML_SUCCESS ? (int64_t)value : -(int64_t)result;
}

static int64_t megahertz(nvmlDevice device) {
  nvmlReturn (*ask)(nvmlDevice, unsigned int, unsigned int *);
  unsigned int value = 0;
  *(void **)&ask = find("nvmlDeviceGetClockInfo");
  return ask(device, NVML_CLOCK_SM, &value) == NVML_SUCCESS ? (int64_t)value : -1;
}

/* Keeps 16 multiprocessors of its own instance busy for 3 s at the full clock. */
static int load(int count, int rank) {
  uint64_t iterations = 3ull * 125000 * 1000;
  void *arguments[] = {&iterations, &one, &one, &counter};
  char place[64];
  snprintf(place, sizeof place, "MIG-e0000000-0000-4000-8000-00000000120%d", 1 + rank);
  setenv("CUDA_VISIBLE_DEVICES", place, 1);
  prepare(NULL);
  nvmlDevice device = open_nvml(), own = own_of(device, rank);
  tenant_enter(count, rank);
  const int64_t begin = machine->now(), energy = millijoules(device);
  MUST(cu.cuEventRecord(mark[0], s[0]));
  MUST(cu.cuLaunchKernel(multiply, PART, 1, 1, 256, 1, 1, 0, s[0], arguments, NULL));
  MUST(cu.cuEventRecord(mark[1], s[0]));
  machine->wait(begin + 2LL * SECOND);
  const int64_t drawn = milliwatts(device), used = millijoules(device) - energy;
  const bool own_has_none = own != device && milliwatts(own) == -(int64_t)NVML_ERROR_NOT_SUPPORTED &&
                            millijoules(own) == -(int64_t)NVML_ERROR_NOT_SUPPORTED;
  const int64_t clock = megahertz(own) == megahertz(device) ? megahertz(device) : -1;
  MUST(cu.cuCtxSynchronize());
  machine->leave();
  float milliseconds;
  MUST(cu.cuEventElapsedTime(&milliseconds, mark[0], mark[1]));
  printf("%lld\n%lld\n%lld\n%lld\n", (long long)drawn, (long long)used, (long long)clock,
         llround((double)milliseconds * 1000));
  return own_has_none ? 0 : 1;
}

static int watch_waits(int count, int rank) {
  prepare((const int[]){0, -5, -2, 0});
  MUST(cu.cuMemAlloc_v2(&counter, 8 << 20));
  tenant_enter(count, rank);
  const bool good = waits_in_time(100);
  machine->leave();
  printf("%d\n", good);
  return 0;
}

static int role(const char *text) {
  int count, rank;
  char name[16];
  if (sscanf(text, "%15s %d %d", name, &count, &rank) != 3) return 3;
  return strcmp(name, "load") == 0 ? load(count, rank) : watch_waits(count, rank);
}

/* ---- in the parent ---- */

static void loads(const char *config, const char *set, int count, double full) {
  tenants all = {0};
  const double busy = count * PART / (double)ALL, clock = 1 - busy * (1 - full);
  new_machine(config);
  tenants_start(&all, "load", count);
  check(tenants_collect(&all, 4), "%s: power and energy of an instance are not supported", set);
  for (int n = 0; n < 4; n++) check(tenants_alike(&all, n, 1e-4), "%s: the same of each instance", set);
  row("power-mw", set, IDLE_MW + MORE_MW * busy, (double)all.seen[0][0], 1e-4);
  row("energy-mj", set, 2 * (IDLE_MW + MORE_MW * busy), (double)all.seen[0][1], 1e-4);
  row("sm-clock-mhz", set, round(1000 * clock), (double)all.seen[0][2], 0);
  row("kernel-ms", set, 3000 / clock, (double)all.seen[0][3] / 1000, 1e-4);
}

static void waits(const char *config, int count, const char *meaning) {
  tenants all = {0};
  new_machine(config);
  tenants_start(&all, "waits", count);
  check(tenants_collect(&all, 1) && all.seen[0][0] == 1 && all.seen[count - 1][0] == 1, "%s", meaning);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  loads(DEVICE CUT, "mig=1,1 busy=16", 1, 1);
  loads(DEVICE CUT, "mig=1,1 busy=16+16", 2, 1);
  loads(FALLING CUT, "mig=1,1 busy=16 clock_full=800", 1, 0.8);
  loads(FALLING CUT, "mig=1,1 busy=16+16 clock_full=800", 2, 0.8);
  waits(FALLING "mig 4,3\n", 1, "waits in an instance return when they should");
  waits(FALLING "mig 4,3\n", 2, "and beside another instance, whose work slows the clock of both");
  return summary();
}
