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

/* Keeps 16 launches of 1 ms in flight, enough for a host that is busy, and counts those that ended. */
static int saturate(int64_t duration) {
  CUevent done[DEPTH];
  int64_t ended = 0;
  prepare();
  for (int k = 0; k < DEPTH; k++) MUST(cu.cuEventCreate(&done[k], 0));
  printf("%d\n", (int)getpid());
  fflush(stdout);
  for (int k = 0; k < DEPTH; k++) {
    millisecond_kernel(10);
    MUST(cu.cuEventRecord(done[k], stream));
  }
  int64_t begin = clock_host();
  for (int k = 0; clock_host() - begin < duration; k = (k + 1) % DEPTH, ended++) {
    MUST(cu.cuEventSynchronize(done[k]));
    millisecond_kernel(10);
    MUST(cu.cuEventRecord(done[k], stream));
  }
  printf("%lld\n", (long long)ended);
  return 0;
}

/* Median time of a kernel of 100 us with its wait. */
static int64_t victim(void) {
  int64_t seen[41];
  for (int k = 0; k < 41; k++) {
    int64_t begin = clock_host();
    millisecond_kernel(1);
    MUST(cu.cuStreamSynchronize(stream));
    seen[k] = clock_host() - begin;
  }
  return median(seen, 41);
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
  if (strcmp(name, "saturate") == 0) return saturate(600000000);
  if (strcmp(name, "forever") == 0) return saturate(60000000000);
  return hold_memory();
}

/* ---- the tests, in the parent ---- */

static void share(const char *config, const char *what, double low, double high) {
  FILE *out[2];
  pid_t pid[2];
  int64_t ended[2];
  new_machine(config);
  for (int k = 0; k < 2; k++) {
    pid[k] = start_client("saturate", &out[k]);
    read_number(out[k]);
  }
  for (int k = 0; k < 2; k++) {
    ended[k] = read_number(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
  double ratio = (double)ended[0] / (double)ended[1];
  check_in_time(IN_TIME(ratio, low, high) && IN_TIME(ended[0] + ended[1], 201, 679), "%s: %lld and %lld kernels", what,
                (long long)ended[0], (long long)ended[1]);
}

static void neighbor_in_child(const char *config, const char *what, int64_t low, int64_t high) {
  new_machine(config);
  FILE *out;
  pid_t pid = start_client("forever", &out);
  read_number(out);
  FILE *numbers = tmpfile();
  fflush(stdout);
  pid_t measuring = fork();
  if (measuring == 0) {
    prepare();
    fprintf(numbers, "%lld\n", (long long)victim());
    fflush(numbers);
    _exit(0);
  }
  waitpid(measuring, NULL, 0);
  rewind(numbers);
  int64_t t = read_number(numbers);
  fclose(numbers);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
  check_in_time(IN_TIME(t, low, high), "%s: %lld us, expected %lld to %lld", what, (long long)t / 1000,
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
    int64_t t = victim();
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
  share("sm_clock 1000000000\nswitch_ns 0", "time slices, two saturating processes", 0.85, 1.18);
  share("sm_clock 1000000000\nschedule side-by-side", "side by side, two saturating processes", 0.85, 1.18);
  share("sm_clock 1000000000\nswitch_ns 0\nunfair 3", "unfair 3", 2.5, 3.5);
  neighbor_in_child("sm_clock 1000000000\nswitch_ns 0", "a 100 us kernel waits for the slices of a busy neighbor",
                    700000, 2500000);
  neighbor_in_child("sm_clock 1000000000\nschedule side-by-side", "side by side it takes twice its time", 180000,
                    260000);
  separately(deaths);
  return summary();
}
