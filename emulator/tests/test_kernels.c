/* The kernels of contention compute what they should, from the text that libgvb carries: also on a real device, where
 * this program finds its libcuda.so.1. */
#include <dlfcn.h>
#include <inttypes.h>

#include "../../libgvb/kernels/emulated.h"
#include "../../libgvb/kernels/ptx.h"
#include "harness.h"

enum { WORDS = 1 << 18, LINES = 4096, LINE = 128, STEPS = 3 * LINES + 64, BINS = 1025 };

static CUdeviceptr a, b, c, out;
static uint64_t words = WORDS, host[WORDS], passes = 3;

static bool is_emulated(void) { return dlsym(cuda_library, GVB_MACHINE_CLOCK) != NULL; }

static void open_device(void) {
  open_driver();
  MUST(cu.cuInit(0));
  MUST(cu.cuDevicePrimaryCtxRetain(&context, 0));
  MUST(cu.cuCtxSetCurrent(context));
  MUST(cu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  MUST(cu.cuModuleLoadData(&module, gvb_ptx_contention));
  MUST(cu.cuMemAlloc_v2(&a, 8 * WORDS));
  MUST(cu.cuMemAlloc_v2(&b, 8 * WORDS));
  MUST(cu.cuMemAlloc_v2(&c, 8 * WORDS));
  MUST(cu.cuMemAlloc_v2(&out, 8 * WORDS));
}

static uint64_t *result(CUdeviceptr from, size_t count) {
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(host, from, 8 * count));
  return host;
}

static uint64_t read_back(CUdeviceptr from) { return *result(from, 1); }

/* The streams of copies and kernels do not wait for each other. */
static void clear(CUdeviceptr p) {
  MUST(cu.cuMemsetD8_v2(p, 0, 8 * WORDS));
  MUST(cu.cuCtxSynchronize());
}

static void stream_over(uint64_t op) {
  launch("gvb_stream", 64, 256, (void *[]){&op, &a, &b, &c, &words, &passes, &out});
}

static uint64_t wrong(CUdeviceptr p, uint64_t factor) {
  uint64_t count = 0;
  result(p, WORDS);
  for (uint64_t k = 0; k < WORDS; k++) count += host[k] != factor * k;
  return count;
}

/* Every word of b and c holds its index; sums are those of the numbers below WORDS. */
static void streams(void) {
  const uint64_t sum = (uint64_t)WORDS * (WORDS - 1) / 2;
  clear(out);
  stream_over(1);
  check(wrong(a, 1) == 0, "gvb_stream writes");
  MUST(cu.cuMemcpyDtoD_v2(b, a, 8 * WORDS));
  MUST(cu.cuMemcpyDtoD_v2(c, a, 8 * WORDS));
  MUST(cu.cuCtxSynchronize());
  clear(a);
  stream_over(2);
  check(wrong(a, 1) == 0, "copies");
  stream_over(3);
  check(wrong(a, 4) == 0, "makes triads");
  stream_over(0);
  check(read_back(out) == 4 * sum * passes, "and reads");
  clear(out);
  launch("gvb_l2_read", 64, 256, (void *[]){&b, &words, &passes, &out});
  check(read_back(out) == sum * passes, "gvb_l2_read sums every pass");
  uint64_t odd = 998, many = 40;
  clear(out);
  launch("gvb_l2_read", 7, 96, (void *[]){&b, &odd, &many, &out});
  check(read_back(out) == 998ull * 997 / 2 * many, "of any length, on any grid");
}

static void atomics(uint64_t addresses) {
  uint64_t operations = 5, sum = 0;
  clear(a);
  launch("gvb_atomics", 100, 64, (void *[]){&a, &addresses, &operations});
  result(a, 16 * (addresses - 1) + 1);
  for (uint64_t k = 0; k < addresses; k++) sum += host[16 * k];
  check(sum == 100 * 64 * operations, "gvb_atomics on %" PRIu64 " addresses adds %" PRIu64, addresses, sum);
}

static void scan(void) {
  uint64_t family = 0xabcd1234, found;
  for (uint64_t k = 0; k < WORDS; k++) host[k] = k % 100 == 7 ? family << 32 | k : k << 32;
  MUST(cu.cuMemcpyHtoD_v2(a, host, 8 * WORDS));
  clear(out);
  launch("gvb_scan", 64, 256, (void *[]){&a, &words, &family, &out});
  found = read_back(out);
  check(found == (WORDS + 92) / 100, "gvb_scan counts markers: %" PRIu64, found);
}

static void gaps(void) {
  uint64_t capacity = 8, ns = 2000000, gap = 10000;
  clear(out);
  launch("gvb_gaps", 2, 32, (void *[]){&out, &capacity, &ns, &gap});
  result(out, 3 + 2 * capacity);
  bool good = host[2] - host[1] >= ns;
  for (uint64_t k = 0; k < host[0] && k < capacity; k++)
    good = good && host[3 + 2 * k] >= host[1] && host[4 + 2 * k] - host[3 + 2 * k] > gap;
  check(good, "gvb_gaps runs to its end: %" PRIu64 " ns, %" PRIu64 " gaps", host[2] - host[1], host[0]);
}

/* ---- the chase ---- */

/* Sattolo's shuffle: one cycle through all lines. */
static void shuffle(uint64_t *order, uint64_t count) {
  uint64_t seed = 1;
  for (uint64_t k = 0; k < count; k++) order[k] = k;
  for (uint64_t k = count - 1; k > 0; k--) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    uint64_t other = (seed >> 33) % k, kept = order[k];
    order[k] = order[other];
    order[other] = kept;
  }
}

static uint64_t lay_cycle(uint64_t *order) {
  uint64_t at = 0;
  shuffle(order, LINES);
  memset(host, 0, sizeof host);
  for (uint64_t k = 0; k < LINES; k++) host[k * LINE / 8] = order[k];
  MUST(cu.cuMemcpyHtoD_v2(a, host, (size_t)LINES * LINE));
  for (uint64_t k = 0; k < LINES + STEPS; k++) at = order[at];
  return at;
}

static void chase(void) {
  static uint64_t order[LINES];
  uint64_t lines = LINES, bytes = LINE, warm = LINES, steps = STEPS, width = 20, sum = 0, last = lay_cycle(order);
  CUdeviceptr none = 0;
  void *by_group[] = {&a, &lines, &bytes, &warm, &steps, &width, &out, &none};
  void *by_step[] = {&a, &lines, &bytes, &warm, &steps, &width, &out, &b};
  launch("gvb_chase", 1, 32, by_group);
  result(out, 2 + STEPS / 64);
  for (int g = 0; g < STEPS / 64; g++) sum += host[2 + g];
  check(host[0] == last && sum <= host[1] + 64 && sum > host[1] / 2,
        "gvb_chase ends where the host does; its groups take %" PRIu64 " of %" PRIu64 " ns, %.1f a step", sum, host[1],
        (double)sum / STEPS);
  launch("gvb_chase", 1, 32, by_step);
  check(read_back(out) == last, "also step by step");
  result(b, BINS);
  uint64_t count = 0, most = 0;
  for (uint64_t k = 0; k < BINS; k++) count += host[k], most = host[k] > host[most] ? k : most;
  check(count == STEPS, "every step is in a bin, most in that of %" PRIu64 " clocks", most * width);
}

/* ---- what only the emulated GPU knows ---- */

static void cost(void) {
  CUmodule only;
  CUfunction f;
  uint64_t flop = 1000000, bytes = 1000000, blocks = 10;
  CUresult loaded = cu.cuModuleLoadData(&only, gvb_emulated_kernels);
  if (!is_emulated()) {
    check(loaded != CUDA_SUCCESS, "a real driver refuses gvb_cost: %d", (int)loaded);
    return;
  }
  check(loaded == CUDA_SUCCESS && cu.cuModuleGetFunction(&f, only, "gvb_cost") == CUDA_SUCCESS, "gvb_cost is known");
  CHECK_CALL(cu.cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, stream, (void *[]){&flop, &bytes, &blocks}, NULL),
             CUDA_SUCCESS);
  CHECK_CALL(cu.cuStreamSynchronize(stream), CUDA_SUCCESS);
}

int main(void) {
  new_machine("jitter 0\n");
  open_device();
  streams();
  atomics(1);
  atomics(3);
  scan();
  gaps();
  chase();
  cost();
  return summary();
}
