/* What is in memory when a call first tells of a fault: all that ended before it, by the model, whoever saw the fault
 * first. What the application has a part in is not waited for. */
#include "timeline.h"

enum { TRAP = 2, WORDS = 16 << 20, PATIENCE = 30 };

static CUstream other;
static CUdeviceptr host; /* mapped: its effects come at their time */
static _Atomic int entered, told, answer = -1;
static bool in_virtual_time;

static CUdeviceptr mapped(size_t bytes) {
  void *found;
  MUST(cu.cuMemHostAlloc(&found, bytes, CU_MEMHOSTALLOC_DEVICEMAP));
  return (CUdeviceptr)(uintptr_t)found;
}

static void begin(void) {
  alarm(PATIENCE); /* whoever waits for ever is killed */
  open_context();
  MUST(cu.cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  host = mapped(4096);
}

static void fill(CUstream on, CUdeviceptr p, uint64_t words) {
  uint64_t seed = 7;
  MUST(cu.cuLaunchKernel(function("gvb_fill"), 132, 1, 1, 256, 1, 1, 0, on, (void *[]){&p, &words, &seed}, NULL));
}

static void raise_fault(void) {
  uint64_t kind = TRAP, address = 64;
  launch("gvb_fault", 1, 32, (void *[]){&kind, &host, &address});
}

static CUresult first_answer(void) {
  CUresult result;
  while ((result = cu.cuStreamQuery(stream)) == CUDA_ERROR_NOT_READY) continue;
  return result;
}

static uint64_t word(CUdeviceptr p, uint64_t k) { return ((volatile uint64_t *)(uintptr_t)p)[k]; }

static void until_entered(void) {
  while (!entered) usleep(1000);
}

/* The driver's own thread sees the fault meanwhile; the host needs a hundred milliseconds for the fill. */
static void what_ended_before_is_there(void) {
  begin();
  const CUdeviceptr big = mapped((size_t)WORDS * 8);
  fill(other, big, WORDS);
  usleep(2000);
  raise_fault();
  usleep(10000);
  NEED(first_answer() == CUDA_ERROR_LAUNCH_FAILED);
  NEED(word(host, 0) && word(big, WORDS - 1));
  exit(0);
}

static void wait_until_told(void *unused) {
  (void)unused;
  entered = 1;
  while (!told) usleep(1000);
}

/* In virtual time nobody is in it yet: it would be called by the thread that asks. */
static void host_function_is_not_waited_for(void) {
  begin();
  const CUdeviceptr behind = mapped(4096);
  MUST(cu.cuLaunchHostFunc(other, wait_until_told, NULL));
  fill(other, behind, 8);
  if (!in_virtual_time) until_entered();
  raise_fault();
  NEED(first_answer() == CUDA_ERROR_LAUNCH_FAILED && word(host, 0));
  told = 1;
  exit(0);
}

static void ask(void *unused) {
  size_t free_bytes, total;
  (void)unused;
  entered = 1;
  while (!told) usleep(1000);
  answer = (int)cu.cuMemGetInfo_v2(&free_bytes, &total);
}

/* The fault comes long before it asks. */
static void host_function_that_asks_has_its_answer(void) {
  begin();
  MUST(cu.cuLaunchHostFunc(other, ask, NULL));
  until_entered();
  raise_fault();
  usleep(20000);
  told = 1;
  while (answer < 0) usleep(1000);
  NEED(answer == CUDA_ERROR_LAUNCH_FAILED && word(host, 0));
  exit(0);
}

static void in_both_times(void (*body)(void), const char *meaning) {
  in_virtual_time = false;
  new_machine("");
  check(in_child(body) == 0, "%s", meaning);
  in_virtual_time = true;
  new_machine(EXACT);
  check(in_child(body) == 0, "%s, in virtual time", meaning);
}

int main(void) {
  in_both_times(what_ended_before_is_there, "at the first answer, what ended before the fault is in memory");
  in_both_times(host_function_is_not_waited_for, "a host function that waits for the caller is not waited for");
  new_machine("");
  check(in_child(host_function_that_asks_has_its_answer) == 0, "a host function that asks first has its answer");
  return summary();
}
