/* Work beside a neighbor whose work ends sooner than its cost says: by a fault, an exit, a kill, or a kernel without an
 * end that gets one. A wait returns 1500 ns after the end, as the events tell it, and a look finds the end with the
 * next call. */
#include "timeline.h"

enum { BACK = 1500, QUERY = 200, COPY = 66000000 };

static void *pinned, *mapped;
static CUdeviceptr target;

static void come_in(int rank) {
  prepare(NULL);
  MUST(cu.cuMemHostAlloc(&pinned, COPY, 0));
  MUST(cu.cuMemHostAlloc(&mapped, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
  MUST(cu.cuMemAlloc_v2(&target, COPY));
  machine->enter(&(gvb_start){2, rank, 0, 0}, NULL);
}

static void copy_in(CUstream on) { MUST(cu.cuMemcpyHtoDAsync_v2(target, pinned, COPY, on)); }

/* ---- the neighbor ---- */

static void trap(CUstream on) {
  uint64_t kind = 2, address = 0;
  MUST(cu.cuLaunchKernel(function("gvb_fault"), 1, 1, 1, 32, 1, 1, 0, on, (void *[]){&kind, &mapped, &address}, NULL));
}

static void echo(CUstream on) {
  uint64_t count = 1, limit = MILLISECOND, *ping = mapped, *pong = ping + 64;
  MUST(
      cu.cuLaunchKernel(function("gvb_echo"), 1, 1, 1, 1, 1, 1, 0, on, (void *[]){&ping, &pong, &count, &limit}, NULL));
}

/* So long, on so many multiprocessors. */
static void hold(CUstream on, unsigned int multiprocessors, uint64_t us) {
  uint64_t iterations = us * 125;
  void *arguments[] = {&iterations, &one, &one, &counter};
  MUST(cu.cuLaunchKernel(multiply, multiprocessors, 1, 1, 256, 1, 1, 0, on, arguments, NULL));
}

static void copies(void) {
  for (int k = 0; k < 20; k++) copy_in(s[1]);
}

static int be_neighbor(const char *what) {
  const char *how = strchr(what, ':') + 2;
  CUdevice device;
  come_in(0);
  if (*what == 'c') copies();
  if (*what == 'k') hold(s[1], 64, 40000);
  if (*what == 'o') echo(s[1]);
  if (strcmp(how, "faults") == 0) hold(s[0], 1, 1500), trap(s[0]);
  machine->wait(machine->now() + MILLISECOND / 2);
  if (strcmp(how, "faults late") == 0) trap(s[0]);
  if (strcmp(how, "sticks") == 0) cu.cuCtxGetDevice(&device);
  if (strcmp(how, "exits") == 0) exit(0);
  if (strcmp(how, "is killed") == 0) kill(getpid(), SIGKILL);
  if (strcmp(how, "ends") == 0) MUST(cu.cuStreamSynchronize(s[1]));
  machine->wait(machine->now() + SECOND);
  machine->leave();
  return 0;
}

/* ---- the one beside it ---- */

static int be_beside(const char *what) {
  come_in(1);
  const int64_t from = open_gate();
  if (*what == 'c')
    copy_in(stream);
  else
    compute(stream, ALL, 1);
  record(stream);
  const bool waits = strstr(what, "waits");
  if (waits) MUST(cu.cuStreamSynchronize(stream));
  while (!waits && cu.cuStreamQuery(stream) == CUDA_ERROR_NOT_READY) continue;
  const int64_t found = machine->now(), end = from + time_of_mark(0);
  printf("%lld\n%lld\n", (long long)(found - end), (long long)(end - from));
  fflush(stdout);
  machine->leave();
  return 0;
}

/* ---- both ---- */

static void beside_one(const char *keys, const char *does, const char *how, const char *what) {
  char roles[2][64], text[256];
  FILE *out[2];
  pid_t pid[2];
  int status[2];
  snprintf(text, sizeof text, EXACT "%s", keys);
  new_machine(text);
  snprintf(roles[0], sizeof roles[0], "neighbor %s: %s", does, how);
  snprintf(roles[1], sizeof roles[1], "beside %s", what);
  for (int k = 0; k < 2; k++) pid[k] = start_client(roles[k], &out[k]);
  const int64_t late = read_number(out[1]), took = read_number(out[1]);
  for (int k = 0; k < 2; k++) {
    waitpid(pid[k], &status[k], 0);
    fclose(out[k]);
  }
  const bool in_time = strstr(what, "waits") ? late == BACK : late >= 0 && late <= 2 * QUERY;
  check(status[1] == 0 && in_time && took > 0 && took < 9 * MILLISECOND,
        "%s; beside it %s %s%s%.20s: %lld ns after the end, which is at %.6f ms", what, does, how, *keys ? "; " : "",
        keys, (long long)late, (double)took / MILLISECOND);
}

/* ---- in real time ---- */

static void queue_for(uint64_t us) {
  MUST(cu.cuMemAlloc_v2(&counter, 4096));
  multiply = function("gvb_fma");
  hold(stream, 64, us);
}

/* Has the device for 200 ms, and leaves after some. */
static int be_leaving(void) {
  open_context();
  queue_for(200000);
  usleep(5000); /* it has begun */
  printf("1\n");
  fflush(stdout);
  usleep(5000);
  return 0;
}

/* A wait that was told 200 ms, and looks each 20. */
static void wait_wakes_up(void) {
  FILE *out;
  open_context();
  const pid_t pid = start_client("leaving", &out);
  NEED(read_number(out) == 1);
  const int64_t from = clock_host();
  queue_for(1000);
  MUST(cu.cuStreamSynchronize(stream));
  const int64_t took = clock_host() - from;
  fprintf(stderr, "%lld ns\n", (long long)took);
  waitpid(pid, NULL, 0);
  exit(IN_TIME(took, 1000000, 16000000) ? 0 : 1);
}

int main(int argc, char **argv) {
  if (argc > 1 && strncmp(argv[1], "neighbor ", 9) == 0) return be_neighbor(argv[1] + 9);
  if (argc > 1 && strcmp(argv[1], "leaving") == 0) return be_leaving();
  if (argc > 1) return be_beside(argv[1] + 7);
  const char *const how[] = {"faults", "faults late", "exits", "is killed"};
  for (int k = 0; k < 4; k++) {
    for (int looks = 0; looks < 2; looks++) {
      beside_one("", "copies and", how[k], looks ? "copy, looks" : "copy, waits");
      beside_one("preemption 0", "kernel and", how[k], looks ? "kernel, looks" : "kernel, waits");
      beside_one("slice_ns 30000000", "kernel and", how[k], looks ? "kernel, looks" : "kernel, waits");
      beside_one("schedule side-by-side", "kernel and", how[k], looks ? "kernel, looks" : "kernel, waits");
    }
  }
  beside_one("sticky.cuCtxGetDevice 1:719", "copies and", "sticks", "copy, waits");
  beside_one("sticky.cuCtxGetDevice 1:719\npreemption 0", "kernel and", "sticks", "kernel, waits");
  for (int looks = 0; looks < 2; looks++) {
    beside_one("", "open kernel", "ends", looks ? "kernel, looks" : "kernel, waits");
    beside_one("preemption 0", "open kernel", "ends", looks ? "kernel, looks" : "kernel, waits");
    beside_one("slice_ns 30000000", "open kernel", "ends", looks ? "kernel, looks" : "kernel, waits");
  }
  new_machine("jitter 0\nsm_clock 1000000000\npreemption 0\n");
  check(in_child(wait_wakes_up) == 0, "in real time a neighbor's exit wakes those who wait for its work");
  return summary();
}
