/* independent: the quantities that libgvb measures, taken a second time by other means.
 *
 * Nothing is shared with libgvb: NVIDIA's own header, the driver linked instead of opened, hand-written PTX. Where
 * the two agree, neither is likely to be wrong. Build where the CUDA toolkit is installed:
 *
 *   cc -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -I$CUDA/include independent.c -o independent -lcuda
 *   cc (the same) -fPIC -shared independent.c -o independent.so -lcuda
 *
 * independent --start   one start of this process: prints cuInit, context and total, nanoseconds
 * independent --serve   says `ready`, then answers each line: `launch` with the medians of the launch call and of
 *                       launch + sync; `alloc BYTES` with those of cuMemAlloc and cuMemFree
 *
 * Exit status 1 and a sentence on standard error if a call fails or a kernel's count is wrong.
 */
#include <cuda.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  LAUNCHES = 1000,
  DRAIN = 32,
  ROUND_TRIPS = 500,
  ALLOCATIONS = 50,
  WARM_ALLOCATIONS = 10,
  WARM_LAUNCHES = 200,
  LARGEST_SERIES = LAUNCHES
};

/* Counts its launches, so that one that never ran cannot look fast. Named as the emulated GPU knows it. */
static const char ptx[] =
    ".version 6.0\n"
    ".target sm_70\n"
    ".address_size 64\n"
    ".visible .entry gvb_empty(.param .u64 where)\n"
    "{\n"
    "  .reg .u32 %t;\n"
    "  .reg .u64 %p;\n"
    "  .reg .pred %other;\n"
    "  mov.u32 %t, %tid.x;\n"
    "  setp.ne.u32 %other, %t, 0;\n"
    "  @%other ret;\n"
    "  ld.param.u64 %p, [where];\n"
    "  cvta.to.global.u64 %p, %p;\n"
    "  red.global.add.u64 [%p], 1;\n"
    "  ret;\n"
    "}\n";

typedef struct gpu {
  CUdevice device;
  CUcontext context;
  CUmodule module;
  CUfunction tally;
  CUstream stream;
  CUdeviceptr counter;
  unsigned long long launched;
} gpu;

/* What one fresh process reports about its first use of the device. */
#define CHECK(call) check((call), #call)

static void check(CUresult code, const char *call) {
  if (code == CUDA_SUCCESS) return;
  const char *name = NULL;
  cuGetErrorName(code, &name);
  fprintf(stderr, "independent: %s answered %s (%d)\n", call, name ? name : "?", (int)code);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(const double *values, int count) {
  double sorted[LARGEST_SERIES];
  memcpy(sorted, values, (size_t)count * sizeof *values);
  qsort(sorted, (size_t)count, sizeof *sorted, ascending);
  return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static void launch(gpu *g) {
  void *arguments[] = {&g->counter};
  CHECK(cuLaunchKernel(g->tally, 1, 1, 1, 32, 1, 1, 0, g->stream, arguments, NULL));
  g->launched++;
}

static void expect_count(gpu *g) {
  unsigned long long counted = 0;
  CHECK(cuStreamSynchronize(g->stream));
  CHECK(cuMemcpyDtoH(&counted, g->counter, sizeof counted));
  if (counted == g->launched) return;
  fprintf(stderr, "independent: the kernel counted %llu launches, expected %llu\n", counted, g->launched);
  exit(1);
}

static void find_device(gpu *g) {
  CHECK(cuInit(0));
  CHECK(cuDeviceGet(&g->device, 0));
}

static void retain_context(gpu *g) {
  CHECK(cuDevicePrimaryCtxRetain(&g->context, g->device));
  CHECK(cuCtxSetCurrent(g->context));
}

static void make_counter(gpu *g) { CHECK(cuMemAlloc(&g->counter, 4096)); }

static void load_kernel(gpu *g) {
  CHECK(cuModuleLoadData(&g->module, ptx));
  CHECK(cuModuleGetFunction(&g->tally, g->module, "gvb_empty"));
}

static void open_gpu(gpu *g) {
  find_device(g);
  CHECK(cuDevicePrimaryCtxSetFlags(g->device, CU_CTX_SCHED_SPIN));
  retain_context(g);
  make_counter(g);
  load_kernel(g);
  CHECK(cuStreamCreate(&g->stream, CU_STREAM_NON_BLOCKING));
  CHECK(cuMemsetD8(g->counter, 0, 4096));
  CHECK(cuCtxSynchronize());
  for (int i = 0; i < WARM_LAUNCHES; i++) launch(g);
  expect_count(g);
}

static void close_gpu(gpu *g) {
  CHECK(cuMemFree(g->counter));
  CHECK(cuStreamDestroy(g->stream));
  CHECK(cuModuleUnload(g->module));
  CHECK(cuDevicePrimaryCtxRelease(g->device));
}

/* Interval: cuLaunchKernel alone, the queue never deeper than DRAIN. */
static double launch_call(gpu *g) {
  double took[LAUNCHES];
  for (int i = 0; i < LAUNCHES; i++) {
    const double t0 = now();
    launch(g);
    took[i] = now() - t0;
    if (i % DRAIN == DRAIN - 1) CHECK(cuStreamSynchronize(g->stream));
  }
  expect_count(g);
  return median(took, LAUNCHES);
}

/* Interval: cuLaunchKernel and cuStreamSynchronize on an idle stream. */
static double launch_and_sync(gpu *g) {
  double took[ROUND_TRIPS];
  for (int i = 0; i < ROUND_TRIPS; i++) {
    const double t0 = now();
    launch(g);
    CHECK(cuStreamSynchronize(g->stream));
    took[i] = now() - t0;
  }
  expect_count(g);
  return median(took, ROUND_TRIPS);
}

/* Intervals: cuMemAlloc, and cuMemFree with the device idle. */
static void allocate_and_free(size_t bytes, double *alloc, double *release) {
  double took[2][ALLOCATIONS];
  CHECK(cuCtxSynchronize());
  for (int i = -WARM_ALLOCATIONS; i < ALLOCATIONS; i++) {
    CUdeviceptr block = 0;
    const double t0 = now();
    CHECK(cuMemAlloc(&block, bytes));
    const double t1 = now();
    CHECK(cuCtxSynchronize());
    const double t2 = now();
    CHECK(cuMemFree(block));
    const double t3 = now();
    if (i < 0) continue;
    took[0][i] = t1 - t0;
    took[1][i] = t3 - t2;
  }
  *alloc = median(took[0], ALLOCATIONS);
  *release = median(took[1], ALLOCATIONS);
}

/* As a shared library, in the process and the context of whoever calls: medians of cuMemAlloc and cuMemFree. */
void independent_pairs(size_t bytes, double *alloc, double *release);

void independent_pairs(size_t bytes, double *alloc, double *release) { allocate_and_free(bytes, alloc, release); }

/* The child's side: the library is linked, hence loaded before the first stamp. */
static int print_start(void) {
  gpu g = {0};
  const double t0 = now();
  find_device(&g);
  const double t1 = now();
  retain_context(&g);
  const double t2 = now();
  make_counter(&g);
  const double t3 = now();
  CHECK(cuMemsetD8(g.counter, 0, 4096)); /* only the proof needs it: not counted */
  const double t4 = now();
  load_kernel(&g);
  launch(&g);
  CHECK(cuStreamSynchronize(g.stream));
  const double t5 = now();
  expect_count(&g);
  printf("%.0f %.0f %.0f\n", t1 - t0, t2 - t1, (t3 - t0) + (t5 - t4));
  return 0;
}

/* One batch of what a line asks for; prints its medians in nanoseconds. False at the end of input. */
static bool answer(gpu *g) {
  char line[64];
  double alloc = 0, release = 0;
  size_t bytes = 0;
  if (!fgets(line, sizeof line, stdin)) return false;
  if (strcmp(line, "launch\n") == 0) {
    const double call = launch_call(g);
    printf("%.1f %.1f\n", call, launch_and_sync(g));
  } else if (sscanf(line, "alloc %zu", &bytes) == 1 && bytes > 0) {
    allocate_and_free(bytes, &alloc, &release);
    printf("%.1f %.1f\n", alloc, release);
  } else {
    fprintf(stderr, "independent: expected 'launch' or 'alloc BYTES', found %s", line);
    exit(2);
  }
  fflush(stdout);
  return true;
}

static int serve(void) {
  gpu g = {0};
  open_gpu(&g);
  printf("ready\n");
  fflush(stdout);
  while (answer(&g)) continue;
  close_gpu(&g);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--start") == 0) return print_start();
  if (argc == 2 && strcmp(argv[1], "--serve") == 0) return serve();
  fprintf(stderr, "usage: independent --start | --serve\n");
  return 2;
}
