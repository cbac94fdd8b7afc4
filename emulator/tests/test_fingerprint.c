/* gvb_fingerprint: what two processes see of the schedule they share. */
#include "harness.h"

enum { CAPACITY = 64, BLOCKS = 4, MOST = BLOCKS * CAPACITY };

#define MILLISECOND 1000000LL
#define QUIET "clock virtual\njitter 0\nsm_count 4\nglobaltimer_offset 0\nglobaltimer_step 1\n"

typedef struct segment {
  int64_t block, sm, begin, end;
} segment;

typedef struct log {
  segment segments[MOST];
  int count;
} log;

static log fingerprint(unsigned int blocks, uint64_t ns, uint64_t gap, uint64_t capacity) {
  static uint64_t words[BLOCKS * (1 + 3 * CAPACITY)];
  log seen = {.count = 0};
  CUdeviceptr counts;
  MUST(cu.cuMemAlloc_v2(&counts, sizeof words));
  CUdeviceptr segments = counts + 8 * blocks;
  launch("gvb_fingerprint", blocks, 32, (void *[]){&counts, &segments, &capacity, &ns, &gap});
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(words, counts, sizeof words));
  MUST(cu.cuMemFree_v2(counts));
  for (unsigned int b = 0; b < blocks; b++)
    for (uint64_t k = 0; k < words[b]; k++) {
      const uint64_t *row = words + blocks + 3 * (b * capacity + k);
      seen.segments[seen.count++] = (segment){b, (int64_t)row[0], (int64_t)row[1], (int64_t)row[2]};
    }
  return seen;
}

/* A client: prints what one kernel of 21 ms saw that began together with the other's. */
static int watch(int rank) {
  open_context();
  const gvb_machine_clock *machine = machine_clock();
  machine->enter(&(gvb_start){2, rank, 0, rank}, NULL);
  log seen = fingerprint(2, 21 * MILLISECOND, 5000, CAPACITY);
  machine->leave();
  printf("%d\n", seen.count);
  for (int k = 0; k < seen.count; k++)
    printf("%lld %lld %lld %lld\n", (long long)seen.segments[k].block, (long long)seen.segments[k].sm,
           (long long)seen.segments[k].begin, (long long)seen.segments[k].end);
  return 0;
}

static log read_log(FILE *from) {
  log seen = {.count = (int)read_number(from)};
  for (int k = 0; k < seen.count; k++) {
    segment *s = &seen.segments[k];
    s->block = read_number(from);
    s->sm = read_number(from);
    s->begin = read_number(from);
    s->end = read_number(from);
  }
  return seen;
}

static void two(const char *config, log seen[2]) {
  FILE *out[2];
  pid_t pid[2];
  new_machine(config);
  for (int k = 0; k < 2; k++) pid[k] = start_client(k ? "1" : "0", &out[k]);
  for (int k = 0; k < 2; k++) {
    seen[k] = read_log(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
}

/* Nanoseconds that the first blocks of both ran at once. */
static int64_t together(const log *a, const log *b) {
  int64_t sum = 0;
  for (int i = 0; i < a->count; i++)
    for (int j = 0; j < b->count; j++) {
      const segment *x = &a->segments[i], *y = &b->segments[j];
      int64_t begin = x->begin > y->begin ? x->begin : y->begin, end = x->end < y->end ? x->end : y->end;
      if (x->block == 0 && y->block == 0 && end > begin) sum += end - begin;
    }
  return sum;
}

static void slices(void) {
  log seen[2];
  two(QUIET "switch_ns 100000\n", seen);
  for (int k = 0; k < 2; k++) {
    int count = seen[k].count / 2, whole = 0;
    for (int s = 1; s + 1 < count; s++) {
      const segment *one = &seen[k].segments[s], *before = one - 1;
      whole += one->end - one->begin == 2 * MILLISECOND && one->begin - before->end == 2200000;
    }
    check(count >= 5 && whole >= count - 4, "time slices: %d segments, %d of them a slice after a neighbor's", count,
          whole);
    check(seen[k].segments[count - 1].end - seen[k].segments[0].begin >= 21 * MILLISECOND,
          "and the block waits for all of its time");
  }
  check(together(&seen[0], &seen[1]) == 0, "time slices: never together");
}

static void whole(const char *config, bool apart) {
  log seen[2];
  two(config, seen);
  check(seen[0].count == 2 && seen[1].count == 2, "side by side: a segment a block");
  check(together(&seen[0], &seen[1]) > 20 * MILLISECOND, "side by side: together");
  bool same = seen[0].segments[0].sm == seen[1].segments[0].sm && seen[0].segments[1].sm == seen[1].segments[1].sm;
  check(same != apart, "on %s multiprocessors", apart ? "different" : "the same");
}

static void alone(void) {
  new_machine(QUIET);
  open_context();
  log seen = fingerprint(4, MILLISECOND, 5000, CAPACITY);
  check(seen.count == 4, "alone, a segment a block");
  for (int k = 0; k < 4; k++) {
    const segment *s = &seen.segments[k];
    check(s->sm == k && s->end - s->begin == MILLISECOND, "block %d runs on SM %lld for its time", k, (long long)s->sm);
  }
}

int main(int argc, char **argv) {
  if (argc > 1) return watch(atoi(argv[1]));
  slices();
  whole(QUIET "schedule side-by-side\n", false);
  whole(QUIET "schedule side-by-side\nsm_share 0.5\n", true);
  alone();
  return summary();
}
