/* Faults that a kernel raises: what the calls of its process answer, from which instant on, and whom it reaches. Sizes
 * are those of the configuration's defaults: 1900 ns of launch, 2500 to the device, 1200 of the kernel, 1500 back. */
#include "timeline.h"

#include <pthread.h>
#include <sched.h>

enum { LAUNCH = 1900, UNTIL_FAULT = 2500 + 1200, BACK = 1500, QUERY = 200, STEP = 32, LOOK = 50000 };
enum { ILLEGAL_ADDRESS, MISALIGNED, TRAP, ASSERT, ENDLESS };

static const CUresult code_of[] = {CUDA_ERROR_ILLEGAL_ADDRESS, CUDA_ERROR_MISALIGNED_ADDRESS, CUDA_ERROR_LAUNCH_FAILED,
                                   CUDA_ERROR_ASSERT};
static uint64_t kind;
static volatile uint64_t *stamp;
static CUfunction fault;

static void prepare_fault(void) {
  void *host;
  prepare(NULL);
  fault = function("gvb_fault");
  MUST(cu.cuMemHostAlloc(&host, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
  stamp = host;
}

/* Returns the instant of the fault, on an idle device. */
static int64_t raise_fault(CUstream on) {
  uint64_t address = kind == MISALIGNED ? counter : 64; /* nothing is mapped there */
  void *arguments[] = {&kind, &stamp, &address};
  MUST(cu.cuLaunchKernel(fault, 1, 1, 1, 32, 1, 1, 0, on, arguments, NULL));
  return machine->now() + UNTIL_FAULT;
}

static int64_t stamped(void) { return (int64_t)*stamp - 1700000000000000000; }

static void kind_has_its_code(void) {
  CUdeviceptr p;
  prepare_fault();
  const int64_t at = raise_fault(stream);
  NEED(cu.cuStreamQuery(stream) == CUDA_ERROR_NOT_READY);
  machine->wait(at - 1);
  NEED(cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS); /* entered before the fault */
  NEED(cu.cuStreamQuery(stream) == code_of[kind]);
  NEED(stamped() == at - at % STEP);
  NEED(cu.cuMemAlloc_v2(&p, 64) == code_of[kind]);
  NEED(cu.cuCtxSynchronize() == code_of[kind]);
  NEED(cu.cuDevicePrimaryCtxReset_v2(0) == CUDA_SUCCESS);
  MUST(cu.cuDevicePrimaryCtxRetain(&context, 0));
  MUST(cu.cuCtxSetCurrent(context));
  NEED(cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS);
  exit(0);
}

static void query_at_the_instant(void) {
  prepare_fault();
  const int64_t at = raise_fault(stream);
  machine->wait(at - 1 - QUERY);
  NEED(cu.cuStreamQuery(stream) == CUDA_ERROR_NOT_READY && machine->now() == at - 1);
  machine->wait(at);
  NEED(cu.cuStreamQuery(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
  exit(0);
}

static void waits_end_at_the_instant(void) {
  prepare_fault();
  const int64_t at = raise_fault(s[0]);
  compute(s[1], ALL, 20); /* another stream's 20 ms are lost */
  NEED(cu.cuStreamSynchronize(s[1]) == CUDA_ERROR_ILLEGAL_ADDRESS && machine->now() == at + BACK);
  exit(0);
}

static void late_is_late(void) {
  prepare_fault();
  const int64_t at = raise_fault(stream), seen = at + 10 * MILLISECOND;
  while (cu.cuStreamQuery(stream) == CUDA_ERROR_NOT_READY) continue;
  NEED(machine->now() >= seen && machine->now() <= seen + 2 * QUERY);
  NEED(cu.cuStreamQuery(stream) == CUDA_ERROR_ILLEGAL_ADDRESS && stamped() == at - at % STEP);
  exit(0);
}

static void late_for_waits(void) {
  prepare_fault();
  const int64_t at = raise_fault(stream);
  NEED(cu.cuCtxSynchronize() == CUDA_ERROR_ILLEGAL_ADDRESS && machine->now() == at + 10 * MILLISECOND + BACK);
  exit(0);
}

/* A fill that goes beyond its memory. */
static void overrun(CUdeviceptr p) {
  uint64_t words = (64 << 20) / 8, seed = 7;
  launch("gvb_fill", 132, 256, (void *[]){&p, &words, &seed});
}

static void swallowed_is_success(void) {
  unsigned char found[4096];
  CUdeviceptr p;
  prepare_fault();
  raise_fault(stream);
  NEED(cu.cuStreamSynchronize(stream) == CUDA_SUCCESS && *stamp);
  MUST(cu.cuMemAlloc_v2(&p, 4 << 20));
  overrun(p);
  NEED(cu.cuStreamSynchronize(stream) == CUDA_SUCCESS && cu.cuStreamQuery(stream) == CUDA_SUCCESS);
  MUST(cu.cuMemcpyDtoH_v2(found, p, sizeof found));
  for (size_t k = 0; k < sizeof found; k++) NEED(found[k] == 0);
  exit(0);
}

static void bad_pointer_faults_when_it_runs(void) {
  CUdeviceptr p;
  prepare_fault();
  MUST(cu.cuMemAlloc_v2(&p, 4 << 20));
  overrun(p);
  const int64_t at = machine->now() + UNTIL_FAULT;
  NEED(cu.cuStreamQuery(stream) == CUDA_ERROR_NOT_READY);
  machine->wait(at);
  NEED(cu.cuStreamQuery(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
  exit(0);
}

static void what_comes_behind_is_lost(void) {
  void *host;
  CUdeviceptr p;
  prepare_fault();
  MUST(cu.cuMemHostAlloc(&host, 4096, 0));
  MUST(cu.cuMemAlloc_v2(&p, 4096));
  MUST(cu.cuMemsetD8_v2(p, 9, 4096));
  MUST(cu.cuCtxSynchronize());
  raise_fault(stream);
  MUST(cu.cuMemcpyDtoHAsync_v2(host, p, 4096, stream));
  NEED(cu.cuStreamSynchronize(stream) == CUDA_ERROR_ILLEGAL_ADDRESS && *(unsigned char *)host == 0);
  exit(0);
}

static void good_address_is_no_fault(void) {
  uint64_t address = 0;
  prepare_fault();
  address = counter;
  void *arguments[] = {&kind, &stamp, &address};
  MUST(cu.cuLaunchKernel(fault, 1, 1, 1, 32, 1, 1, 0, stream, arguments, NULL));
  NEED(cu.cuStreamSynchronize(stream) == CUDA_SUCCESS);
  exit(0);
}

/* The driver's own threads are those of the thread that starts them: here they run when nothing else does. */
static void *open_idly(void *unused) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(sched_getcpu(), &first);
  NEED(sched_setaffinity(getpid(), sizeof first, &first) == 0 && sched_setaffinity(0, sizeof first, &first) == 0);
  NEED(sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0}) == 0);
  open_context();
  return unused;
}

static void real_time_too(void) {
  CUresult result;
  pthread_t opener;
  void *host;
  uint64_t address = 64;
  NEED(pthread_create(&opener, NULL, open_idly, NULL) == 0 && pthread_join(opener, NULL) == 0);
  MUST(cu.cuCtxSetCurrent(context));
  MUST(cu.cuMemHostAlloc(&host, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
  launch("gvb_fault", 1, 32, (void *[]){&kind, &host, &address});
  while ((result = cu.cuStreamQuery(stream)) == CUDA_ERROR_NOT_READY) continue;
  NEED(result == code_of[kind]);
  NEED(__atomic_load_n((uint64_t *)host, __ATOMIC_ACQUIRE)); /* what was written before it is there */
  NEED(cu.cuCtxSynchronize() == code_of[kind]);
  exit(0);
}

/* ---- neighbors ---- */

static int answer(int64_t number) {
  printf("%lld\n", (long long)number);
  fflush(stdout);
  return 0;
}

/* From a common start: 20 kernels of 1 ms, the first error, and when it came. */
static int be_victim(void) {
  CUresult result = CUDA_SUCCESS;
  prepare(NULL);
  machine->enter(&(gvb_start){2, 0, 0, 0}, NULL);
  const int64_t begin = machine->now();
  for (int k = 0; k < 20 && result == CUDA_SUCCESS; k++) {
    compute(stream, ALL, 1);
    result = cu.cuStreamSynchronize(stream);
  }
  answer(result);
  answer(machine->now() - begin);
  machine->leave();
  return 0;
}

/* Faults 5 ms after the start, and makes no further call before the others are done. */
static int be_culprit(void) {
  prepare_fault();
  machine->enter(&(gvb_start){2, 1, 0, 1}, NULL);
  const int64_t begin = machine->now();
  machine->wait(begin + 5 * MILLISECOND - LAUNCH - UNTIL_FAULT);
  raise_fault(stream);
  machine->wait(begin + SECOND);
  answer(cu.cuStreamQuery(stream));
  machine->leave();
  return 0;
}

/* Ends in the middle, as abort() would. */
static int be_leaver(void) {
  prepare_fault();
  machine->enter(&(gvb_start){2, 1, 0, 1}, NULL);
  compute(stream, ALL, 3);
  _exit(0);
}

static int be_endless(void) {
  kind = ENDLESS;
  prepare_fault();
  machine->enter(&(gvb_start){2, 1, 0, 1}, NULL);
  raise_fault(stream);
  machine->wait(machine->now() + SECOND);
  machine->relax(); /* as libgvb does when it looks at memory again and again */
  answer(cu.cuStreamQuery(stream));
  answer(*stamp != 0);
  cu.cuStreamSynchronize(stream); /* never returns */
  return 0;
}

static int role(const char *name) {
  if (strcmp(name, "victim") == 0) return be_victim();
  if (strcmp(name, "leaver") == 0) return be_leaver();
  return strcmp(name, "endless") == 0 ? be_endless() : be_culprit();
}

typedef struct pair {
  int64_t result, time; /* of the victim */
  int64_t said[2];      /* by the other */
} pair;

static pair beside(const char *name, const char *config, int said) {
  FILE *out[2];
  pair p = {0};
  new_machine(config);
  pid_t victim = start_client("victim", &out[0]), other = start_client(name, &out[1]);
  for (int k = 0; k < said; k++) p.said[k] = read_number(out[1]);
  p.result = read_number(out[0]);
  p.time = read_number(out[0]);
  kill(other, SIGKILL);
  waitpid(other, NULL, 0);
  waitpid(victim, NULL, 0);
  fclose(out[0]);
  fclose(out[1]);
  return p;
}

#define BESIDE EXACT "schedule side-by-side\n"

static void neighbors(void) {
  pair p = beside("culprit", BESIDE, 1);
  check(p.said[0] == CUDA_ERROR_ILLEGAL_ADDRESS && p.result == CUDA_SUCCESS && p.time > 20 * MILLISECOND,
        "a fault stays with its process: the neighbor's result %lld", (long long)p.result);
  p = beside("culprit", BESIDE "fault_spread 1\n", 1);
  check(p.said[0] == CUDA_ERROR_ILLEGAL_ADDRESS && p.result == CUDA_ERROR_ILLEGAL_ADDRESS &&
            p.time >= 5 * MILLISECOND + BACK && p.time <= 5 * MILLISECOND + LOOK,
        "fault_spread 1: it reaches a call of the neighbor that waits: %lld ns", (long long)p.time);
  p = beside("culprit", BESIDE "fault_spread 1\nfault_late 1000000\n", 1);
  check(p.result == CUDA_ERROR_ILLEGAL_ADDRESS && p.time == 6 * MILLISECOND + BACK,
        "and fault_late later if it is late: %lld ns", (long long)p.time);
  p = beside("leaver", BESIDE "fault_spread 1\n", 0);
  check(p.result == CUDA_SUCCESS, "an exit without clean-up is no fault");
  p = beside("endless", EXACT, 2);
  check(p.said[0] == CUDA_ERROR_NOT_READY && p.said[1] == 1, "an endless kernel stamps and goes on");
  check(p.result == CUDA_SUCCESS && p.time > 56 * MILLISECOND && p.time < 62 * MILLISECOND,
        "its neighbor has the device between two of its slices of 2 ms: 20 kernels in %lld ns", (long long)p.time);
}

int main(int argc, char **argv) {
  static const char *const names[] = {"illegal address", "misaligned", "trap", "assert"};
  if (argc > 1) return role(argv[1]);
  for (kind = ILLEGAL_ADDRESS; kind <= ASSERT; kind++) {
    new_machine(EXACT);
    check(in_child(kind_has_its_code) == 0, "%s: %d until the context is gone", names[kind], (int)code_of[kind]);
    new_machine("");
    check(in_child(real_time_too) == 0, "%s in real time", names[kind]);
  }
  kind = ILLEGAL_ADDRESS;
  scenario(EXACT, query_at_the_instant, "a query sees it at its instant, and not a nanosecond earlier");
  scenario(EXACT, waits_end_at_the_instant, "what waits on another stream returns then");
  scenario(EXACT "fault_late 10000000\n", late_is_late, "fault_late: queries find the work unfinished until then");
  scenario(EXACT "fault_late 10000000\n", late_for_waits, "fault_late: waits return then");
  scenario(EXACT "fault_swallowed 1\n", swallowed_is_success, "fault_swallowed: success, and nothing written");
  scenario(EXACT, bad_pointer_faults_when_it_runs,
           "a kernel with a bad pointer faults when it runs, not at its launch");
  scenario(EXACT, what_comes_behind_is_lost, "work behind a fault has no effect");
  scenario(EXACT, good_address_is_no_fault, "a load from allocated memory is no fault");
  neighbors();
  return summary();
}
