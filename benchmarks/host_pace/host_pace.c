/* host_pace: whether a host's cores are shared, and what that does to calls of the driver.
 *
 * On one processor, over and over: eight independent chains of arithmetic (which compete with the core's other hardware
 * thread), one dependent chain (which does not), the allocation of 4 KiB, the allocation and free of 64 MiB, and the
 * eight chains again. Build where the CUDA toolkit is installed:
 *
 *   cc -std=c11 -D_GNU_SOURCE -O2 -I$CUDA/include host_pace.c -o host_pace -lcuda
 *
 * host_pace PROCESSOR SECONDS prints a line for each round: seconds since the start, then the five in nanoseconds; the
 * chains are the shortest of five tries, the calls medians of 20.
 */
#include <cuda.h>

#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRIES = 5, CALLS = 20, SMALL = 4096, LARGE = 64 << 20 };

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t independent_chains(void) {
  uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
  const int64_t t0 = now();
  for (uint64_t i = 0; i < 8000; i++) {
    a += i, b ^= i, c += 3, d ^= 5, e += i, f ^= i, g += 7, h ^= 9;
    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h));
  }
  return now() - t0;
}

static int64_t dependent_chain(void) {
  uint64_t a = 1;
  const int64_t t0 = now();
  for (int i = 0; i < 5000; i++) {
    a = a * 6364136223846793005ULL + 1;
    __asm__ volatile("" : "+r"(a));
  }
  return now() - t0;
}

static int64_t shortest(int64_t (*work)(void)) {
  int64_t least = work();
  for (int i = 1; i < TRIES; i++) {
    const int64_t took = work();
    if (took < least) least = took;
  }
  return least;
}

static int ascending(const void *left, const void *right) {
  const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static void check(CUresult code) {
  if (code == CUDA_SUCCESS) return;
  fprintf(stderr, "host_pace: the driver answered %d\n", (int)code);
  exit(1);
}

static void open_device(void) {
  CUdevice device;
  CUcontext context;
  check(cuInit(0));
  check(cuDeviceGet(&device, 0));
  check(cuDevicePrimaryCtxRetain(&context, device));
  check(cuCtxSetCurrent(context));
}

static void time_calls(int64_t *small, int64_t *large) {
  int64_t took[2][CALLS];
  for (int i = 0; i < CALLS; i++) {
    CUdeviceptr block;
    const int64_t t0 = now();
    check(cuMemAlloc(&block, SMALL));
    took[0][i] = now() - t0;
    check(cuMemFree(block));
    const int64_t t1 = now();
    check(cuMemAlloc(&block, LARGE));
    check(cuMemFree(block));
    took[1][i] = now() - t1;
  }
  for (int k = 0; k < 2; k++) qsort(took[k], CALLS, sizeof took[k][0], ascending);
  *small = took[0][CALLS / 2];
  *large = took[1][CALLS / 2];
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: host_pace PROCESSOR SECONDS\n");
    return 2;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(atoi(argv[1]), &one);
  sched_setaffinity(0, sizeof one, &one);
  open_device();
  const int64_t begin = now(), end = begin + atoll(argv[2]) * 1000000000LL;
  while (now() < end) {
    int64_t small, large;
    const int64_t pace = shortest(independent_chains), chain = shortest(dependent_chain);
    time_calls(&small, &large);
    printf("%.3f %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", (double)(now() - begin) * 1e-9, pace,
           chain, small, large, shortest(independent_chains));
  }
  return 0;
}
