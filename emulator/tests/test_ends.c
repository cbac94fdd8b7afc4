/* When the host ends a process, early or late, shows nowhere in virtual time; and whoever was killed before a start is
 * not counted for the next. */
#include "tenants.h"

enum { LATE_MS = 300, KERNELS = 30 };

/* ---- roles of clients: "NAME WHEN COUNT RANK" ---- */

/* Computes, leaves the clock, and its process ends so many milliseconds of the host later. */
static int leave_and_end(bool by_kill, int after) {
  compute(s[0], ALL, 1);
  MUST(cu.cuStreamSynchronize(s[0]));
  machine->leave();
  printf("0\n");
  fflush(stdout);
  usleep((useconds_t)after * 1000);
  if (by_kill) kill(getpid(), SIGKILL);
  return 0;
}

/* After that, and so many milliseconds of the host later, which take no time of the clock: how long its kernels take.
 */
static int work(int after) {
  machine->wait(machine->now() + 20 * MILLISECOND);
  usleep((useconds_t)after * 1000);
  const int64_t begin = machine->now();
  compute(s[0], ALL, KERNELS);
  MUST(cu.cuStreamSynchronize(s[0]));
  printf("%lld\n", (long long)(machine->now() - begin));
  machine->leave();
  return 0;
}

/* The one that leaves has the rank in the name's place. */
static int role(const char *text) {
  char how[8];
  int leaver, early, count, rank;
  if (sscanf(text, "%7s %d %d %d %d", how, &leaver, &early, &count, &rank) != 5) return 3;
  prepare(NULL);
  if (strcmp(how, "start") == 0) printf("0\n"), fflush(stdout);
  tenant_enter(count, rank);
  if (rank == leaver) return leave_and_end(strcmp(how, "kill") == 0, early ? 0 : LATE_MS);
  return work(early ? LATE_MS : 0);
}

/* ---- in the parent ---- */

static tenants party(const char *keys, const char *how, int leaver, int early, int count) {
  tenants all = {0};
  char text[64];
  new_machine(keys);
  snprintf(text, sizeof text, "%s %d %d", how, leaver, early);
  tenants_start(&all, text, count);
  tenants_collect(&all, 1);
  return all;
}

static void end_shows_nowhere(const char *keys, const char *what, int leaver, int count) {
  static const char *const ways[] = {"exit", "kill"};
  for (int w = 0; w < 2; w++) {
    const tenants early = party(keys, ways[w], leaver, 1, count), late = party(keys, ways[w], leaver, 0, count);
    for (int k = 0; k < count; k++)
      if (k != leaver)
        check(early.seen[k][0] > 0 && early.seen[k][0] == late.seen[k][0],
              "%s, %s: tenant %d takes %lld ns behind a process that is gone, %lld behind one that is there", ways[w],
              what, k, (long long)early.seen[k][0], (long long)late.seen[k][0]);
  }
}

/* ---- killed before a start ---- */

static void kill_one_that_waits(const char *as) {
  FILE *out;
  const pid_t pid = start_client(as, &out);
  read_number(out);
  usleep(200000); /* it waits for the others now; if not yet, that shows less */
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
}

/* Without the rule two of three begin, and the third waits for ever. */
static void dead_are_not_counted(void) {
  tenants all = {.count = 3};
  new_machine(EXACT);
  kill_one_that_waits("start -1 0 3 0");
  alarm(60);
  for (int k = 0; k < all.count; k++) {
    char text[32];
    snprintf(text, sizeof text, "start -1 0 3 %d", k);
    all.pid[k] = start_client(text, &all.out[k]);
    read_number(all.out[k]);
    usleep(200000);
  }
  const bool ended = tenants_collect(&all, 1);
  alarm(0);
  check(ended && all.seen[0][0] > 0 && all.seen[2][0] > 2 * KERNELS * MILLISECOND,
        "one that is killed while it waits for a start is not counted for the next: the three begin together");
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  end_shows_nowhere(EXACT "switch_ns 20000\n", "the price of a switch", 0, 2);
  end_shows_nowhere(EXACT "switch_ns 20000\n", "whose turn comes next", 1, 3);
  end_shows_nowhere(EXACT "unfair 3\n", "who is the first client", 0, 3);
  dead_are_not_counted();
  return summary();
}
