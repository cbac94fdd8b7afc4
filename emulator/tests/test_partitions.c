/* Sets of multiprocessors: green contexts, disjoint and overlapping. In virtual time, exact. */
#include "timeline.h"

enum { HALF = 64 }; /* what fits twice into 132 in steps of 8 */

static CUgreenCtx green[STREAMS];

static CUdevResource device_resource(void) {
  CUdevResource all;
  MUST(cu.cuDeviceGetDevResource(0, &all, CU_DEV_RESOURCE_TYPE_SM));
  return all;
}

static CUgreenCtx green_of(CUdevResource *resource) {
  CUdevResourceDesc description;
  CUgreenCtx made;
  MUST(cu.cuDevResourceGenerateDesc(&description, resource, 1));
  MUST(cu.cuGreenCtxCreate(&made, description, 0, CU_GREEN_CTX_DEFAULT_STREAM));
  return made;
}

/* Streams first.. of s become those of green contexts with the groups of one split. */
static void split(int first, unsigned int groups, unsigned int size) {
  CUdevResource all = device_resource(), part[STREAMS];
  MUST(cu.cuDevSmResourceSplitByCount(part, &groups, &all, NULL, 0, size));
  for (unsigned int k = 0; k < groups; k++) {
    green[first + (int)k] = green_of(&part[k]);
    MUST(cu.cuGreenCtxStreamCreate(&s[first + (int)k], green[first + (int)k], CU_STREAM_NON_BLOCKING, 0));
  }
}

/* ---- shares ---- */

static void one_half(void) {
  prepare(NULL);
  split(0, 2, HALF);
  close_gate();
  compute_and_record(s[0], 2 * HALF);
  compute_and_record(s[0], HALF);
  END_AT(2, 3);
}

static void two_halves(void) {
  prepare(NULL);
  split(0, 2, HALF);
  close_gate();
  for (int k = 0; k < 4; k++) compute_and_record(s[k % 2], k < 2 ? 2 * HALF : HALF);
  END_AT(2, 2, 3, 3);
}

static void order_in_one(void) {
  prepare(NULL);
  split(0, 2, HALF);
  MUST(cu.cuGreenCtxStreamCreate(&s[2], green[0], CU_STREAM_NON_BLOCKING, -1));
  MUST(cu.cuGreenCtxStreamCreate(&s[3], green[0], CU_STREAM_NON_BLOCKING, 0));
  close_gate();
  compute_and_record(s[0], HALF);
  compute_and_record(s[1], HALF);
  compute_and_record(s[2], HALF);
  compute_and_record(s[3], HALF / 2);
  END_AT(2, 1, 1, 3);
}

static void same_half_twice(void) {
  prepare(NULL);
  split(0, 1, HALF);
  split(1, 1, HALF);
  close_gate();
  compute_and_record(s[0], HALF);
  compute_and_record(s[1], HALF);
  END_AT(2, 2);
}

/* 0 to 63 and 0 to 71: the second has 8 for itself and half of the rest, 40 of 72; when it ends at 1.8 ms, a tenth of
 * the first is left. */
static void unequal_splits(void) {
  prepare(NULL);
  split(0, 1, HALF);
  split(1, 1, HALF + 8);
  close_gate();
  compute_and_record(s[0], HALF);
  compute_and_record(s[1], HALF + 8);
  END_AT(1.9, 1.8);
}

/* 0 to 63 and 32 to 95: each has 32 and half of 32, 48 of 64. */
static void overlapping_groups(void) {
  prepare(NULL);
  split(0, 2, HALF);
  close_gate();
  compute_and_record(s[0], HALF);
  compute_and_record(s[1], HALF);
  END_AT(1.333334, 1.333334);
}

/* One that needs 16 of the 64 takes them where nobody else is, and leaves the other one all of its own. */
static void emptiest_first(void) {
  prepare(NULL);
  split(0, 2, HALF);
  close_gate();
  compute_and_record(s[0], 16);
  compute_and_record(s[1], HALF);
  END_AT(1, 1);
}

/* The primary context's kernel has 68 for itself and half of 64, 100 of 132; at its end, 0.34 of the other are left. */
static void beside_the_primary(void) {
  prepare(NULL);
  split(1, 1, HALF);
  close_gate();
  compute_and_record(s[0], ALL);
  compute_and_record(s[1], HALF);
  END_AT(1.32, 1.66);
}

static void waits(void) {
  prepare((const int[]){0, -5, -2, 0});
  MUST(cu.cuMemAlloc_v2(&counter, 8 << 20));
  split(0, 2, HALF);
  split(2, 1, HALF + 24);
  exit(waits_in_time(200) ? 0 : 1);
}

/* ---- events ---- */

static void events(void) {
  CUevent all;
  prepare(NULL);
  split(0, 2, HALF);
  MUST(cu.cuEventCreate(&all, 0));
  MUST(cu.cuGreenCtxStreamCreate(&s[2], green[0], CU_STREAM_NON_BLOCKING, 0));
  close_gate();
  compute_and_record(s[0], HALF / 2);
  compute(s[2], HALF, 1);
  MUST(cu.cuGreenCtxRecordEvent(green[0], all));
  MUST(cu.cuGreenCtxWaitEvent(green[1], all));
  compute_and_record(s[1], HALF);
  MUST(cu.cuGreenCtxStreamCreate(&s[3], green[1], CU_STREAM_NON_BLOCKING, 0));
  compute_and_record(s[3], HALF);
  END_AT(1, 2.5, 3.5);
}

/* A wait for one green context does not wait for another. */
static void synchronize(void) {
  CUcontext one;
  prepare(NULL);
  split(0, 2, HALF);
  MUST(cu.cuCtxFromGreenCtx(&one, green[0]));
  const int64_t gate_time = open_gate();
  compute(s[0], HALF, 1);
  for (int k = 0; k < 5; k++) compute(s[1], HALF, 1);
  MUST(cu.cuCtxSetCurrent(one));
  MUST(cu.cuCtxSynchronize());
  int64_t first = machine->now() - gate_time;
  MUST(cu.cuCtxSetCurrent(context));
  MUST(cu.cuCtxSynchronize());
  int64_t both = machine->now() - gate_time;
  exit(first > MILLISECOND && first < 2 * MILLISECOND && both > 5 * MILLISECOND ? 0 : 1);
}

/* ---- %smid ---- */

enum { BLOCKS = 200, ROW = 3 };

/* Bit k: some block ran on multiprocessor k. */
static void fingerprint(CUstream on, bool seen[ALL]) {
  static uint64_t words[BLOCKS * (1 + ROW)];
  uint64_t capacity = 1, ns = 100000, gap = 5000;
  CUdeviceptr counts, segments;
  MUST(cu.cuMemAlloc_v2(&counts, sizeof words));
  segments = counts + 8 * BLOCKS;
  void *arguments[] = {&counts, &segments, &capacity, &ns, &gap};
  MUST(cu.cuLaunchKernel(function("gvb_fingerprint"), BLOCKS, 1, 1, 32, 1, 1, 0, on, arguments, NULL));
  MUST(cu.cuStreamSynchronize(on));
  MUST(cu.cuMemcpyDtoH_v2(words, counts, sizeof words));
  for (int k = 0; k < BLOCKS; k++) seen[words[BLOCKS + ROW * k]] = true;
}

static void multiprocessors(void) {
  bool seen[STREAMS][ALL] = {{false}}, good = true;
  prepare(NULL);
  split(0, 2, HALF);
  for (int k = 0; k < 3; k++) fingerprint(s[k], seen[k]);
  for (int sm = 0; sm < ALL; sm++)
    good = good && seen[0][sm] == (sm < HALF) && seen[1][sm] == (sm >= HALF && sm < 2 * HALF) && seen[2][sm];
  exit(good ? 0 : 1);
}

/* ---- resources ---- */

static unsigned int sms(const CUdevResource *r) { return r->type == CU_DEV_RESOURCE_TYPE_SM ? r->sm.smCount : 0; }

static void resources(void) {
  new_machine(EXACT);
  open_context();
  CUdevResource all = device_resource(), part[20], rest;
  unsigned int groups = 0;
  check(all.sm.smCount == 132 && all.sm.minSmPartitionSize == 8 && all.sm.smCoscheduledAlignment == 8,
        "a device has %u multiprocessors, in parts of 8 or more, by 8", all.sm.smCount);
  CHECK_CALL(cu.cuDevSmResourceSplitByCount(NULL, &groups, &all, NULL, 0, 10), CUDA_SUCCESS);
  check(groups == 8, "10 are rounded up to 16: %u groups", groups);
  groups = 20;
  MUST(cu.cuDevSmResourceSplitByCount(part, &groups, &all, &rest, 0, 0));
  check(groups == 16 && sms(&part[15]) == 8 && sms(&rest) == 4, "the smallest: %u of 8, %u remain", groups, sms(&rest));
  groups = 1;
  MUST(cu.cuDevSmResourceSplitByCount(part, &groups, &all, &rest, 0, 72));
  check(groups == 1 && sms(&part[0]) == 72 && sms(&rest) == 60, "one of 72 leaves %u", sms(&rest));
  groups = 66;
  MUST(cu.cuDevSmResourceSplitByCount(NULL, &groups, &all, NULL, CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING, 2));
  check(groups == 66, "without co-scheduling, pairs: %u", groups);
  groups = 1;
  CHECK_CALL(cu.cuDevSmResourceSplitByCount(part, &groups, &all, &rest, 0, 130),
             CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION);
  CHECK_CALL(cu.cuDevSmResourceSplitByCount(part, &groups, &all, &rest, 0, 133), CUDA_ERROR_INVALID_VALUE);
  CHECK_CALL(cu.cuDevSmResourceSplitByCount(part, &groups, &part[0], &rest, 0, 8),
             CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION);
  CHECK_CALL(cu.cuDeviceGetDevResource(0, &all, CU_DEV_RESOURCE_TYPE_INVALID), CUDA_ERROR_INVALID_RESOURCE_TYPE);
}

static void descriptions(void) {
  CUdevResource all = device_resource(), part[2], other[2], found;
  CUdevResourceDesc description;
  unsigned int groups = 2;
  MUST(cu.cuDevSmResourceSplitByCount(part, &groups, &all, NULL, 0, 32));
  MUST(cu.cuDevSmResourceSplitByCount(other, &groups, &all, NULL, 0, 32));
  MUST(cu.cuDevResourceGenerateDesc(&description, part, 2));
  CHECK_CALL(cu.cuGreenCtxCreate(&green[0], description, 0, 0), CUDA_ERROR_INVALID_VALUE);
  CHECK_CALL(cu.cuGreenCtxCreate(&green[0], description, 0, CU_GREEN_CTX_DEFAULT_STREAM), CUDA_SUCCESS);
  MUST(cu.cuGreenCtxGetDevResource(green[0], &found, CU_DEV_RESOURCE_TYPE_SM));
  check(sms(&found) == 64, "two resources of one split make one context: %u", sms(&found));
  part[1] = other[1];
  CHECK_CALL(cu.cuDevResourceGenerateDesc(&description, part, 2), CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION);
  CHECK_CALL(cu.cuDevSmResourceSplitByCount(part, &groups, &found, NULL, 0, 32), CUDA_SUCCESS);
  MUST(cu.cuCtxGetDevResource(context, &found, CU_DEV_RESOURCE_TYPE_SM));
  check(sms(&found) == 132, "the primary context has all: %u", sms(&found));
}

static void contexts(void) {
  CUcontext converted, own;
  CUstream one;
  CUgreenCtx found = NULL;
  CUdeviceptr p;
  size_t free_before, free_after, total;
  MUST(cu.cuCtxFromGreenCtx(&converted, green[0]));
  MUST(cu.cuCtxSetCurrent(converted));
  CHECK_CALL(cu.cuStreamGetGreenCtx(NULL, &found), CUDA_SUCCESS);
  check(found == green[0], "its default stream is the green context's");
  MUST(cu.cuMemAlloc_v2(&p, 4096));
  MUST(cu.cuPointerGetAttribute(&own, CU_POINTER_ATTRIBUTE_CONTEXT, p));
  check(own == context, "memory belongs to the primary context");
  CHECK_CALL(cu.cuCtxDestroy_v2(converted), CUDA_ERROR_INVALID_CONTEXT);
  MUST(cu.cuCtxSetCurrent(context));
  CHECK_CALL(cu.cuGreenCtxStreamCreate(&one, green[0], 0, 0), CUDA_ERROR_INVALID_VALUE);
  CHECK_CALL(cu.cuGreenCtxStreamCreate(&one, green[0], CU_STREAM_NON_BLOCKING, 0), CUDA_SUCCESS);
  MUST(cu.cuMemGetInfo_v2(&free_before, &total));
  CHECK_CALL(cu.cuGreenCtxDestroy(green[0]), CUDA_SUCCESS);
  MUST(cu.cuMemGetInfo_v2(&free_after, &total));
  check(free_before == free_after, "a green context takes no memory");
  CHECK_CALL(cu.cuStreamQuery(one), CUDA_ERROR_CONTEXT_IS_DESTROYED);
  CHECK_CALL(cu.cuGreenCtxDestroy(green[0]), CUDA_ERROR_INVALID_CONTEXT);
  CHECK_CALL(cu.cuMemFree_v2(p), CUDA_SUCCESS);
}

static void ampere(void) {
  open_context();
  CUdevResource all = device_resource(), part;
  unsigned int groups = 1;
  MUST(cu.cuDevSmResourceSplitByCount(&part, &groups, &all, NULL, 0, 5));
  exit(all.sm.minSmPartitionSize == 4 && all.sm.smCoscheduledAlignment == 2 && sms(&part) == 6 ? 0 : 1);
}

int main(void) {
  scenarios_are_rows("green contexts");
  scenario(EXACT, one_half, "a green context of half of the device has half of its rate");
  scenario(EXACT, two_halves, "half of the device beside another half's work");
  scenario(EXACT, order_in_one, "its own streams divide its multiprocessors by priority and order");
  scenario(EXACT, same_half_twice, "the same group of two splits is shared equally");
  scenario(EXACT, unequal_splits, "splits that overlap share what they have in common");
  scenario(EXACT "split_overlaps 1\n", overlapping_groups,
           "groups of one split that overlap share what they have in common");
  scenario(EXACT "split_overlaps 1\n", emptiest_first, "who needs little takes it where nobody else is");
  scenario(EXACT, beside_the_primary, "the primary context's kernels run on all multiprocessors");
  scenario(EXACT, waits, "waits return when they should, whatever sets are at work");
  scenario(EXACT "split_overlaps 1\n", waits, "also if they overlap");
  scenario(EXACT, events, "events hold for all streams of a green context");
  scenario(EXACT, synchronize, "a wait for one green context does not wait for another");
  scenario(EXACT, multiprocessors, "blocks run on the multiprocessors of their context, by %%smid");
  scenario(EXACT "compute_capability 80\n", ampere, "on compute capability 8.0: 4 or more, by 2");
  resources();
  descriptions();
  contexts();
  return summary();
}
