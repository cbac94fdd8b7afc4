/* Virtual time: exact, the same on a busy machine, and held up by nobody who hangs or dies. */
#include "harness.h"

#include <dlfcn.h>
#include <sched.h>

enum { DEPTH = 16, MOST = 32, MILLISECOND = 1000000, SECOND = 1000000000 };

static const gvb_machine_clock *machine;
static CUdeviceptr counter;
static bool is_spread;
static float one = 1.0f;
static volatile int32_t stop;
static CUstream spread[4]; /* streams that take turns, if there are any */

static void on_signal(int number) {
  (void)number;
  stop = 1;
}

static void prepare(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  open_context();
  MUST(cu.cuMemAlloc_v2(&counter, 4096));
  machine = machine_clock();
}

/* 1 ms on the whole device at 1 GHz: 15625 steps x 4 chains x 16 clocks. */
static void millisecond_kernel(void) {
  static int next;
  uint64_t iterations = 15625;
  if (spread[0]) stream = spread[next++ % 4];
  launch("gvb_fma", 132 * 8, 256, (void *[]){&iterations, &one, &one, &counter});
}

static uint64_t digest(uint64_t before, int64_t value) { return (before ^ (uint64_t)value) * 0x100000001b3ull; }

typedef struct outcome {
  int64_t ended;
  uint64_t digest; /* of when each kernel was seen to have ended */
} outcome;

/* Keeps 16 launches in flight for a time or until it is told to stop. */
static outcome saturate(int64_t duration) {
  CUevent done[DEPTH];
  outcome found = {0, 1};
  for (int k = 0; k < DEPTH; k++) MUST(cu.cuEventCreate(&done[k], 0));
  for (int k = 0; k < DEPTH; k++) {
    millisecond_kernel();
    MUST(cu.cuEventRecord(done[k], stream));
  }
  const int64_t begin = machine->now();
  for (int k = 0; machine->now() - begin < duration && !stop; k = (k + 1) % DEPTH) {
    MUST(cu.cuEventSynchronize(done[k]));
    found.digest = digest(found.digest, machine->now() - begin);
    found.ended++;
    millisecond_kernel();
    MUST(cu.cuEventRecord(done[k], stream));
  }
  return found;
}

/* ---- roles of clients ---- */

static int take_part(const gvb_start *start, int64_t duration) {
  prepare();
  printf("%d\n", (int)getpid());
  fflush(stdout);
  for (int k = 0; k < 4 && is_spread; k++) MUST(cu.cuStreamCreate(&spread[k], CU_STREAM_NON_BLOCKING));
  machine->enter(start, &stop);
  const outcome found = saturate(duration);
  MUST(cu.cuCtxSynchronize()); /* what it leaves on the device would end at a moment of the host's */
  machine->leave();
  int64_t (*orphaned)(void) = NULL;
  memcpy(&orphaned, &(void *){dlsym(cuda_library, "gvb_emulated_orphaned")}, sizeof orphaned);
  printf("%lld\n%lld\n%lld\n", (long long)found.ended, (long long)(found.digest >> 1), (long long)orphaned());
  return 0;
}

/* Computes on the host, so that the others wait for it, and never ends by itself. */
_Noreturn static void compute(const gvb_start *start) {
  prepare();
  printf("%d\n", (int)getpid());
  fflush(stdout);
  machine->enter(start, &stop);
  for (;;) continue;
}

/* The machine of that test hangs in its first cuCtxGetDevice. */
static int hang(const gvb_start *start) {
  CUdevice device;
  prepare();
  machine->enter(start, &stop);
  MUST(cu.cuCtxGetDevice(&device));
  return 0;
}

/* "share 4 2": of a party of four, rank 2. */
static int role(const char *text) {
  char name[16];
  int party = 1, rank = 0;
  if (sscanf(text, "%15s %d %d", name, &party, &rank) < 1) return 3;
  const gvb_start start = {party, rank, strcmp(name, "follow") == 0, rank};
  if (strcmp(name, "compute") == 0) compute(&start);
  is_spread = strcmp(name, "spread") == 0;
  if (strcmp(name, "hang") == 0) return hang(&start);
  return take_part(&start, strcmp(name, "share") == 0 || is_spread ? SECOND : INT64_MAX);
}

/* ---- in the parent ---- */

typedef struct party {
  int count;
  pid_t pid[MOST];
  FILE *out[MOST];
  int64_t ended[MOST], digest[MOST], orphaned[MOST];
} party;

static void add(party *p, const char *name, int size, int rank) {
  char text[64];
  snprintf(text, sizeof text, "%s %d %d", name, size, rank);
  p->pid[p->count] = start_client(text, &p->out[p->count]);
  p->count++;
}

/* Whether it ended by itself, with numbers. */
static bool collect(party *p, int k) {
  int status;
  p->ended[k] = read_number(p->out[k]);
  p->digest[k] = read_number(p->out[k]);
  p->orphaned[k] = read_number(p->out[k]);
  waitpid(p->pid[k], &status, 0);
  fclose(p->out[k]);
  return status == 0;
}

static party of_shares(int size, const char *config) {
  party p = {0};
  new_machine(config);
  for (int k = 0; k < size; k++) add(&p, "share", size, k);
  for (int k = 0; k < size; k++) read_number(p.out[k]);
  for (int k = 0; k < size; k++)
    if (!collect(&p, k)) p.ended[k] = -1;
  return p;
}

static bool equal(const party *a, const party *b) {
  for (int k = 0; k < a->count; k++)
    if (a->ended[k] < 1 || a->ended[k] != b->ended[k] || a->digest[k] != b->digest[k]) return false;
  return true;
}

#define NOISY "clock virtual\njitter 0.02\nsm_clock 1000000000\n"
#define EXACT "clock virtual\njitter 0\nsm_clock 1000000000\n"

static void the_seed_alone_decides(void) {
  enum { HOGS = 8 };
  pid_t hogs[HOGS];
  cpu_set_t all, first;
  const party idle = of_shares(4, NOISY), other = of_shares(4, NOISY "seed 2\n");
  for (int k = 0; k < HOGS; k++)
    if ((hogs[k] = fork()) == 0)
      for (;;) continue;
  const party busy = of_shares(4, NOISY);
  sched_getaffinity(0, sizeof all, &all);
  CPU_ZERO(&first);
  for (int c = 0; c < CPU_SETSIZE && CPU_COUNT(&first) == 0; c++)
    if (CPU_ISSET(c, &all)) CPU_SET(c, &first);
  sched_setaffinity(0, sizeof first, &first);
  const party alone = of_shares(4, NOISY);
  sched_setaffinity(0, sizeof all, &all);
  for (int k = 0; k < HOGS; k++) kill(hogs[k], SIGKILL), waitpid(hogs[k], NULL, 0);
  check(equal(&idle, &busy), "beside eight hogs every time is the same");
  check(equal(&idle, &alone), "and on one processor");
  check(!equal(&idle, &other), "and not of another seed");
}

/* Each client has slices of 2 ms in turn: a share is exact up to the two kernels of one slice, and the one in flight.
 */
static void thirty_two_share_evenly(void) {
  const party p = of_shares(MOST, EXACT);
  int64_t least = INT64_MAX, most = 0, sum = 0;
  for (int k = 0; k < MOST; k++) {
    if (p.ended[k] < least) least = p.ended[k];
    if (p.ended[k] > most) most = p.ended[k];
    sum += p.ended[k];
  }
  check(least > 0 && most - least <= 3, "of 32 clients on %ld processors each has its share: %lld to %lld kernels",
        sysconf(_SC_NPROCESSORS_ONLN), (long long)least, (long long)most);
  check(sum >= 950 && sum <= 1100, "together they have the device: %lld kernels of 1 ms", (long long)sum);
}

/* Sizes are those of the configuration's defaults: 1900 ns of launch behind 200 of finding the kernel, 2500 to
 * the device, 1200 of an empty kernel, 1500 back. */
static void calls_cost_what_is_told(void) {
  prepare();
  const gvb_start start = {1, 0, 0, 0};
  machine->enter(&start, NULL);
  const int64_t begin = machine->now();
  launch("gvb_empty", 1, 32, (void *[]){&counter});
  const int64_t launched = machine->now();
  MUST(cu.cuStreamSynchronize(stream));
  const int64_t synchronized = machine->now();
  millisecond_kernel();
  MUST(cu.cuStreamSynchronize(stream));
  const int64_t computed = machine->now();
  machine->wait(begin + SECOND);
  exit(launched - begin == 200 + 1900 && synchronized - launched == 2500 + 1200 + 1500 &&
               computed - synchronized == 200 + 1900 + 2500 + MILLISECOND + 1500 && machine->now() == begin + SECOND
           ? 0
           : 1);
}

/* How far a follower comes depends on its leader's window, not on when it is told to stop. */
static int64_t follow(int64_t late) {
  party p = {0};
  new_machine(NOISY);
  add(&p, "follow", 0, 1);
  read_number(p.out[0]);
  usleep((useconds_t)late);
  add(&p, "share", 1, 0);
  read_number(p.out[1]);
  collect(&p, 1);
  usleep((useconds_t)late);
  kill(p.pid[0], SIGUSR1);
  return collect(&p, 0) ? p.ended[0] : -1;
}

static void followers_follow(void) {
  const int64_t prompt = follow(0), late = follow(100000);
  check(prompt > 400 && prompt == late, "a follower ends with its leader: %lld and %lld kernels", (long long)prompt,
        (long long)late);
}

static int orphans; /* cases in which somebody found the lock of a dead process */

/* The others of a party end, whatever one of its members does. */
static bool others_end(const char *name, const char *config, int64_t patience) {
  party p = {0};
  bool good = true;
  new_machine(config);
  add(&p, "share", 3, 0);
  add(&p, "share", 3, 1);
  add(&p, name, 3, 2);
  for (int k = 0; k < 2; k++) read_number(p.out[k]);
  if (patience >= 0) {
    read_number(p.out[2]);
    usleep((useconds_t)patience);
    kill(p.pid[2], SIGKILL);
  }
  alarm(30);
  for (int k = 0; k < 2; k++) good = collect(&p, k) && good;
  alarm(0);
  kill(p.pid[2], SIGKILL);
  waitpid(p.pid[2], NULL, 0);
  fclose(p.out[2]);
  orphans += p.orphaned[0] > 0 || p.orphaned[1] > 0;
  return good && p.ended[0] > 0 && p.ended[1] > 0;
}

/* As long as a party takes; where a kill finds its member, the moment decides. KILLS=200 in the environment: so many.
 */
static void nobody_holds_the_others_up(void) {
  const int kills = getenv("KILLS") ? atoi(getenv("KILLS")) : 20;
  int good = 0;
  check(others_end("hang", EXACT "hang.cuCtxGetDevice 1\n", -1), "a hung client leaves the clock");
  check(others_end("compute", EXACT, 30000), "one that is killed while it computes");
  srand(1);
  orphans = 0;
  for (int k = 0; k < kills; k++) good += others_end(k % 2 ? "share" : "spread", EXACT, 2000 + rand() % 40000);
  check(good == kills, "killed at some moment, in %d cases with the machine's lock: in %d of %d the others end",
        orphans, good, kills);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  new_machine(EXACT);
  check(in_child(calls_cost_what_is_told) == 0, "calls cost what is told, to the nanosecond");
  the_seed_alone_decides();
  thirty_two_share_evenly();
  followers_follow();
  nobody_holds_the_others_up();
  return summary();
}
