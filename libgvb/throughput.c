/* throughput_cycle: the life of a small job, over and over. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "compute.h"
#include "context.h"
#include "count.h"
#include "pattern.h"
#include "work.h"

#define MIB ((size_t)1 << 20)
#define ARRAY_BYTES (64 * MIB)
#define COPY_BYTES (16 * MIB)
#define PAGE_BYTES ((size_t)4096)
#define SEED 0x7472696164ULL
#define SHORTEST_CYCLE (100 * GVB_MICROSECOND)

/* What the device sums up in a cycle: what landed, and the result. */
enum { LANDED, RESULT, SUMS };
enum { SCALES = 2, BUFFERS = 2 };
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
  CUdeviceptr b, c, landing, sums;
  uint64_t *in[BUFFERS];      /* pinned: what lands, in this cycle and in the next */
  uint64_t *out[BUFFERS];     /* pinned: the first quarter of a, then the sums, of this cycle and of the last */
  uint64_t *unread;           /* the one of `out` that is still to be compared, or NULL */
  uint64_t *expected[SCALES]; /* the first quarter of a */
  gvb_count count;
  uint64_t result_sums[SCALES]; /* of a, for each scale */
  uint64_t landing_sum;         /* of `in`, without its pages' first words */
  uint64_t sums_so_far[SUMS];   /* the device's sums are never reset */
  uint64_t cycles;
  uint64_t runs;
} throughput_work;

/* A word is two floats. */
typedef union pair {
  float f[2];
  uint64_t word;
} pair;

static const float scales[SCALES] = {2.0f, 3.0f};

/* Small whole numbers: b + s c is exact in any order of rounding. `shift` 0 gives b's word, 16 gives c's. */
static uint64_t operand(uint64_t i, unsigned shift) {
  const uint64_t bits = gvb_pattern(i, SEED) >> shift;
  const pair p = {.f = {(float)(bits & 255), (float)(bits >> 8 & 255)}};
  return p.word;
}

static uint64_t triad_word(uint64_t b, uint64_t c, float scale) {
  const pair x = {.word = b}, y = {.word = c};
  const pair a = {.f = {x.f[0] + scale * y.f[0], x.f[1] + scale * y.f[1]}};
  return a.word;
}

static int upload_quarter(throughput_work *w, CUdeviceptr array, unsigned shift, uint64_t quarter) {
  for (uint64_t i = 0; i < COPY_WORDS; i++) w->in[0][i] = operand(quarter * COPY_WORDS + i, shift);
  return gvb_upload(array + quarter * COPY_BYTES, w->in[0], COPY_BYTES);
}

/* What lands is any data: what is in the host's buffer last. */
static int fill_operands(throughput_work *w) {
  for (uint64_t quarter = 0; quarter < ARRAY_BYTES / COPY_BYTES; quarter++) {
    GVB_TRY(upload_quarter(w, w->c, 16, quarter));
    GVB_TRY(upload_quarter(w, w->b, 0, quarter));
  }
  for (uint64_t i = 0; i < ARRAY_WORDS; i++) {
    const uint64_t b = operand(i, 0), c = operand(i, 16);
    for (int s = 0; s < SCALES; s++) {
      const uint64_t word = triad_word(b, c, scales[s]);
      w->result_sums[s] += word;
      if (i < COPY_WORDS) w->expected[s][i] = word;
    }
  }
  for (uint64_t i = 0; i < COPY_WORDS; i++)
    if (i % PAGE_WORDS != 0) w->landing_sum += w->in[0][i];
  memcpy(w->in[1], w->in[0], COPY_BYTES);
  return GVB_OK;
}

/* Each run scales otherwise, so that what the run before left on the device cannot pass. Not each cycle: the work would
 * then differ between cycles for a device that recognises equal data. */
static uint64_t scale_of(const throughput_work *w) { return w->runs % SCALES; }

static uint64_t *input(const throughput_work *w, uint64_t cycle) { return w->in[cycle % BUFFERS]; }

/* Every page of what lands begins with the cycle's number: one that is lost leaves the sum too small. */
static void number_pages(throughput_work *w, uint64_t cycle) {
  for (uint64_t page = 0; page < PAGES; page++) input(w, cycle)[page * PAGE_WORDS] = cycle;
}

static void expect_sums(throughput_work *w) {
  w->sums_so_far[LANDED] += w->landing_sum + PAGES * w->cycles;
  w->sums_so_far[RESULT] += w->result_sums[scale_of(w)];
}

static int queue_sum(throughput_work *w, CUdeviceptr array, uint64_t words, int sum) {
  CUdeviceptr out = w->sums + (uint64_t)sum * sizeof(uint64_t);
  void *arguments[] = {&array, &words, &out};
  return gvb_launch(GVB_KERNEL_SUM, w->fma.blocks, BLOCK, arguments);
}

static int queue_kernels(throughput_work *w, CUdeviceptr a) {
  uint64_t floats = ARRAY_BYTES / sizeof(float);
  float scale = scales[scale_of(w)];
  void *triad[] = {&a, &w->b, &w->c, &scale, &floats};
  for (int i = 0; i < EMPTY_LAUNCHES; i++) GVB_TRY(gvb_launch(GVB_KERNEL_EMPTY, 1, EMPTY_BLOCK, w->count.arguments));
  for (int i = 0; i < FMA_LAUNCHES; i++) GVB_TRY(gvb_fma_launch(&w->fma));
  for (int i = 0; i < TRIAD_LAUNCHES; i++) GVB_TRY(gvb_launch(GVB_KERNEL_TRIAD, w->fma.blocks, BLOCK, triad));
  return queue_sum(w, a, ARRAY_WORDS, RESULT);
}

/* No word of a result: its floats are not numbers. */
static void poison(uint64_t *out) { memset(out, 0xff, COPY_BYTES); }

static int wrong_word(const uint64_t *out, const uint64_t *expected) {
  uint64_t i = 0, wrong = 0;
  while (out[i] == expected[i]) i++;
  for (uint64_t k = i; k < COPY_WORDS; k++) wrong += out[k] != expected[k];
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "copied back wrong: %" PRIu64 " of %" PRIu64 " words, the first at %" PRIu64 " is 0x%" PRIx64
                  ", expected 0x%" PRIx64 "; the device's own sum of them was right",
                  wrong, (uint64_t)COPY_WORDS, i, out[i], expected[i]);
}

/* All that the cycle before copied back, while the device works on this one: a cycle has no time of its own for it. */
static int read_back(throughput_work *w) {
  uint64_t *out = w->unread;
  if (out == NULL) return GVB_OK;
  w->unread = NULL;
  if (memcmp(out, w->expected[scale_of(w)], COPY_BYTES) != 0) return wrong_word(out, w->expected[scale_of(w)]);
  poison(out);
  return GVB_OK;
}

static int compare_sums(const throughput_work *w, const uint64_t *sums) {
  static const char *const wrong[SUMS] = {"copied in wrong: of what landed", "computed wrong: of the triad's result"};
  for (int s = 0; s < SUMS; s++)
    if (sums[s] != w->sums_so_far[s])
      return gvb_fail(GVB_ERROR_WRONG_RESULT, "%s, the device's sum is 0x%" PRIx64 ", expected 0x%" PRIx64, wrong[s],
                      sums[s], w->sums_so_far[s]);
  return GVB_OK;
}

static int cycle_on(throughput_work *w, CUdeviceptr a) {
  uint64_t *out = w->out[++w->cycles % BUFFERS], *sums = out + COPY_WORDS;
  w->count.launched += EMPTY_LAUNCHES;
  expect_sums(w);
  for (int s = 0; s < SUMS; s++) sums[s] = ~w->sums_so_far[s];
  GVB_TRY(GVB_CUDA(cuMemcpyHtoDAsync_v2, w->landing, input(w, w->cycles), COPY_BYTES, gvb_gpu.stream));
  GVB_TRY(queue_sum(w, w->landing, COPY_WORDS, LANDED));
  GVB_TRY(queue_kernels(w, a));
  GVB_TRY(GVB_CUDA(cuMemcpyDtoHAsync_v2, out, a, COPY_BYTES, gvb_gpu.stream));
  GVB_TRY(GVB_CUDA(cuMemcpyDtoHAsync_v2, sums, w->sums, sizeof w->sums_so_far, gvb_gpu.stream));
  number_pages(w, w->cycles + 1); /* while the device works */
  GVB_TRY(read_back(w));
  GVB_TRY(gvb_sync());
  w->unread = out;
  return compare_sums(w, sums);
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
  GVB_TRY(read_back(w));
  GVB_TRY(gvb_count_verify(&w->count));
  return gvb_fma_verify(&w->fma);
}

static int run(gvb_work *work, gvb_interval *interval) {
  throughput_work *w = (throughput_work *)work;
  w->runs++;
  GVB_TRY(settle(w, interval));
  GVB_TRY(measure(w, interval));
  return verify(w);
}

static int release(gvb_work *work) {
  throughput_work *w = (throughput_work *)work;
  CUdeviceptr *const device[] = {&w->b, &w->c, &w->landing, &w->sums};
  int status = gvb_first(gvb_fma_free(&w->fma), gvb_count_free(&w->count));
  for (size_t i = 0; i < sizeof device / sizeof *device; i++) status = gvb_first(status, gvb_device_free(device[i]));
  for (int i = 0; i < BUFFERS; i++) {
    void *pinned[] = {w->in[i], w->out[i]};
    status = gvb_first(status, gvb_pinned_free(&pinned[0]));
    status = gvb_first(status, gvb_pinned_free(&pinned[1]));
  }
  for (int s = 0; s < SCALES; s++) free(w->expected[s]);
  return status;
}

static int new_words(size_t bytes, uint64_t **words) {
  void *address = NULL;
  GVB_TRY(gvb_pinned_new(bytes, &address));
  *words = address;
  return GVB_OK;
}

static int make_host_buffers(throughput_work *w) {
  for (int i = 0; i < BUFFERS; i++) {
    GVB_TRY(new_words(COPY_BYTES, &w->in[i]));
    GVB_TRY(new_words(COPY_BYTES + PAGE_BYTES, &w->out[i]));
    poison(w->out[i]);
  }
  for (int s = 0; s < SCALES; s++) {
    w->expected[s] = malloc(COPY_BYTES);
    if (w->expected[s] == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for %zu bytes", COPY_BYTES);
  }
  return GVB_OK;
}

static int make_device_buffers(throughput_work *w) {
  GVB_TRY(gvb_device_new(ARRAY_BYTES, &w->b));
  GVB_TRY(gvb_device_new(ARRAY_BYTES, &w->c));
  GVB_TRY(gvb_device_new(COPY_BYTES, &w->landing));
  GVB_TRY(gvb_device_new(SUMS * sizeof(uint64_t), &w->sums));
  return gvb_count_make(&w->count);
}

static int set_up(throughput_work *w, int64_t fma_iterations, int64_t sm_count) {
  GVB_TRY(make_host_buffers(w));
  GVB_TRY(make_device_buffers(w));
  GVB_TRY(fill_operands(w));
  number_pages(w, 1);
  GVB_TRY(gvb_fma_make(&w->fma, fma_iterations, GVB_FMA_BLOCKS_PER_SM * sm_count));
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
