#include "neighbors.h"

#include <math.h>

enum { DEPTH = 4, PIECES = 2000, WINDOW = 40000000 }; /* ns */

static CUdeviceptr memory;
static uint64_t words;

static void prepare_array(int64_t bytes) {
  open_context();
  machine = machine_clock();
  words = (uint64_t)bytes / 8;
  MUST(cu.cuMemAlloc_v2(&counter, 4096));
  MUST(cu.cuMemAlloc_v2(&memory, (size_t)(bytes ? bytes : 8)));
}

/* ---- works ---- */

static void read_all(void) { launch("gvb_sum", 1056, 256, (void *[]){&memory, &words, &counter}); }

static void write_all(void) {
  uint64_t seed = 1;
  launch("gvb_fill", 1056, 256, (void *[]){&memory, &words, &seed});
}

/* Passes of an array, past L1. */
static void read_often(void) {
  uint64_t passes = 100;
  launch("gvb_l2_read", 1056, 256, (void *[]){&memory, &words, &passes, &counter});
}

/* Half of the multiprocessors each, on two streams. */
static void read_twice(void) {
  static CUstream other;
  static CUevent done;
  if (!other) {
    MUST(cu.cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    MUST(cu.cuEventCreate(&done, 0));
  }
  uint64_t half = words / 2;
  CUdeviceptr second = memory + 8 * half;
  void *first_half[] = {&memory, &half, &counter}, *second_half[] = {&second, &half, &counter};
  MUST(cu.cuEventRecord(done, stream));
  MUST(cu.cuStreamWaitEvent(other, done, 0));
  launch("gvb_sum", 66, 256, first_half);
  MUST(cu.cuLaunchKernel(function("gvb_sum"), 66, 1, 1, 256, 1, 1, 0, other, second_half, NULL));
  MUST(cu.cuEventRecord(done, other));
  MUST(cu.cuStreamWaitEvent(stream, done, 0));
}

/* A chase of 4096 steps in lines of 128 bytes: every line points at the next one. */
static void chase(void) {
  uint64_t lines = words / 16, bytes = 128, warm = 0, steps = 4096, width = 20;
  CUdeviceptr none = 0, out = counter;
  launch("gvb_chase", 1, 32, (void *[]){&memory, &lines, &bytes, &warm, &steps, &width, &out, &none});
}

/* 0.5 ms on all 132 multiprocessors at 1 GHz. */
static void compute_half(void) {
  uint64_t iterations = 7812;
  launch("gvb_fma", 1056, 256, (void *[]){&iterations, &one, &one, &counter});
}

/* Thirds of the array: two are read, one is written. */
static void triad(void) {
  uint64_t n = words * 2 / 3 / 4 * 4;
  CUdeviceptr b = memory + 4 * n, c = b + 4 * n;
  launch("gvb_triad", 1056, 256, (void *[]){&memory, &b, &c, &one, &n});
}

static void (*work_of(const char *name))(void) {
  static const struct {
    const char *name;
    void (*body)(void);
  } works[] = {{"read", read_all},    {"write", write_all},  {"triad", triad}, {"compute", compute_half},
               {"often", read_often}, {"twice", read_twice}, {"chase", chase}};
  for (size_t k = 0; k < sizeof works / sizeof works[0]; k++)
    if (strcmp(works[k].name, name) == 0) return works[k].body;
  exit(3);
}

/* ---- a tenant ---- */

static double milliseconds_between(CUevent a, CUevent b) {
  float found;
  MUST(cu.cuEventElapsedTime(&found, a, b));
  return (double)found;
}

/* Keeps the device busy for the window, DEPTH pieces ahead; returns how many pieces it queued. */
static int saturate(void (*piece)(void), CUevent *done) {
  const int64_t begin = machine->now();
  int n = 0;
  while (n < PIECES && machine->now() - begin < WINDOW) {
    if (n >= DEPTH) MUST(cu.cuEventSynchronize(done[n - DEPTH]));
    piece();
    MUST(cu.cuEventRecord(done[n++], stream));
  }
  MUST(cu.cuCtxSynchronize());
  return n;
}

/* Picoseconds of a piece, on the average of those that ended in the window's second half. */
static int64_t settled(const CUevent *done, int n) {
  int first = -1, last = -1;
  for (int k = 0; k < n; k++) {
    double at = milliseconds_between(done[0], done[k]) * 1e6;
    if (at < WINDOW / 2 || at > WINDOW * 0.9) continue;
    if (first < 0) first = k;
    last = k;
  }
  if (first < 0 || last <= first) return -1;
  return llround(milliseconds_between(done[first], done[last]) * 1e9 / (last - first));
}

int tenant(const char *role) {
  static CUevent done[PIECES];
  char work[32];
  long long bytes, party, rank;
  if (sscanf(role, "%31s %lld %lld %lld", work, &bytes, &party, &rank) != 4) return 3;
  prepare_array(bytes);
  for (int k = 0; k < PIECES; k++) MUST(cu.cuEventCreate(&done[k], 0));
  const gvb_start start = {party, rank, 0, rank};
  machine->enter(&start, NULL);
  int n = saturate(work_of(work), done);
  machine->leave();
  printf("%lld\n", (long long)settled(done, n));
  return 0;
}

/* ---- in the parent ---- */

bool pieces(const char *config, const job *jobs, int count, double *seen) {
  pid_t pid[TENANTS];
  FILE *out[TENANTS];
  bool good = true;
  new_machine(config);
  for (int k = 0; k < count; k++) {
    char text[96];
    snprintf(text, sizeof text, "%s %lld %d %d", jobs[k].work, (long long)jobs[k].bytes, count, k);
    pid[k] = start_client(text, &out[k]);
  }
  for (int k = 0; k < count; k++) {
    int status;
    seen[k] = (double)read_number(out[k]) * 1e-3;
    waitpid(pid[k], &status, 0);
    fclose(out[k]);
    good = good && status == 0 && seen[k] > 0;
  }
  return good;
}

/* Whether all that do the same have the same time as the first. */
static bool is_fair(const job *jobs, int count, const double *seen) {
  for (int k = 1; k < count; k++)
    if (strcmp(jobs[k].work, jobs[0].work) == 0 && jobs[k].bytes == jobs[0].bytes &&
        fabs(seen[k] - seen[0]) > 0.01 * seen[0])
      return false;
  return true;
}

double beside(const char *config, const job *jobs, int count) {
  double alone, together[TENANTS];
  if (!pieces(config, jobs, 1, &alone) || !pieces(config, jobs, count, together)) return NAN;
  return is_fair(jobs, count, together) ? alone / together[0] : NAN;
}
