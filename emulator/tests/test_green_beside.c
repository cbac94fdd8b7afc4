/* Green contexts of several processes, and beside another device. In virtual time. */
#include "tenants.h"

enum { PART = 64 };

/* The group number k of a split into two of 64. */
static CUgreenCtx half(int k) {
  CUdevResource all, part[2];
  CUdevResourceDesc description;
  CUgreenCtx made;
  unsigned int groups = 2;
  MUST(cu.cuDeviceGetDevResource(0, &all, CU_DEV_RESOURCE_TYPE_SM));
  MUST(cu.cuDevSmResourceSplitByCount(part, &groups, &all, NULL, 0, PART));
  MUST(cu.cuDevResourceGenerateDesc(&description, &part[k], 1));
  MUST(cu.cuGreenCtxCreate(&made, description, 0, CU_GREEN_CTX_DEFAULT_STREAM));
  return made;
}

/* "1 0": as rank 1 of two, on group 0: kernels that fill it for 1 ms, in 1 s. Negative: is killed in the middle. */
static int role(const char *text) {
  int rank, group;
  if (sscanf(text, "%d %d", &rank, &group) != 2) return 3;
  prepare(NULL);
  MUST(cu.cuGreenCtxStreamCreate(&s[0], half(group < 0 ? 0 : group), CU_STREAM_NON_BLOCKING, 0));
  machine->enter(&(gvb_start){2, rank, 0, rank}, NULL);
  const int64_t begin = machine->now();
  int done = 0;
  for (; machine->now() - begin < SECOND; done++) {
    compute(s[0], PART, 1);
    if (group < 0 && done == 250) raise(SIGKILL);
    MUST(cu.cuStreamSynchronize(s[0]));
  }
  machine->leave();
  printf("%d\n", done);
  return 0;
}

static void two(const char *config, const char *first, const char *second, int64_t done[2]) {
  FILE *out[2];
  pid_t pid[2];
  new_machine(config);
  pid[0] = start_client(first, &out[0]);
  pid[1] = start_client(second, &out[1]);
  for (int k = 0; k < 2; k++) {
    done[k] = read_number(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
}

/* Kernels in 1 s of two tenants; launch and synchronization cost a few of 1000. */
static void rates(const char *config, const char *second, const char *kind, double expected) {
  int64_t n[2];
  two(config, "0 0", second, n);
  for (int k = 0; k < 2; k++) row(kind, "", expected, (double)n[k], 0.01);
}

static void processes(void) {
  int64_t n[2];
  rates(EXACT "schedule side-by-side\n", "1 1", "green contexts, kernels of 1 ms in 1 s: two tenants, disjoint", 1000);
  rates(EXACT "schedule side-by-side\n", "1 0",
        "green contexts, kernels of 1 ms in 1 s: two tenants, the same multiprocessors", 500);
  rates(EXACT "switch_ns 0\n", "1 1", "green contexts, kernels of 1 ms in 1 s: two tenants in turns, disjoint", 500);
  two(EXACT "schedule side-by-side\n", "0 -1", "1 0", n);
  check(n[0] == -1, "one that is killed");
  row("green contexts, kernels of 1 ms in 1 s: beside one that is killed at 0.5 s", "", 750, (double)n[1], 0.01);
}

/* What the primary context may reach, its green contexts may. */
static void peers(void) {
  CUcontext other, converted;
  CUdeviceptr there;
  uint64_t words = 512, one_word = 0;
  prepare(NULL);
  MUST(cu.cuMemsetD8_v2(counter, 0, 8));
  CUgreenCtx green = half(0);
  MUST(cu.cuGreenCtxStreamCreate(&s[0], green, CU_STREAM_NON_BLOCKING, 0));
  MUST(cu.cuDevicePrimaryCtxRetain(&other, 1));
  MUST(cu.cuCtxSetCurrent(other));
  MUST(cu.cuMemAlloc_v2(&there, 8 * words));
  MUST(cu.cuMemsetD8_v2(there, 1, 8 * words));
  MUST(cu.cuCtxSynchronize());
  MUST(cu.cuCtxFromGreenCtx(&converted, green));
  MUST(cu.cuCtxSetCurrent(converted));
  MUST(cu.cuCtxEnablePeerAccess(other, 0));
  void *arguments[] = {&there, &words, &counter};
  MUST(cu.cuLaunchKernel(function("gvb_sum"), 64, 1, 1, 256, 1, 1, 0, s[0], arguments, NULL));
  MUST(cu.cuStreamSynchronize(s[0]));
  MUST(cu.cuMemcpyDtoH_v2(&one_word, counter, 8));
  exit(one_word == 512 * 0x0101010101010101u ? 0 : 1);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  processes();
  scenario(EXACT "devices 2\n", peers, "a green context reaches the peers of its primary context");
  return summary();
}
