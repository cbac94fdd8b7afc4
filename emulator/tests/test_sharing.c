/* Several processes on one machine: who gets how much of the device, and what is left of one that dies. */
#include "harness.h"

#include <dlfcn.h>
#include <time.h>

enum { DEPTH = 16 };

static CUdeviceptr counter;
static float one = 1.0f;

/* 1 ms on the whole device at 1 GHz: 15625 steps x 4 chains x 16 clocks. */
static void millisecond_kernel(uint64_t tenths) {
  uint64_t iterations = tenths * 15625 / 10;
  launch("gvb_fma", 132 * 8, 256, (void *[]){&iterations, &one, &one, &counter});
}

static void prepare(void) {
  open_context();
  MUST(cu.cuMemAlloc_v2(&counter, 4096));
}

/* Roles of clients. Each prints numbers for its parent. */

/* Keeps 16 launches of 1 ms in flight, and counts those that ended. */
static int64_t saturate(int64_t (*now)(void), int64_t duration) {
  CUevent done[DEPTH];
  int64_t ended = 0;
  for (int k = 0; k < DEPTH; k++) MUST(cu.cuEventCreate(&done[k], 0));
  for (int k = 0; k < DEPTH; k++) {
    millisecond_kernel(10);
    MUST(cu.cuEventRecord(done[k], stream));
  }
  int64_t begin = now();
  for (int k = 0; now() - begin < duration; k = (k + 1) % DEPTH, ended++) {
    MUST(cu.cuEventSynchronize(done[k]));
    millisecond_kernel(10);
    MUST(cu.cuEventRecord(done[k], stream));
  }
  return ended;
}

/* Median time of a kernel of 100 us with its wait. */
static int64_t victim(int64_t (*now)(void)) {
  int64_t seen[41];
  for (int k = 0; k < 41; k++) {
    int64_t begin = now();
    millisecond_kernel(1);
    MUST(cu.cuStreamSynchronize(stream));
    seen[k] = now() - begin;
  }
  return median(seen, 41);
}

/* In virtual time, one of two that begin together. */
static int take_part(bool suffers, int rank) {
  prepare();
  const gvb_machine_clock *machine = machine_clock();
  machine->enter(&(gvb_start){2, rank, 0, 0}, NULL);
  const int64_t number = suffers ? victim(machine->now) : saturate(machine->now, 600000000);
  MUST(cu.cuCtxSynchronize());
  machine->leave();
  printf("%lld\n", (long long)number);
  return 0;
}

/* In real time, until it is killed. */
static int saturate_forever(void) {
  prepare();
  printf("%d\n", (int)getpid());
  fflush(stdout);
  saturate(clock_host, 60000000000);
  return 0;
}

static int hold_memory(void) {
  CUdeviceptr p;
  prepare();
  MUST(cu.cuMemAlloc_v2(&p, (size_t)8 << 30));
  printf("%d\n", (int)getpid());
  fflush(stdout);
  pause();
  return 0;
}

static int role(const char *name) {
  if (strcmp(name, "forever") == 0) return saturate_forever();
  if (strcmp(name, "hold") == 0) return hold_memory();
  return take_part(strcmp(name, "victim") == 0, strcmp(name, "first") != 0);
}

/* ---- the tests, in the parent ---- */

#define EXACT "clock virtual\njitter 0\nsm_clock 1000000000\n"

/* A client that saturates, and another. */
static void two(const char *config, const char *other, int64_t number[2]) {
  FILE *out[2];
  pid_t pid[2];
  new_machine(config);
  for (int k = 0; k < 2; k++) pid[k] = start_client(k ? other : "first", &out[k]);
  for (int k = 0; k < 2; k++) {
    number[k] = read_number(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
}

static void share(const char *config, const char *what, double low, double high) {
  int64_t ended[2];
  two(config, "second", ended);
  double ratio = (double)ended[0] / (double)ended[1];
  check(ratio >= low && ratio <= high && ended[0] + ended[1] >= 560 && ended[0] + ended[1] <= 610,
        "%s: %lld and %lld kernels", what, (long long)ended[0], (long long)ended[1]);
}

static void victim_beside(const char *config, const char *what, int64_t low, int64_t high) {
  int64_t number[2];
  two(config, "victim", number);
  check(number[1] >= low && number[1] <= high, "%s: %lld us, expected %lld to %lld", what, (long long)number[1] / 1000,
        (long long)low / 1000, (long long)high / 1000);
}

static size_t used_memory(void) {
  size_t free_bytes, total;
  MUST(cu.cuMemGetInfo_v2(&free_bytes, &total));
  return total - free_bytes;
}

static void deaths(void) {
  new_machine("sm_clock 1000000000\n");
  prepare();
  size_t before = used_memory();
  FILE *out;
  pid_t pid = start_client("hold", &out);
  read_number(out);
  check(used_memory() >= before + ((size_t)8 << 30), "a neighbor's 8 GiB are charged");
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
  CUdeviceptr p;
  MUST(cu.cuMemAlloc_v2(&p, (size_t)139 << 30));
  MUST(cu.cuMemFree_v2(p));
  check(used_memory() == before, "they are free again after its death");

  unsigned int seed = 7;
  int64_t slowest = 0;
  for (int k = 0; k < 20; k++) {
    pid = start_client("forever", &out);
    read_number(out);
    nanosleep(&(struct timespec){0, 1000000 + (long)(rand_r(&seed) % 12000000)}, NULL);
    millisecond_kernel(10);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fclose(out);
    MUST(cu.cuStreamSynchronize(stream));
    int64_t t = victim(clock_host);
    if (t > slowest) slowest = t;
  }
  check_in_time(IN_TIME(slowest, 0, 199999),
                "after each of 20 deaths the survivor has the whole device: 100 us kernel in %lld us",
                (long long)slowest / 1000);
  usleep(50000); /* clients are looked after each 20 ms */
  check(used_memory() == before, "and all memory");
}

/* The exact timeline: behind 200 ms of work, 50 kernels of 1 ms end 50 ms after the first began. */
static void alone(void) {
  CUevent begin, end;
  float milliseconds;
  new_machine("jitter 0\nsm_clock 1000000000\n");
  prepare();
  MUST(cu.cuEventCreate(&begin, 0));
  MUST(cu.cuEventCreate(&end, 0));
  millisecond_kernel(2000);
  MUST(cu.cuEventRecord(begin, stream));
  for (int k = 0; k < 50; k++) millisecond_kernel(10);
  MUST(cu.cuEventRecord(end, stream));
  MUST(cu.cuEventSynchronize(end));
  MUST(cu.cuEventElapsedTime(&milliseconds, begin, end));
  check_on_host("it may not queue them within 200 ms", milliseconds == 50.0f, "alone, 50 kernels of 1 ms take %.6f ms",
                milliseconds);
  int64_t (*late)(void);
  *(void **)&late = dlsym(cuda_library, "gvb_emulated_late_ns");
  check_on_host("it computes them", late() == 0, "no effect was late");
}

static int separately(void (*body)(void)) { /* each machine in a process of its own */
  int ends[2];
  if (pipe(ends) != 0) return 1;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    body();
    exit(summary());
  }
  close(ends[1]);
  FILE *lines = fdopen(ends[0], "r");
  char line[512];
  while (fgets(line, sizeof line, lines)) {
    const bool good = strncmp(line, "ok", 2) == 0, is_late = strncmp(line, "LATE", 4) == 0;
    line[strcspn(line, "\n")] = 0;
    if (good || strncmp(line, "FAIL", 4) == 0) check(good, "%s", line + 5);
    if (is_late) check_in_time(false, "%s", line + 5);
  }
  fclose(lines);
  int status;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) check(false, "a test died of signal %d", WTERMSIG(status));
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  separately(alone);
  share(EXACT "switch_ns 0", "time slices, two saturating processes", 0.99, 1.01);
  share(EXACT "schedule side-by-side", "side by side, two saturating processes", 0.99, 1.01);
  share(EXACT "switch_ns 0\nunfair 3", "unfair 3", 2.95, 3.05);
  victim_beside(EXACT "switch_ns 0", "a 100 us kernel waits for the slices of a busy neighbor", 700000, 2500000);
  victim_beside(EXACT "schedule side-by-side", "side by side it takes twice its time", 180000, 260000);
  separately(deaths);
  return summary();
}
