/* Errors by rule: which calls fail is a function of the seed and of the call; of a start, see test_ranks.c. */
#include "harness.h"

enum { CALLS = 1000 };

static int failing_calls(void) {
  uint64_t digest = 1;
  int64_t failed = 0, first = 0;
  open_context();
  for (int k = 1; k <= CALLS; k++) {
    if (cu.cuStreamQuery(stream) == CUDA_SUCCESS) continue;
    failed++;
    if (!first) first = k;
    digest = (digest ^ (uint64_t)k) * 0x100000001b3ull;
  }
  printf("%lld\n%lld\n%lld\n", (long long)failed, (long long)first, (long long)(digest >> 1));
  return 0;
}

typedef struct failures {
  int64_t count, first, digest;
} failures;

static failures of_a_process(void) {
  FILE *out;
  failures f;
  pid_t pid = start_client("query", &out);
  f.count = read_number(out);
  f.first = read_number(out);
  f.digest = read_number(out);
  waitpid(pid, NULL, 0);
  fclose(out);
  return f;
}

static failures of_a_machine(const char *rule) {
  char text[200];
  snprintf(text, sizeof text, "inject.cuStreamQuery %s\n", rule);
  new_machine(text);
  return of_a_process();
}

static void a_seed_decides(void) {
  const failures one = of_a_machine("code=2 probability=0.1 seed=7"), next = of_a_process();
  const failures same = of_a_machine("code=2,probability=0.1,seed=7");
  const failures other = of_a_machine("code=2 probability=0.1 seed=8");
  check(one.count == same.count && one.digest == same.digest, "the same seed: the same %lld calls",
        (long long)one.count);
  check(one.digest != other.digest, "another seed: others");
  check(one.digest == next.digest, "and in the machine's next process");
  /* five standard deviations of 1000 draws */
  check(one.count >= 53 && one.count <= 147 && next.count >= 53 && next.count <= 147 && other.count >= 53 &&
            other.count <= 147,
        "about a tenth of 1000: %lld, %lld and %lld", (long long)one.count, (long long)next.count,
        (long long)other.count);
}

static void counts_decide(void) {
  failures f = of_a_machine("code=2 after_calls=10");
  check(f.count == CALLS - 10 && f.first == 11, "after_calls=10: from call 11 on, each");
  f = of_a_machine("code=2 after_calls=200 probability=0.5");
  check(f.first > 200 && f.count > 320 && f.count < 480, "and with a probability: %lld of 800", (long long)f.count);
  f = of_a_machine("code=2 probability=0");
  check(f.count == 0, "probability=0: none");
}

/* In virtual time one query of busy work stands for many, of 200 ns each: which of them was the first to fail? */
static int first_of_looks(void) {
  enum { QUERY = 200 };
  uint64_t iterations = 62500, kernels = 50; /* of 4 ms */
  CUdeviceptr p;
  float one = 1;
  CUresult result;
  open_context();
  MUST(cu.cuMemAlloc_v2(&p, 4096));
  const gvb_machine_clock *machine = machine_clock();
  while (kernels-- > 0) launch("gvb_fma", 132 * 8, 256, (void *[]){&iterations, &one, &one, &p});
  const int64_t begin = machine->now();
  while ((result = cu.cuStreamQuery(stream)) == CUDA_ERROR_NOT_READY) continue;
  printf("%lld\n", (long long)(result == 2 ? (machine->now() - begin) / QUERY : -1));
  return 0;
}

static void looks_count(const char *rule, int64_t first) {
  char text[200];
  FILE *out;
  snprintf(text, sizeof text, "clock virtual\njitter 0\nsm_clock 1000000000\n%s\n", rule);
  new_machine(text);
  const pid_t pid = start_client("look", &out);
  const int64_t seen = read_number(out);
  waitpid(pid, NULL, 0);
  fclose(out);
  check(seen == first, "%s, in virtual time: look %lld fails, expected %lld", rule, (long long)seen, (long long)first);
}

static void sticks(void) {
  CUdeviceptr p;
  open_context();
  NEED(cu.cuStreamQuery(stream) == CUDA_SUCCESS && cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS);
  NEED(cu.cuStreamQuery(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
  NEED(cu.cuMemAlloc_v2(&p, 64) == CUDA_ERROR_ILLEGAL_ADDRESS);
  exit(0);
}

static void does_not_stick(void) {
  CUdeviceptr p;
  open_context();
  NEED(cu.cuStreamQuery(stream) == CUDA_SUCCESS && cu.cuStreamQuery(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
  NEED(cu.cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS);
  exit(0);
}

static const char *expected;

static void is_refused(void) {
  char said[512];
  int ends[2];
  if (pipe(ends) != 0) exit(3);
  dup2(ends[1], 2);
  open_driver();
  if (cu.cuInit(0) != CUDA_ERROR_NO_DEVICE) exit(1);
  const ssize_t n = read(ends[0], said, sizeof said - 1);
  said[n > 0 ? n : 0] = 0;
  exit(strchr(said, '\n') == said + n - 1 && strstr(said, expected) ? 0 : 1);
}

static void refuse(const char *rule, const char *sentence) {
  char text[200];
  snprintf(text, sizeof text, "inject.cuStreamQuery %s\n", rule);
  new_machine(text);
  expected = sentence;
  check(in_child(is_refused) == 0, "'%s' is refused: %s", rule, sentence);
}

int main(int argc, char **argv) {
  if (argc > 1) return strcmp(argv[1], "look") == 0 ? first_of_looks() : failing_calls();
  a_seed_decides();
  counts_decide();
  new_machine("inject.cuStreamQuery code=700 after_calls=1 sticky=1");
  check(in_child(sticks) == 0, "sticky=1: then every call of the process");
  new_machine("inject.cuStreamQuery code=700 after_calls=1");
  check(in_child(does_not_stick) == 0, "otherwise that function alone");
  looks_count("inject.cuStreamQuery code=2 after_calls=100000", 100001);
  looks_count("fail.cuStreamQuery 5001:2", 5001);
  looks_count("sticky.cuStreamQuery 123457:2", 123457);
  looks_count("inject.cuStreamQuery code=2 probability=0.002 seed=7",
              of_a_machine("code=2 probability=0.002 seed=7").first);
  refuse("code=2 colour=1", "'colour=1' is no value for inject.cuStreamQuery");
  refuse("code=2,probability=2", "'probability=2' is no value");
  refuse("code=2 sticky=maybe", "'sticky=maybe' is no value");
  refuse("probability=0.5", "'probability=0.5' is no value");
  return summary();
}
