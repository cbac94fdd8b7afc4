/* Memory of one process as another sees it: never, but with the faults residual_memory and shared_addresses. */
#include "harness.h"

enum { WORDS = (4 << 20) / 8 };
#define MARK 0x5ca1ab1e00000000ull

/* ---- roles: each prints a number for its parent ---- */

static int answer(uint64_t number) {
  printf("%lld\n", (long long)number);
  fflush(stdout);
  return 0;
}

static uint64_t words[WORDS];

/* Leaves marks: "plant" frees them, "exit" ends with them, "hold" waits to be killed. */
static int plant(const char *how) {
  CUdeviceptr p;
  open_context();
  for (uint64_t k = 0; k < WORDS; k++) words[k] = MARK + k;
  MUST(cu.cuMemAlloc_v2(&p, sizeof words));
  MUST(cu.cuMemcpyHtoD_v2(p, words, sizeof words));
  if (strcmp(how, "plant") == 0) MUST(cu.cuMemFree_v2(p));
  answer(p);
  while (strcmp(how, "hold") == 0) pause();
  return 0;
}

/* How many marks lie in 16 MiB that it has not written. */
static int scan(void) {
  CUdeviceptr p;
  uint64_t found = 0;
  open_context();
  for (int round = 0; round < 4; round++) {
    MUST(cu.cuMemAlloc_v2(&p, sizeof words));
    MUST(cu.cuMemcpyDtoH_v2(words, p, sizeof words));
    for (int k = 0; k < WORDS; k++) found += words[k] >> 32 == MARK >> 32;
  }
  return answer(found);
}

/* Reads and writes an address that it does not have; its first answers: those of two copies, and of a kernel. */
static int intrude(CUdeviceptr address) {
  uint64_t kind = 0;
  void *host;
  open_context();
  MUST(cu.cuMemHostAlloc(&host, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
  answer(cu.cuMemcpyDtoH_v2(words, address + 8, 8));
  answer(words[0]);
  words[0] = 77;
  answer(cu.cuMemcpyHtoD_v2(address, words, 8));
  MUST(cu.cuLaunchKernel(function("gvb_fault"), 1, 1, 1, 1, 1, 1, 0, stream, (void *[]){&kind, &host, &address}, NULL));
  return answer(cu.cuStreamSynchronize(stream));
}

/* Owns memory of a pattern, lets the parent act, then counts words that differ. */
static int own(void) {
  CUdeviceptr p, out;
  uint64_t count = WORDS, seed = 3, found[2] = {0, UINT64_MAX};
  open_context();
  MUST(cu.cuMemAlloc_v2(&p, sizeof words));
  MUST(cu.cuMemAlloc_v2(&out, sizeof found));
  launch("gvb_fill", 132, 256, (void *[]){&p, &count, &seed});
  MUST(cu.cuMemcpyHtoD_v2(out, found, sizeof found));
  launch("gvb_checksum", 132, 256, (void *[]){&p, &count, &seed, &out});
  MUST(cu.cuStreamSynchronize(stream));
  answer(p);
  getchar();
  launch("gvb_checksum", 132, 256, (void *[]){&p, &count, &seed, &out});
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(found, out, sizeof found));
  answer(found[0]);
  MUST(cu.cuMemFree_v2(p));
  answer(0);
  getchar();
  return 0;
}

static int role(const char *name) {
  unsigned long long address;
  if (strcmp(name, "scan") == 0) return scan();
  if (strcmp(name, "own") == 0) return own();
  if (sscanf(name, "intrude %llx", &address) == 1) return intrude(address);
  return plant(name);
}

/* ---- in the parent ---- */

static int64_t marks_after(const char *how, const char *config) {
  FILE *out;
  new_machine(config);
  pid_t pid = start_client(how, &out);
  read_number(out);
  if (strcmp(how, "hold") == 0) kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
  pid = start_client("scan", &out);
  const int64_t found = read_number(out);
  waitpid(pid, NULL, 0);
  fclose(out);
  return found;
}

static void residue(void) {
  static const char *const ends[] = {"plant", "exit", "hold"}, *const names[] = {"freed", "left",
                                                                                 "of a killed process"};
  for (int k = 0; k < 3; k++) {
    check(marks_after(ends[k], "") == 0, "memory %s is cleared", names[k]);
    check(marks_after(ends[k], "shared_addresses 1\n") == 0, "with shared_addresses too");
    const int64_t found = marks_after(ends[k], "residual_memory 1\n");
    check(found == WORDS, "residual_memory 1: memory %s is not: %lld marks", names[k], (long long)found);
  }
}

typedef struct intrusion {
  int64_t read, word, write, kernel;
} intrusion;

static intrusion intrude_at(int64_t address) {
  FILE *out;
  char text[64];
  intrusion i;
  snprintf(text, sizeof text, "intrude %llx", (unsigned long long)address);
  pid_t pid = start_client(text, &out);
  i.read = read_number(out);
  i.word = read_number(out);
  i.write = read_number(out);
  i.kernel = read_number(out);
  waitpid(pid, NULL, 0);
  fclose(out);
  return i;
}

static bool is_refused(const intrusion *i) {
  return i->read == CUDA_ERROR_INVALID_VALUE && i->write == CUDA_ERROR_INVALID_VALUE &&
         i->kernel == CUDA_ERROR_ILLEGAL_ADDRESS;
}

static void addresses(const char *config, bool open) {
  FILE *out;
  int input[2];
  new_machine(config);
  if (pipe(input) != 0) exit(3);
  dup2(input[0], 0);
  pid_t owner = start_client("own", &out);
  const int64_t address = read_number(out);
  const intrusion i = intrude_at(address);
  if (write(input[1], "\n", 1) != 1) exit(3);
  const int64_t changed = read_number(out);
  read_number(out);
  const intrusion later = intrude_at(address);
  if (write(input[1], "\n", 1) != 1) exit(3);
  waitpid(owner, NULL, 0);
  fclose(out);
  if (open) {
    check(i.read == CUDA_SUCCESS && i.word != 0 && i.write == CUDA_SUCCESS && i.kernel == CUDA_SUCCESS,
          "shared_addresses 1: copies and kernels reach another's memory");
    check(changed == 1, "and its owner sees what was written: %lld words", (long long)changed);
  } else {
    check(is_refused(&i) && changed == 0, "another's address: an invalid value, or an illegal address%s%s",
          *config ? " with " : "", config);
  }
  check(is_refused(&later), "what its owner has freed is out of reach");
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  residue();
  addresses("", false);
  addresses("residual_memory 1", false);
  addresses("shared_addresses 1", true);
  return summary();
}
