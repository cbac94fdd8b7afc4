/* Copies: how processes and directions share the link between host and device. */
#include "tenants.h"

#include <math.h>

/* A copy of a megabyte lasts a millisecond. */
#define LINK                                                                                                    \
  "clock virtual\njitter 0\nh2d_bandwidth 1000000000\nd2h_bandwidth 1000000000\npageable_bandwidth 250000000\n" \
  "copy_latency 0\n"

enum { BYTES = 1000000, COPIES = 8 };

static void *host;
static CUdeviceptr device_memory;

static void prepare_copies(bool pageable) {
  prepare(NULL);
  MUST(cu.cuMemAlloc_v2(&device_memory, BYTES));
  if (pageable)
    host = calloc(1, BYTES);
  else
    MUST(cu.cuMemHostAlloc(&host, BYTES, 0));
}

static void copy(CUstream on, char direction) {
  if (direction == 'h')
    MUST(cu.cuMemcpyHtoDAsync_v2(device_memory, host, BYTES, on));
  else
    MUST(cu.cuMemcpyDtoHAsync_v2(host, device_memory, BYTES, on));
}

/* Nanoseconds from the end of the first copy to that of the last. */
static int64_t time_of_copies(char direction) {
  CUevent first, last;
  float milliseconds;
  MUST(cu.cuEventCreate(&first, 0));
  MUST(cu.cuEventCreate(&last, 0));
  copy(s[0], direction);
  MUST(cu.cuEventRecord(first, s[0]));
  for (int k = 0; k < COPIES; k++) copy(s[0], direction);
  MUST(cu.cuEventRecord(last, s[0]));
  MUST(cu.cuEventSynchronize(last));
  MUST(cu.cuEventElapsedTime(&milliseconds, first, last));
  return llround((double)milliseconds * MILLISECOND);
}

/* ---- roles of clients: "DIRECTIONS PAGEABLE", a letter for each tenant ---- */

static int role(const char *text) {
  char directions[TENANTS + 1], pageable[TENANTS + 1];
  int count, rank;
  if (strcmp(text, "forever") == 0) {
    prepare_copies(false);
    printf("1\n");
    fflush(stdout);
    for (;;) time_of_copies('h');
  }
  if (sscanf(text, "%32s %32s %d %d", directions, pageable, &count, &rank) != 4) return 3;
  prepare_copies(pageable[rank] == 'y');
  tenant_enter(count, rank);
  int64_t t = time_of_copies(directions[rank]);
  machine->leave();
  printf("%lld\n", (long long)t);
  return 0;
}

/* ---- in the parent ---- */

/* Whether those that copy from the same kind of memory all have the rate of the last. */
static bool is_fair(const tenants *all, const char *pageable) {
  const int last = all->count - 1;
  for (int k = 0; k < last; k++)
    if (pageable[k] == pageable[last] && llabs(all->seen[k][0] - all->seen[last][0]) > all->seen[last][0] / 1000000)
      return false;
  return true;
}

/* The rate of each of so many tenants, or of the last if their memory is of two kinds, in percent of the link's. */
static double rate_of(const char *config, const char *directions, const char *pageable) {
  tenants all = {0};
  char text[80];
  new_machine(config);
  snprintf(text, sizeof text, "%s %s", directions, pageable);
  tenants_start(&all, text, (int)strlen(directions));
  if (!tenants_collect(&all, 1) || !is_fair(&all, pageable)) return -1;
  return 100.0 * COPIES * MILLISECOND / (double)all.seen[all.count - 1][0];
}

static void rates(void) {
  const double exact = 1e-6;
  row("h2d-rate-percent", "tenants=1", 100, rate_of(LINK, "h", "n"), exact);
  row("h2d-rate-percent", "tenants=2", 50, rate_of(LINK, "hh", "nn"), exact);
  row("h2d-rate-percent", "tenants=4", 25, rate_of(LINK, "hhhh", "nnnn"), exact);
  row("d2h-rate-percent", "tenants=2", 50, rate_of(LINK, "dd", "nn"), exact);
  row("h2d-rate-percent", "tenants=3", 100.0 / 3, rate_of(LINK, "hhh", "nnn"), exact);
  row("h2d-rate-percent", "tenants=32", 3.125,
      rate_of(LINK, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"), exact);
  row("h2d-rate-percent", "tenants=4 link_own=1", 100, rate_of(LINK "link_own 1\n", "hhhh", "nnnn"), exact);
  row("d2h-rate-percent", "tenants=2 directions=both", 100, rate_of(LINK, "hd", "nn"), exact);
  row("d2h-rate-percent", "tenants=2 directions=both link_duplex=half", 50,
      rate_of(LINK "link_duplex half\n", "hd", "nn"), exact);
  row("d2h-rate-percent", "tenants=2 directions=both copy_engines=1", 50, rate_of(LINK "copy_engines 1\n", "hd", "nn"),
      exact);
  row("h2d-rate-percent", "pcie_width_now=8", 50, rate_of(LINK "pcie_width_now 8\n", "h", "n"), exact);
  row("h2d-rate-percent", "pcie_generation_now=4", 50, rate_of(LINK "pcie_generation_now 4\n", "h", "n"), 1e-3);
  row("d2h-rate-percent", "d2h_bandwidth=0.8", 80, rate_of(LINK "d2h_bandwidth 800000000\n", "d", "n"), exact);
  row("h2d-rate-percent", "d2h_bandwidth=0.8", 100, rate_of(LINK "d2h_bandwidth 800000000\n", "h", "n"), exact);
  row("h2d-rate-percent", "pageable=0.25", 25, rate_of(LINK, "h", "y"), exact);
  row("h2d-rate-percent", "tenants=2 neighbor=pageable pageable=0.25", 75, rate_of(LINK, "hh", "yn"), exact);
}

static bool is_same(const tenants *a, const tenants *b) {
  for (int k = 0; k < a->count; k++)
    if (a->seen[k][0] < COPIES * MILLISECOND || a->seen[k][0] != b->seen[k][0]) return false;
  return true;
}

/* Copies of both directions, pageable and pinned, of noisy duration. */
static void mixed(void) {
  tenants run[2] = {0};
  for (int k = 0; k < 2; k++) {
    new_machine(LINK "jitter 0.02\n");
    tenants_start(&run[k], "hhddhdhd nynnyyny", 8);
    tenants_collect(&run[k], 1);
  }
  check(is_same(&run[0], &run[1]), "eight tenants mixed: the same times in each run");
}

/* ---- one process ---- */

static void one_at_a_time(void) {
  prepare_copies(false);
  close_gate();
  for (int k = 0; k < 3; k++) copy(s[k], 'h'), record(s[k]);
  END_AT(1, 2, 3);
}

static void two_at_a_time(void) {
  prepare_copies(false);
  close_gate();
  for (int k = 0; k < 3; k++) copy(s[k], 'h'), record(s[k]);
  END_AT(2, 2, 3);
}

static void both_ways_at_once(void) {
  prepare_copies(false);
  close_gate();
  copy(s[0], 'h'), record(s[0]);
  copy(s[1], 'd'), record(s[1]);
  END_AT(1, 1);
}

static void both_ways_half(void) {
  prepare_copies(false);
  close_gate();
  copy(s[0], 'h'), record(s[0]);
  copy(s[1], 'd'), record(s[1]);
  copy(s[0], 'h'), record(s[0]);
  END_AT(2, 2, 3);
}

static void both_ways_in_turn(void) {
  prepare_copies(false);
  close_gate();
  copy(s[0], 'h'), record(s[0]);
  copy(s[1], 'd'), record(s[1]);
  END_AT(1, 2);
}

static void a_later_one_does_not_wait(void) {
  prepare_copies(false);
  close_gate();
  compute(s[0], ALL, 4);
  copy(s[0], 'h'), record(s[0]);
  copy(s[1], 'h'), record(s[1]);
  END_AT(5, 1);
}

static void in_one_process(void) {
  scenario(LINK "sm_clock 1000000000\n", one_at_a_time, "copies of one direction go one at a time");
  scenario(LINK "sm_clock 1000000000\ncopy_engines 4\n", two_at_a_time, "two engines share the link");
  scenario(LINK "sm_clock 1000000000\n", both_ways_at_once, "full duplex: both directions have their rate");
  scenario(LINK "sm_clock 1000000000\nlink_duplex half\n", both_ways_half, "half duplex: they share it");
  scenario(LINK "sm_clock 1000000000\ncopy_engines 1\n", both_ways_in_turn, "one engine: one after the other");
  scenario(LINK "sm_clock 1000000000\n", a_later_one_does_not_wait, "a copy that is ready passes one that is not");
}

/* ---- deaths ---- */

static void alone(void) {
  prepare_copies(false);
  exit(time_of_copies('h') == (int64_t)COPIES * MILLISECOND ? 0 : 1);
}

/* KILLS=200 in the environment: so many. */
static void deaths(void) {
  const int kills = getenv("KILLS") ? atoi(getenv("KILLS")) : 10;
  int good = 0;
  new_machine(LINK);
  srand(3);
  for (int k = 0; k < kills; k++) {
    FILE *out;
    pid_t pid = start_client("forever", &out);
    read_number(out);
    usleep((useconds_t)(rand() % 20000));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fclose(out);
    good += in_child(alone) == 0;
  }
  check(good == kills, "after each of %d deaths the link is whole: %d", kills, good);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  base_is("link", LINK);
  rates();
  mixed();
  in_one_process();
  deaths();
  return summary();
}
