/* What it costs that processes take turns: the price of a switch, and how long a kernel waits for its turn. */
#include "tenants.h"

enum { WORK = 20, PROBES = 200, LONG = 500, CALLS = 200 + 1900 + 2500 + 1200 + 1500 };

static void milliseconds_kernel(int milliseconds) {
  uint64_t iterations = (uint64_t)milliseconds * 15625;
  launch("gvb_fma", ALL * 8, 256, (void *[]){&iterations, &one, &one, &counter});
}

static int64_t time_of(int milliseconds) {
  const int64_t begin = machine->now();
  if (milliseconds > 0)
    milliseconds_kernel(milliseconds);
  else
    launch("gvb_empty", 1, 32, (void *[]){&counter});
  MUST(cu.cuStreamSynchronize(stream));
  return machine->now() - begin;
}

/* ---- roles of clients ---- */

/* The first computes at once; the second after it, when the device has long been idle, twice. */
static void after_idle(int rank) {
  const int64_t begin = machine->now();
  int64_t first, second;
  machine->wait(begin + (int64_t)rank * SECOND / 10);
  first = time_of(1);
  machine->wait(begin + (int64_t)rank * SECOND / 10 + SECOND / 20);
  second = rank == 0 ? first : time_of(1);
  machine->wait(begin + SECOND); /* with its context */
  printf("%lld\n%lld\n", (long long)first, (long long)second);
}

/* The first computes all the time; the second comes in between, at every phase. */
static void probe(int rank, int64_t period) {
  int64_t sum = 0, most = 0;
  for (int k = 0; rank == 0 && k < 4 * PROBES; k++) milliseconds_kernel(LONG);
  if (rank == 0) MUST(cu.cuStreamSynchronize(stream));
  for (int k = 0; rank == 1 && k < PROBES; k++) {
    const double phase = 0.6180339887 * k - (int)(0.6180339887 * k);
    machine->wait(machine->now() + 2 * period + (int64_t)(phase * (double)period));
    const int64_t waited = time_of(0) - CALLS;
    sum += waited;
    if (waited > most) most = waited;
  }
  printf("%lld\n%lld\n", (long long)sum / PROBES, (long long)most);
}

static int role(const char *text) {
  char name[16];
  int count, rank;
  if (sscanf(text, "%15s %d %d", name, &count, &rank) != 3) return 3;
  prepare(NULL);
  tenant_enter(count, rank);
  if (strcmp(name, "work") == 0) printf("%lld\n0\n", (long long)time_of(WORK));
  if (strcmp(name, "idle") == 0) after_idle(rank);
  if (strcmp(name, "probe") == 0) probe(rank, 2 * MILLISECOND);
  if (strcmp(name, "whole") == 0) probe(rank, (int64_t)LONG * MILLISECOND);
  machine->leave();
  return 0;
}

/* ---- in the parent ---- */

static tenants run(const char *config, const char *name, int count) {
  tenants all = {0};
  new_machine(config);
  tenants_start(&all, name, count);
  if (!tenants_collect(&all, 2)) check(false, "the clients of %s end", name);
  return all;
}

/* The first of two has ten slices and, between them, nine of the other's and eighteen switches. */
static void price(int microseconds) {
  char config[160], set[64];
  snprintf(config, sizeof config, EXACT "slice_ns 2000000\nswitch_ns %d\n", 1000 * microseconds);
  snprintf(set, sizeof set, "switch_us=%d slice_ms=2", microseconds);
  const int64_t alone = run(config, "work", 1).seen[0][0], beside = run(config, "work", 2).seen[0][0];
  row("switch-us", set, microseconds, (double)(beside - alone - 18 * MILLISECOND) / 18 / 1000, 1e-6);
  const tenants idle = run(config, "idle", 2);
  row("switch-after-idle-us", set, microseconds, (double)(idle.seen[1][0] - idle.seen[0][0]) / 1000, 1e-6);
  check(idle.seen[1][1] == idle.seen[0][0], "whoever had the device last pays nothing");
}

static void waiting(const char *config, const char *name, const char *set, double mean, double most) {
  const tenants all = run(config, name, 2);
  row("start-behind-neighbor-ms", set, mean, (double)all.seen[1][0] / MILLISECOND, 0.01);
  check((double)all.seen[1][1] / MILLISECOND <= most, "%s: never above %g ms: %g", set, most,
        (double)all.seen[1][1] / MILLISECOND);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  price(0);
  price(50);
  price(500);
  waiting(EXACT "slice_ns 2000000\nswitch_ns 50000\n", "probe", "slice_ms=2 switch_us=50", 1.05, 2.1);
  waiting(EXACT "preemption 0\nswitch_ns 0\n", "whole", "preemption=0 kernel_ms=500", 250, 500);
  return summary();
}
