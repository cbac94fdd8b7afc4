/* MPS with static partitions: the daemon's commands, and clients that have multiprocessors of their own. */
#include "daemon.h"
#include "tenants.h"

enum { BLOCKS = 200, ROW = 3, PART = 64 };

#define DEVICE "GPU-e0000000-0000-4000-8000-000000000200"

/* ---- clients ---- */

static int answer(int64_t number) {
  printf("%lld\n", (long long)number);
  fflush(stdout);
  return 0;
}

static int init_result(void) {
  open_driver();
  return answer((int64_t)cu.cuInit(0));
}

static int sm_count(void) {
  int count = 0;
  open_context();
  MUST(cu.cuDeviceGetAttribute(&count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
  return answer(count);
}

/* 1000 x the first multiprocessor that runs its blocks + the last. */
static int smids(void) {
  uint64_t words[BLOCKS * (1 + ROW)], capacity = 1, ns = 100000, gap = 5000, first = ALL, last = 0;
  CUdeviceptr counts;
  open_context();
  MUST(cu.cuMemAlloc_v2(&counts, sizeof words));
  CUdeviceptr segments = counts + 8 * BLOCKS;
  launch("gvb_fingerprint", BLOCKS, 32, (void *[]){&counts, &segments, &capacity, &ns, &gap});
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(words, counts, sizeof words));
  for (int k = 0; k < BLOCKS; k++) {
    const uint64_t sm = words[BLOCKS + ROW * k];
    first = sm < first ? sm : first;
    last = sm > last ? sm : last;
  }
  return answer((int64_t)(1000 * first + last));
}

/* Kernels that fill the partition for 1 ms, in 1 s, as one of two. */
static int saturate(int rank) {
  prepare(NULL);
  machine->enter(&(gvb_start){2, rank, 0, rank}, NULL);
  const int64_t begin = machine->now();
  int64_t done = 0;
  for (; machine->now() - begin < SECOND; done++) {
    compute(s[0], PART, 1);
    MUST(cu.cuStreamSynchronize(s[0]));
  }
  machine->leave();
  return answer(done);
}

static int stay(void) {
  open_context();
  answer(0);
  pause();
  return 0;
}

static int role(const char *name) {
  if (strcmp(name, "init") == 0) return init_result();
  if (strcmp(name, "sms") == 0) return sm_count();
  if (strcmp(name, "smids") == 0) return smids();
  if (strcmp(name, "stay") == 0) return stay();
  return saturate(atoi(name));
}

static int64_t ask(const char *what) {
  FILE *out;
  pid_t pid = start_client(what, &out);
  int64_t number = read_number(out);
  fclose(out);
  waitpid(pid, NULL, 0);
  return number;
}

static void equal(int64_t found, int64_t expected, const char *what) {
  check(found == expected, "%s: %lld, expected %lld", what, (long long)found, (long long)expected);
}

static void choose(const char *partition) { setenv("CUDA_MPS_SM_PARTITION", partition, 1); }

/* ---- the tests ---- */

static void answers(const char *command, const char *expected) {
  const char *found = say(command);
  check(strncmp(found, expected, strlen(expected)) == 0, "%s: %s", command, found);
}

static void commands(void) {
  answers("sm_partition add " DEVICE " 8", "Partition " DEVICE "/P1 created");
  answers("sm_partition add " DEVICE " 8", "Partition " DEVICE "/P2 created");
  answers("sm_partition add " DEVICE " 1", "Failed to create a partition of 1 chunks: the device has 16, of 8 SMs");
  answers("sm_partition add GPU-other 1", "Failed to create a partition: there is no device");
  answers("sm_partition rm " DEVICE " P9", "Failed to remove");
  answers("sm_partition rm " DEVICE " P2", "Partition " DEVICE "/P2 removed");
  answers("sm_partition add " DEVICE " 8", "Partition " DEVICE "/P3 created");
  answers("sm_partition", "the emulated MPS has no command");
  answers("lspart", "GPU");
}

static void clients(void) {
  unsetenv("CUDA_MPS_SM_PARTITION");
  equal(ask("init"), CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION, "a client without a partition");
  choose(DEVICE "/P2");
  equal(ask("init"), CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION, "a client with one that is gone");
  setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "25", 1);
  choose(DEVICE "/P1");
  equal(ask("sms"), PART, "a client sees the multiprocessors of its partition, whatever the percentage");
  unsetenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE");
  equal(ask("smids"), 63, "and runs on these");
  choose(DEVICE "/P3");
  equal(ask("smids"), 64127, "the next partition has others");
}

static void in_use(void) {
  FILE *out;
  choose(DEVICE "/P3");
  pid_t client = start_client("stay", &out);
  read_number(out);
  answers("sm_partition rm " DEVICE "/P3", "Failed to remove: " DEVICE "/P3 has clients");
  kill(client, SIGKILL);
  waitpid(client, NULL, 0);
  fclose(out);
  answers("sm_partition rm " DEVICE "/P3", "Partition " DEVICE "/P3 removed");
}

/* Each kernel of 1 ms waits for its launch and its synchronization, 4.1 us and more, so that fewer than 1000 fit. */
static void two(const char *first, const char *second, int64_t done[2]) {
  FILE *out[2];
  pid_t pid[2];
  const char *const partition[] = {first, second}, *const rank[] = {"0", "1"};
  for (int k = 0; k < 2; k++) {
    choose(partition[k]);
    pid[k] = start_client(rank[k], &out[k]);
  }
  for (int k = 0; k < 2; k++) {
    done[k] = read_number(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
}

static void rates(void) {
  int64_t apart[2], same[2];
  two(DEVICE "/P1", DEVICE "/P3", apart);
  two(DEVICE "/P1", DEVICE "/P1", same);
  for (int k = 0; k < 2; k++) {
    row("MPS, static partitions, kernels of 1 ms in 1 s: a tenant in each", "", 1000, (double)apart[k], 0.01);
    row("MPS, static partitions, kernels of 1 ms in 1 s: two tenants in one", "", 500, (double)same[k], 0.01);
  }
}

/* 50 % are 66 multiprocessors, which hold all 64 blocks at once; 25 % are 34, some of which have two, at half the rate.
 */
static void percentages(void) {
  static const struct {
    const char *percentage;
    double expected;
  } cases[] = {{"50", 1000}, {"25", 500}};
  int64_t n[2];
  for (int c = 0; c < 2; c++) {
    char set[64];
    snprintf(set, sizeof set, "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE=%s", cases[c].percentage);
    setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", cases[c].percentage, 1);
    two("", "", n);
    for (int k = 0; k < 2; k++)
      row("MPS, percentage, kernels of 64 blocks in 1 s, two tenants", set, cases[c].expected, (double)n[k], 0.01);
  }
  unsetenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE");
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  if (!find_program()) return 3;
  new_machine(EXACT);
  pid_t daemon = start_daemon("-S");
  commands();
  clients();
  rates();
  in_use();
  end_daemon(daemon);
  daemon = start_daemon(NULL);
  answers("sm_partition add " DEVICE " 8", "there are no static partitions: start the daemon with -S");
  percentages();
  end_daemon(daemon);
  rmdir(place);
  return summary();
}
