/* Calls and waits take what the configuration says. Medians and generous bounds: the machine may be busy. */
#include "harness.h"

#include <dirent.h>
#include <sched.h>

enum { ROUNDS = 300 };

static CUdeviceptr counter;

static void between(const char *what, int64_t value, int64_t low, int64_t high) {
  check_in_time(IN_TIME(value, low, high), "%s: %lld ns, expected %lld to %lld", what, (long long)value, (long long)low,
                (long long)high);
}

static int64_t launch_cost(void) {
  int64_t seen[ROUNDS];
  CUfunction f = function("gvb_empty");
  void *arguments[] = {&counter};
  for (int k = 0; k < ROUNDS; k++) {
    int64_t begin = clock_host();
    MUST(cu.cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, stream, arguments, NULL));
    seen[k] = clock_host() - begin;
    if (k % 32 == 31) MUST(cu.cuStreamSynchronize(stream));
  }
  MUST(cu.cuStreamSynchronize(stream));
  return median(seen, ROUNDS);
}

static int64_t round_trip(void) {
  int64_t seen[ROUNDS];
  CUfunction f = function("gvb_empty");
  void *arguments[] = {&counter};
  for (int k = 0; k < ROUNDS; k++) {
    int64_t begin = clock_host();
    MUST(cu.cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, stream, arguments, NULL));
    MUST(cu.cuStreamSynchronize(stream));
    seen[k] = clock_host() - begin;
  }
  return median(seen, ROUNDS);
}

static void allocation(size_t bytes, int64_t *allocate, int64_t *release) {
  int64_t a[20], f[20];
  for (int k = 0; k < 20; k++) {
    CUdeviceptr p;
    int64_t t0 = clock_host();
    MUST(cu.cuMemAlloc_v2(&p, bytes));
    int64_t t1 = clock_host();
    MUST(cu.cuMemFree_v2(p));
    a[k] = t1 - t0;
    f[k] = clock_host() - t1;
  }
  *allocate = median(a, 20);
  *release = median(f, 20);
}

/* Between two events with a spin before the first, so that neither waits for the host. */
static int64_t device_time(const char *name, unsigned int blocks, void **arguments) {
  CUevent begin, end;
  float milliseconds;
  uint64_t ns = 20000000;
  CUdeviceptr out;
  MUST(cu.cuMemAlloc_v2(&out, 4096));
  MUST(cu.cuEventCreate(&begin, 0));
  MUST(cu.cuEventCreate(&end, 0));
  launch("gvb_spin", 1, 32, (void *[]){&ns, &out});
  MUST(cu.cuEventRecord(begin, stream));
  launch(name, blocks, 256, arguments);
  MUST(cu.cuEventRecord(end, stream));
  check_on_host("a host that stops for 20 ms finds it ended", cu.cuEventQuery(end) == CUDA_ERROR_NOT_READY,
                "%s behind a spin of 20 ms has not ended when it has been queued", name);
  MUST(cu.cuEventSynchronize(end));
  MUST(cu.cuEventElapsedTime(&milliseconds, begin, end));
  MUST(cu.cuEventDestroy_v2(begin));
  MUST(cu.cuEventDestroy_v2(end));
  MUST(cu.cuMemFree_v2(out));
  return (int64_t)(milliseconds * 1e6);
}

/* A kernel of 1.6 ms on one stream, a copy of 55 MB in 1 ms on another, begun together. */
static int64_t kernel_beside_copy(void) {
  CUstream other;
  CUdeviceptr p;
  void *host;
  size_t bytes = 55000000;
  uint64_t iterations = 100000;
  float one = 1.0f;
  MUST(cu.cuMemAlloc_v2(&p, bytes));
  MUST(cu.cuMemHostAlloc(&host, bytes, 0));
  MUST(cu.cuMemcpyHtoD_v2(p, host, bytes)); /* the same bytes again need not be written */
  MUST(cu.cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  int64_t begin = clock_host();
  launch("gvb_fma", 20, 256, (void *[]){&iterations, &one, &one, &counter});
  MUST(cu.cuMemcpyHtoDAsync_v2(p, host, bytes, other));
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuStreamSynchronize(other));
  int64_t time = clock_host() - begin;
  MUST(cu.cuStreamDestroy_v2(other));
  MUST(cu.cuMemFreeHost(host));
  MUST(cu.cuMemFree_v2(p));
  return time;
}

/* 1500 launches of kernels of 20 us: the queue holds 1024. */
static int64_t flood(void) {
  uint64_t iterations = 1250;
  float one = 1.0f;
  int64_t begin = clock_host();
  for (int k = 0; k < 1500; k++) launch("gvb_fma", 20, 256, (void *[]){&iterations, &one, &one, &counter});
  int64_t time = clock_host() - begin;
  MUST(cu.cuStreamSynchronize(stream));
  return time;
}

/* Threads of this process that may not run on a processor. */
static int kept_off(int cpu) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *task; (task = readdir(tasks));) {
    cpu_set_t may;
    pid_t thread = atoi(task->d_name);
    if (thread > 0 && thread != getpid() && sched_getaffinity(thread, sizeof may, &may) == 0)
      count += !CPU_ISSET(cpu, &may);
  }
  closedir(tasks);
  return count;
}

/* An effect that takes a millisecond of this host must not take it from the calls that follow. */
static void effects_leave_the_processor(void) {
  cpu_set_t before, here;
  size_t bytes = 16 << 20;
  CUdeviceptr p;
  void *host;
  MUST(cu.cuMemAlloc_v2(&p, bytes));
  MUST(cu.cuMemHostAlloc(&host, bytes, 0));
  sched_getaffinity(0, sizeof before, &before);
  int cpu = sched_getcpu();
  CPU_ZERO(&here);
  CPU_SET(cpu, &here);
  sched_setaffinity(0, sizeof here, &here);
  usleep(20000); /* the thread of the effects sleeps */
  MUST(cu.cuMemcpyHtoDAsync_v2(p, host, bytes, stream));
  check_on_host("the thread of the effects may not sleep yet", kept_off(cpu) == (CPU_COUNT(&before) > 1),
                "effects run beside the calls, where there is a second processor");
  MUST(cu.cuStreamSynchronize(stream));
  sched_setaffinity(0, sizeof before, &before);
  MUST(cu.cuMemFreeHost(host));
  MUST(cu.cuMemFree_v2(p));
}

int main(void) {
  int64_t a, f, a_large, f_large;
  new_machine(
      "jitter 0\nlaunch_kernel 3000\nlaunch_to_start 4000\nkernel_minimum 2000\nsync_return 1000\n"
      "alloc_per_2mib 1000\nsm_clock 1000000000\nsm_count 10\ndram_bandwidth 1000000000000\n");
  open_context();
  MUST(cu.cuMemAlloc_v2(&counter, 4096));
  between("cuLaunchKernel", launch_cost(), 2900, 3300);
  between("launch and wait = launch + launch_to_start + kernel + sync_return", round_trip(), 9900, 13000);
  allocation(4096, &a, &f);
  between("cuMemAlloc of 4 KiB", a, 3900, 5000);
  between("cuMemFree of 4 KiB", f, 2900, 4500);
  allocation((size_t)1 << 30, &a_large, &f_large);
  between("cuMemAlloc of 1 GiB", a_large, 560000, 650000);

  uint64_t iterations = 100000;
  float one = 1.0f;
  /* 10 SMs, 2 blocks of 256 threads on each, 128 lanes: 4 clocks per step of 4 chains */
  between("fma", device_time("gvb_fma", 20, (void *[]){&iterations, &one, &one, &counter}), 1590000, 1610000);
  CUdeviceptr p;
  uint64_t words = 32 << 20;
  MUST(cu.cuMemAlloc_v2(&p, 8 * words));
  between("sum of 256 MiB at 1 TB/s", device_time("gvb_sum", 100, (void *[]){&p, &words, &counter}), 265000, 275000);
  between("a kernel of 1.6 ms beside a copy of 1 ms", kernel_beside_copy(), 1600000, 12000000);
  between("1500 launches of 20 us wait for room in the queue", flood(), 9400000, 40000000);
  effects_leave_the_processor();
  return summary();
}
