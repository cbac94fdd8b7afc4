/* throughput_cycle: the life of a small job, over and over. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "compute.h"
#include "context.h"
#include "pattern.h"
#include "work.h"

#define MIB ((size_t)1 << 20)
#define ARRAY_BYTES (64 * MIB)
#define COPY_BYTES (16 * MIB)
#define PAGE_BYTES ((size_t)4096)
#define SEED 0x7472696164ULL
#define SHORTEST_CYCLE (100 * GVB_MICROSECOND)

enum { EMPTY_LAUNCHES = 200, FMA_LAUNCHES = 20, TRIAD_LAUNCHES = 20, BLOCK = 256, EMPTY_BLOCK = 32 };
enum {
  ARRAY_WORDS = ARRAY_BYTES / sizeof(uint64_t),
  COPY_WORDS = COPY_BYTES / sizeof(uint64_t),
  PAGE_WORDS = PAGE_BYTES / sizeof(uint64_t),
  PAGES = COPY_BYTES / PAGE_BYTES
};

typedef struct throughput_work {
  gvb_work work;
  int64_t duration, settle;
  gvb_fma fma;
  CUdeviceptr b, c, counter, sum;
  uint64_t *in;  /* pinned: the first quarter of b */
  uint64_t *out; /* pinned: the first quarter of a, then the sum */
  uint64_t expected[PAGES];
  uint64_t expected_sum; /* of one cycle */
  uint64_t sum_so_far;   /* the device's sum is never reset */
  uint64_t launches;
  uint64_t runs;
} throughput_work;

/* A word is two floats. */
typedef union pair {
  float f[2];
  uint64_t word;
} pair;

static const float scale = 2.0f;

/* Small whole numbers: b + 2 c is exact in any order of rounding. `shift` 0 gives b's word, 16 gives c's. */
static uint64_t operand(uint64_t i, unsigned shift) {
  const uint64_t bits = gvb_pattern(i, SEED) >> shift;
  const pair p = {.f = {(float)(bits & 255), (float)(bits >> 8 & 255)}};
  return p.word;
}

static uint64_t triad_word(uint64_t b, uint64_t c) {
  const pair x = {.word = b}, y = {.word = c};
  const pair a = {.f = {x.f[0] + scale * y.f[0], x.f[1] + scale * y.f[1]}};
  return a.word;
}

static int upload_quarter(throughput_work *w, CUdeviceptr array, unsigned shift, uint64_t quarter) {
  for (uint64_t i = 0; i < COPY_WORDS; i++) w->in[i] = operand(quarter * COPY_WORDS + i, shift);
  return gvb_upload(array + quarter * COPY_BYTES, w->in, COPY_BYTES);
}

/* The first quarter of b comes last, and stays in the host's buffer. */
static int fill_operands(throughput_work *w) {
  for (uint64_t quarter = 0; quarter < ARRAY_BYTES / COPY_BYTES; quarter++)
    GVB_TRY(upload_quarter(w, w->c, 16, quarter));
  for (uint64_t quarter = ARRAY_BYTES / COPY_BYTES; quarter-- > 0;) GVB_TRY(upload_quarter(w, w->b, 0, quarter));
  for (uint64_t i = 0; i < ARRAY_WORDS; i++) w->expected_sum += triad_word(operand(i, 0), operand(i, 16));
  for (uint64_t page = 0; page < PAGES; page++)
    w->expected[page] = triad_word(w->in[page * PAGE_WORDS], operand(page * PAGE_WORDS, 16));
  return GVB_OK;
}

/* Each run sends other words, one a page, so that what an earlier run left on the device cannot pass. Not each
 * cycle: the work would then differ between cycles for a device that recognises equal data. */
static void vary_input(throughput_work *w) {
  w->runs++;
  for (uint64_t page = 0; page < PAGES; page++) {
    const uint64_t at = page * PAGE_WORDS;
    const pair varied = {.f = {(float)(w->runs % 256), (float)(page % 256)}};
    w->in[at] = varied.word;
    w->expected_sum -= w->expected[page];
    w->expected[page] = triad_word(varied.word, operand(at, 16));
    w->expected_sum += w->expected[page];
  }
}

static int queue_kernels(throughput_work *w, CUdeviceptr a) {
  float s = scale;
  uint64_t floats = ARRAY_BYTES / sizeof(float), words = ARRAY_WORDS;
  void *empty[] = {&w->counter};
  void *triad[] = {&a, &w->b, &w->c, &s, &floats};
  void *sum[] = {&a, &words, &w->sum};
  for (int i = 0; i < EMPTY_LAUNCHES; i++) GVB_TRY(gvb_launch(GVB_KERNEL_EMPTY, 1, EMPTY_BLOCK, empty));
  for (int i = 0; i < FMA_LAUNCHES; i++) GVB_TRY(gvb_fma_launch(&w->fma));
  for (int i = 0; i < TRIAD_LAUNCHES; i++) GVB_TRY(gvb_launch(GVB_KERNEL_TRIAD, w->fma.blocks, BLOCK, triad));
  return gvb_launch(GVB_KERNEL_SUM, w->fma.blocks, BLOCK, sum);
}

/* Only the words that are compared: clearing all would be most of the host's share of the cycle. */
static void clear_output(throughput_work *w) {
  for (uint64_t page = 0; page < PAGES; page++) w->out[page * PAGE_WORDS] = ~w->expected[page];
  w->out[COPY_WORDS] = ~w->sum_so_far;
}

static int compare_output(const throughput_work *w) {
  for (uint64_t page = 0; page < PAGES; page++)
    if (w->out[page * PAGE_WORDS] != w->expected[page])
      return gvb_fail(GVB_ERROR_WRONG_RESULT,
                      "page %" PRIu64 " of the copied result begins with 0x%" PRIx64 ", expected 0x%" PRIx64, page,
                      w->out[page * PAGE_WORDS], w->expected[page]);
  if (w->out[COPY_WORDS] == w->sum_so_far) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "the device's sum is 0x%" PRIx64 ", expected 0x%" PRIx64, w->out[COPY_WORDS],
                  w->sum_so_far);
}

static int cycle_on(throughput_work *w, CUdeviceptr a) {
  w->sum_so_far += w->expected_sum;
  w->launches += EMPTY_LAUNCHES;
  clear_output(w);
  GVB_TRY(GVB_CUDA(cuMemcpyHtoDAsync_v2, w->b, w->in, COPY_BYTES, gvb_gpu.stream));
  GVB_TRY(queue_kernels(w, a));
  GVB_TRY(GVB_CUDA(cuMemcpyDtoHAsync_v2, w->out, a, COPY_BYTES, gvb_gpu.stream));
  GVB_TRY(GVB_CUDA(cuMemcpyDtoHAsync_v2, w->out + COPY_WORDS, w->sum, sizeof(uint64_t), gvb_gpu.stream));
  GVB_TRY(gvb_sync());
  return compare_output(w);
}

static int cycle(throughput_work *w) {
  CUdeviceptr a = 0;
  GVB_TRY(GVB_CUDA(cuMemAlloc_v2, &a, ARRAY_BYTES));
  const int status = cycle_on(w, a);
  if (status == GVB_OK) return GVB_CUDA(cuMemFree_v2, a);
  gvb_cuda.cuMemFree_v2(a);
  return status;
}

static int settle(throughput_work *w, gvb_interval *interval) {
  const int64_t begin = gvb_clock();
  while (gvb_clock() - begin < w->settle && !gvb_stopped(interval)) {
    GVB_TRY(cycle(w));
    interval->notes[0]++;
  }
  return GVB_OK;
}

static int measure(throughput_work *w, gvb_interval *interval) {
  int64_t t0 = interval->begin = gvb_clock();
  while (t0 - interval->begin < w->duration && interval->rows < w->work.rows && !gvb_stopped(interval)) {
    GVB_TRY(cycle(w));
    const int64_t t1 = gvb_clock();
    interval->samples[interval->rows++] = t1 - t0;
    t0 = t1;
  }
  interval->end = t0;
  return GVB_OK;
}

static int verify(throughput_work *w) {
  uint64_t counted = 0;
  GVB_TRY(gvb_download(&counted, w->counter, sizeof counted));
  if (counted != w->launches)
    return gvb_fail(GVB_ERROR_WRONG_RESULT, "gvb_empty counted %" PRIu64 " launches, expected %" PRIu64, counted,
                    w->launches);
  return gvb_fma_verify(&w->fma);
}

static int run(gvb_work *work, gvb_interval *interval) {
  throughput_work *w = (throughput_work *)work;
  vary_input(w);
  GVB_TRY(settle(w, interval));
  GVB_TRY(measure(w, interval));
  return verify(w);
}

static int release(gvb_work *work) {
  throughput_work *w = (throughput_work *)work;
  void *in = w->in, *out = w->out;
  CUdeviceptr *const device[] = {&w->b, &w->c, &w->counter, &w->sum};
  int status = gvb_fma_free(&w->fma);
  for (size_t i = 0; i < sizeof device / sizeof *device; i++) status = gvb_first(status, gvb_device_free(device[i]));
  status = gvb_first(status, gvb_pinned_free(&in));
  return gvb_first(status, gvb_pinned_free(&out));
}

static int make_buffers(throughput_work *w) {
  void *in = NULL, *out = NULL;
  GVB_TRY(gvb_pinned_new(COPY_BYTES, &in));
  w->in = in;
  GVB_TRY(gvb_pinned_new(COPY_BYTES + PAGE_BYTES, &out));
  w->out = out;
  GVB_TRY(gvb_device_new(ARRAY_BYTES, &w->b));
  GVB_TRY(gvb_device_new(ARRAY_BYTES, &w->c));
  GVB_TRY(gvb_device_new(sizeof(uint64_t), &w->counter));
  return gvb_device_new(sizeof(uint64_t), &w->sum);
}

static int set_up(throughput_work *w, int64_t fma_iterations, int64_t sm_count) {
  GVB_TRY(make_buffers(w));
  GVB_TRY(fill_operands(w));
  GVB_TRY(gvb_fma_make(&w->fma, fma_iterations, sm_count));
  GVB_TRY(cycle(w));
  return verify(w);
}

int gvb_prepare_throughput_cycle(int64_t duration, int64_t settle_ns, int64_t fma_iterations, int64_t sm_count,
                                 gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("settle", settle_ns, 0, 3600 * GVB_SECOND));
  GVB_TRY(gvb_need_range("fma_iterations", fma_iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("sm_count", sm_count, 1, GVB_MOST_SMS));
  const int64_t rows = duration / SHORTEST_CYCLE + 1;
  GVB_TRY(gvb_device_work_new(sizeof(throughput_work), rows < GVB_MOST_ROWS ? rows : GVB_MOST_ROWS, 1, &made));
  made->run = run;
  made->release = release;
  throughput_work *w = (throughput_work *)made;
  w->duration = duration;
  w->settle = settle_ns;
  return gvb_work_ready(made, set_up(w, fma_iterations, sm_count), work);
}
