/* What depends on which process is the first, or on which one this is: the same in each run, in whatever order the
 * processes join the machine. In virtual time. */
#include "tenants.h"

enum { PAIR = 2, CALLS = 400 };

/* ---- clients ---- */

/* Kernels that fill the device for 40 ms, many slices, in 10 s. */
static int64_t kernels(void) {
  const int64_t begin = machine->now();
  int64_t done = 0;
  for (; machine->now() - begin < 10LL * SECOND; done++) {
    compute(s[0], ALL, 40);
    MUST(cu.cuStreamSynchronize(s[0]));
  }
  return done;
}

/* Names the calls that failed. */
static int64_t failures(void) {
  uint64_t digest = 1;
  for (int k = 1; k <= CALLS; k++)
    if (cu.cuStreamQuery(s[0]) != CUDA_SUCCESS) digest = (digest ^ (uint64_t)k) * 0x100000001b3ull;
  return (int64_t)(digest >> 1);
}

static int role(const char *text) {
  char name[16], go;
  int rank;
  if (sscanf(text, "%15s %d", name, &rank) != 2) return 3;
  prepare(NULL);
  for (int k = 0; k < 3 * rank; k++) cu.cuStreamQuery(s[0]); /* what came before the start counts for nothing */
  printf("%d\n", rank);
  fflush(stdout);
  if (read(0, &go, 1) != 1) return 3;
  tenant_enter(PAIR, rank);
  const int64_t seen = strcmp(name, "kernels") == 0 ? kernels() : failures();
  machine->leave();
  printf("%lld\n", (long long)seen);
  return 0;
}

/* ---- in the parent ---- */

/* Two tenants, of which `first` joins the machine before the other; what each sees. */
static void joined(const char *config, const char *name, int first, int64_t seen[PAIR]) {
  FILE *out[PAIR];
  pid_t pid[PAIR];
  int input[2];
  char text[32];
  new_machine(config);
  if (pipe(input) != 0) exit(3);
  dup2(input[0], 0);
  for (int k = 0; k < PAIR; k++) {
    const int rank = k == 0 ? first : 1 - first;
    snprintf(text, sizeof text, "%s %d", name, rank);
    pid[rank] = start_client(text, &out[rank]);
    read_number(out[rank]);
  }
  if (write(input[1], "\n\n", 2) != 2) exit(3);
  for (int k = 0; k < PAIR; k++) {
    seen[k] = read_number(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
  close(input[0]);
  close(input[1]);
}

static void unfairness(void) {
  int64_t seen[PAIR];
  for (int first = 0; first < PAIR; first++) {
    joined(EXACT "switch_ns 0\nunfair 3\n", "kernels", first, seen);
    check(llabs(seen[0] - 187) <= 2 && llabs(seen[1] - 63) <= 3,
          "unfair 3: the tenant of the lowest rank has three times as much, number %d joined first: %lld and %lld",
          first, (long long)seen[0], (long long)seen[1]);
  }
}

static void injection(void) {
  int64_t seen[PAIR][PAIR];
  for (int first = 0; first < PAIR; first++)
    joined(EXACT "inject.cuStreamQuery code=2 probability=0.1 seed=7\n", "failures", first, seen[first]);
  for (int k = 0; k < PAIR; k++)
    check(seen[0][k] == seen[1][k], "tenant %d meets the same errors, whichever joins first", k);
  check(seen[0][0] != seen[0][1], "the tenants meet different ones");
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  unfairness();
  injection();
  return summary();
}
