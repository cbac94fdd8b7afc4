/* 32 tenants of one device, as many as tell by themselves whether what holds for two holds for many. In virtual time.
 */
#include "tenants.h"

enum { KERNEL = 10 }; /* ms: five slices */

/* Microseconds of one kernel that fills the device. */
static int role(const char *text) {
  int count, rank;
  if (sscanf(text, "kernel %d %d", &count, &rank) != 2) return 3;
  prepare(NULL);
  tenant_enter(count, rank);
  const int64_t begin = machine->now();
  compute(s[0], ALL, KERNEL);
  MUST(cu.cuStreamSynchronize(s[0]));
  printf("%lld\n", (long long)(machine->now() - begin) / 1000);
  machine->leave();
  return 0;
}

/* One after the other, at equal distances. */
static bool is_even(const tenants *all, double first, double last) {
  for (int k = 0; k < TENANTS; k++) {
    const double expected = first + (last - first) * k / (TENANTS - 1), seen = (double)all->seen[k][0] / 1000;
    if (seen < expected * (1 - 1e-3) || seen > expected * (1 + 1e-3)) return false;
  }
  return true;
}

static void crowd(const char *keys, double first, double last) {
  tenants all = {0};
  char config[200];
  snprintf(config, sizeof config, EXACT "%s", keys);
  new_machine(config);
  tenants_start(&all, "kernel", TENANTS);
  check(tenants_collect(&all, 1), "%d tenants end", TENANTS);
  row("ms of a kernel of 10 ms, the first of 32 tenants", "", first, (double)all.seen[0][0] / 1000, 1e-3);
  row("ms of a kernel of 10 ms, the last of 32 tenants", "", last, (double)all.seen[TENANTS - 1][0] / 1000, 1e-3);
  check(is_even(&all, first, last), "and each of those between, in its place");
}

/* In turns of 2 ms: four whole rounds, and then the first ends with its fifth slice, the last with the round. */
int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  crowd("switch_ns 0\n", 4 * 64 + 2, 5 * 64);
  crowd("switch_ns 100000\n", 4 * 32 * 2.1 + 2, 5 * 32 * 2.1 - 0.1);
  crowd("schedule side-by-side\n", 320, 320);
  return summary();
}
