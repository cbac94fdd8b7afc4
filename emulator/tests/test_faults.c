/* Each fault and variation key acts. One machine after the other, each in a process of its own. */
#include "harness.h"

#include <dlfcn.h>

static int64_t time_of_free_with_work_queued(void) {
  CUdeviceptr p, out;
  uint64_t ns = 3000000;
  MUST(cu.cuMemAlloc_v2(&p, 4096));
  MUST(cu.cuMemAlloc_v2(&out, 4096));
  launch("gvb_spin", 1, 32, (void *[]){&ns, &out});
  int64_t begin = clock_host();
  MUST(cu.cuMemFree_v2(p));
  return clock_host() - begin;
}

static int64_t time_of_query(void) {
  int64_t seen[101];
  for (int k = 0; k < 101; k++) {
    int64_t begin = clock_host();
    MUST(cu.cuStreamQuery(stream));
    seen[k] = clock_host() - begin;
  }
  return median(seen, 101);
}

static void latency(void) {
  open_context();
  int64_t query = time_of_query();
  exit(IN_TIME(query, 50000, 80000) ? 0 : LATE);
}

static void fails_once(void) {
  CUdeviceptr p;
  open_context();
  bool good = cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS && cu.cuMemAlloc_v2(&p, 64) == CUDA_ERROR_OUT_OF_MEMORY &&
              cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS;
  exit(good ? 0 : 1);
}

static void fails_onwards(void) {
  CUdeviceptr p;
  open_context();
  bool good = cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS;
  for (int k = 0; k < 3; k++) good = good && cu.cuMemAlloc_v2(&p, 64) == CUDA_ERROR_OUT_OF_MEMORY;
  exit(good ? 0 : 1);
}

static void hangs(void) {
  open_context();
  cu.cuStreamQuery(stream);
  alarm(1); /* ends a process that hangs; one that does not exits below */
  cu.cuStreamQuery(stream);
  exit(1);
}

static void sticks(void) {
  CUdeviceptr p;
  open_context();
  bool good = cu.cuStreamQuery(stream) == CUDA_ERROR_LAUNCH_FAILED &&
              cu.cuMemAlloc_v2(&p, 64) == CUDA_ERROR_LAUNCH_FAILED &&
              cu.cuStreamSynchronize(stream) == CUDA_ERROR_LAUNCH_FAILED;
  good = good && cu.cuDevicePrimaryCtxReset_v2(0) == CUDA_SUCCESS &&
         cu.cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS && cu.cuCtxSetCurrent(context) == CUDA_SUCCESS &&
         cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS;
  exit(good ? 0 : 1);
}

static void free_waits(void) {
  open_context();
  exit(IN_TIME(time_of_free_with_work_queued(), 2500000, INT64_MAX) ? 0 : LATE);
}

static void free_does_not_wait(void) {
  open_context();
  exit(IN_TIME(time_of_free_with_work_queued(), 0, 1000000) ? 0 : LATE);
}

static void information_lies(void) {
  size_t free_bytes, total;
  open_context();
  MUST(cu.cuMemGetInfo_v2(&free_bytes, &total));
  exit(total == 150754820096 + 1048576 ? 0 : 1);
}

static void copy_loses_a_page(void) {
  unsigned char from[12288], back[12288] = {0};
  CUdeviceptr p;
  open_context();
  memset(from, 9, sizeof from);
  MUST(cu.cuMemAlloc_v2(&p, sizeof from));
  MUST(cu.cuMemcpyHtoD_v2(p, from, sizeof from)); /* the first copy */
  MUST(cu.cuMemcpyDtoH_v2(back, p, sizeof back)); /* the second */
  exit(back[8191] == 9 && back[8192] == 0 && back[12287] == 0 ? 0 : 1);
}

/* Queued behind 20 ms of work, so that the host has no part in it. */
static double fma_milliseconds(void) {
  CUevent begin, end;
  CUdeviceptr out;
  float milliseconds, one = 1.0f;
  uint64_t iterations = 50000, ns = 20000000;
  MUST(cu.cuMemAlloc_v2(&out, 64));
  MUST(cu.cuEventCreate(&begin, 0));
  MUST(cu.cuEventCreate(&end, 0));
  launch("gvb_spin", 1, 32, (void *[]){&ns, &out});
  MUST(cu.cuEventRecord(begin, stream));
  launch("gvb_fma", 132 * 8, 256, (void *[]){&iterations, &one, &one, &out});
  MUST(cu.cuEventRecord(end, stream));
  MUST(cu.cuEventSynchronize(end));
  MUST(cu.cuEventElapsedTime(&milliseconds, begin, end));
  return milliseconds;
}

/* 50000 steps x 4 chains x 16 clocks at 1 GHz = 3.2 ms */
static void rate_is_less(void) {
  open_context();
  double t = fma_milliseconds();
  exit(IN_TIME(t, 6.3, 6.6) ? 0 : LATE);
}

static void own_rate_is_half(void) {
  setenv("GVB_EMULATED_RATE", "0.5", 1);
  rate_is_less();
}

/* 3.2 ms / 0.9709 = 3.296 ms. */
static void own_rate_costs_3_percent(void) {
  setenv("GVB_EMULATED_RATE", "0.9709", 1);
  open_context();
  double t = fma_milliseconds();
  exit(IN_TIME(t, 3.290, 3.360) ? 0 : LATE);
}

static void throttles(void) {
  open_context();
  double before = fma_milliseconds();
  usleep(400000);
  double after = fma_milliseconds();
  exit(IN_TIME(before, 0, 3.4) && IN_TIME(after, 6.3, 6.6) ? 0 : LATE);
}

static void starts_late(void) {
  CUdeviceptr counter;
  int64_t seen[21];
  open_context();
  MUST(cu.cuMemAlloc_v2(&counter, 64));
  for (int k = 0; k < 21; k++) {
    int64_t begin = clock_host();
    launch("gvb_empty", 1, 32, (void *[]){&counter});
    MUST(cu.cuStreamSynchronize(stream));
    seen[k] = clock_host() - begin;
  }
  int64_t t = median(seen, 21);
  exit(IN_TIME(t, 500000, 530000) ? 0 : LATE);
}

static void names_its_keys(void) {
  open_driver();
  const char *(*keys)(void);
  *(void **)&keys = dlsym(cuda_library, "gvb_emulated_keys");
  exit(keys && strstr(keys(), "\"name\": \"launch_to_start\"") && strstr(keys(), "sticky.<API>") ? 0 : 1);
}

static void no_device(void) {
  open_driver();
  exit(cu.cuInit(0) == CUDA_ERROR_NO_DEVICE ? 0 : 1);
}

static void no_device_said_so(void) {
  char said[512];
  int ends[2];
  if (pipe(ends) != 0) exit(3);
  dup2(ends[1], 2);
  open_driver();
  if (cu.cuInit(0) != CUDA_ERROR_NO_DEVICE) exit(1);
  ssize_t n = read(ends[0], said, sizeof said - 1);
  said[n > 0 ? n : 0] = 0;
  exit(strchr(said, '\n') == said + n - 1 && strstr(said, "no_such_key") ? 0 : 1);
}

static void own_rate_is_no_number(void) {
  setenv("GVB_EMULATED_RATE", "fast", 1);
  no_device();
}

static void hidden_device(void) {
  setenv("CUDA_VISIBLE_DEVICES", "-1", 1);
  no_device();
}

static void device_by_uuid(void) {
  setenv("CUDA_VISIBLE_DEVICES", "GPU-e0000000-0000-4000-8000-000000000200", 1);
  open_context();
  exit(0);
}

static void no_machine(void) {
  unsetenv("GVB_EMULATED");
  no_device();
}

static void expect(const char *text, void (*body)(void), int status, const char *what) {
  new_machine(text);
  int got = in_child(body);
  if (got == LATE)
    check_in_time(false, "%s", what);
  else
    check(got == status, "%s (status %d, expected %d)", what, got, status);
}

int main(void) {
  expect("latency.cuStreamQuery 50000", latency, 0, "latency.cuStreamQuery adds 50 us");
  expect("fail.cuMemAlloc_v2 2:2", fails_once, 0, "fail n:code fails call n alone");
  expect("fail.cuMemAlloc_v2 2+:2", fails_onwards, 0, "fail n+:code fails all calls from n");
  expect("hang.cuStreamQuery 2", hangs, -SIGALRM, "hang n never returns");
  expect("sticky.cuStreamQuery 1:719", sticks, 0, "sticky n:code answers for every call until the context is reset");
  expect("", free_waits, 0, "a free waits for queued work");
  expect("free_waits 0", free_does_not_wait, 0, "free_waits 0: a free does not wait");
  expect("meminfo_lie 1048576", information_lies, 0, "meminfo_lie adds to what cuMemGetInfo claims");
  expect("corrupt_copy 1", copy_loses_a_page, 0, "corrupt_copy 1: the first copy loses its last page");
  expect("jitter 0\nsm_clock 1000000000\nrate 0.5", rate_is_less, 0, "rate 0.5 doubles a kernel's time");
  expect("jitter 0\nsm_clock 1000000000", own_rate_is_half, 0, "GVB_EMULATED_RATE=0.5 doubles it for one process");
  expect("jitter 0\nsm_clock 1000000000", own_rate_costs_3_percent, 0, "GVB_EMULATED_RATE=0.9709 costs it 3 %");
  expect("", own_rate_is_no_number, 0, "GVB_EMULATED_RATE=fast: no device");
  expect("jitter 0\nsm_clock 1000000000\nschedule side-by-side\nsm_share 0.5", rate_is_less, 0,
         "sm_share 0.5 gives half of the multiprocessors");
  expect("jitter 0\nsm_clock 1000000000\nthrottle.after 0.3\nthrottle.factor 0.5", throttles, 0,
         "throttle.factor acts after throttle.after seconds");
  expect("launch_to_start 500000", starts_late, 0, "launch_to_start moves the start of a kernel");
  expect("", names_its_keys, 0, "gvb_emulated_keys lists keys and families");
  expect("no_such_key 1", no_device_said_so, 0, "an unknown key: no device, and one line that names it");
  expect("jitter much", no_device, 0, "a value that is no number: no device");
  expect("latency.cuNothing 1", no_device, 0, "a fault of a function that does not exist: no device");
  expect("", hidden_device, 0, "CUDA_VISIBLE_DEVICES=-1 hides the device");
  expect("", device_by_uuid, 0, "CUDA_VISIBLE_DEVICES may be the UUID");
  expect("", no_machine, 0, "without GVB_EMULATED there is no device");
  return summary();
}
