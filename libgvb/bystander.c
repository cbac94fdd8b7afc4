/* bystander: work that notices when a neighbor's trouble reaches it. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "compute.h"
#include "pattern.h"
#include "work.h"

enum { GRID = 256, BLOCK = 256, FMA = 10, WORDS = 512, MOST_ROWS = 1 << 18 };

static const int64_t patience = 10 * GVB_SECOND;

typedef struct bystander_work {
  gvb_work work;
  gvb_fma fma;
  uint64_t words, seed, pieces;
  int64_t duration;
  CUdeviceptr memory, found; /* wrong words, lowest index of one */
  uint64_t *page;            /* pinned: the last words of the memory, then the two of `found` */
} bystander_work;

static int queue(bystander_work *w, uint64_t seed) {
  void *fills[] = {&w->memory, &w->words, &seed}, *counts[] = {&w->memory, &w->words, &seed, &w->found};
  GVB_TRY(gvb_launch(GVB_KERNEL_FILL, GRID, BLOCK, fills));
  for (int k = 0; k < FMA; k++) GVB_TRY(gvb_fma_launch(&w->fma));
  GVB_TRY(gvb_launch(GVB_KERNEL_CHECKSUM, GRID, BLOCK, counts));
  const CUdeviceptr last = w->memory + (w->words - WORDS) * sizeof(uint64_t);
  GVB_TRY(GVB_CUDA(cuMemcpyDtoHAsync_v2, w->page, last, WORDS * sizeof(uint64_t), gvb_gpu.stream));
  return GVB_CUDA(cuMemcpyDtoHAsync_v2, w->page + WORDS, w->found, 2 * sizeof(uint64_t), gvb_gpu.stream);
}

static int compare(const bystander_work *w, uint64_t seed) {
  uint64_t wrong = 0;
  for (uint64_t k = 0; k < WORDS; k++) wrong += w->page[k] != gvb_pattern(w->words - WORDS + k, seed);
  if (wrong == 0 && w->page[WORDS] == 0 && w->page[WORDS + 1] == UINT64_MAX) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "piece %" PRIu64 ": %" PRIu64 " of %" PRIu64 " words wrong on the device, %" PRIu64
                  " of %d in the page that was copied back%s",
                  w->pieces, w->page[WORDS], w->words, wrong, WORDS,
                  w->page[WORDS + 1] == 0 ? "; the count of the former was lost" : "");
}

/* Another pattern each time: what an earlier piece left cannot pass. */
static int one_piece(bystander_work *w) {
  const uint64_t seed = gvb_pattern(++w->pieces, w->seed);
  memset(w->page, 0, (WORDS + 2) * sizeof(uint64_t));
  GVB_TRY(queue(w, seed));
  GVB_TRY(gvb_sync_within(patience));
  return compare(w, seed);
}

static int run(gvb_work *work, gvb_interval *interval) {
  bystander_work *w = (bystander_work *)work;
  interval->end = interval->begin = gvb_clock();
  while (interval->end - interval->begin < w->duration && !gvb_stopped(interval) && interval->rows < work->rows) {
    GVB_TRY(one_piece(w));
    interval->end = gvb_clock();
    interval->samples[interval->rows++] = interval->end - interval->begin;
  }
  return gvb_fma_verify(&w->fma);
}

static int release(gvb_work *work) {
  bystander_work *w = (bystander_work *)work;
  void *page = w->page;
  int status = gvb_fma_free(&w->fma);
  status = gvb_first(status, gvb_device_free(&w->memory));
  status = gvb_first(status, gvb_device_free(&w->found));
  return gvb_first(status, gvb_pinned_free(&page));
}

static int set_up(bystander_work *w, int64_t iterations, int64_t blocks) {
  static const uint64_t none_found[2] = {0, UINT64_MAX};
  void *page = NULL;
  GVB_TRY(gvb_pinned_new((WORDS + 2) * sizeof(uint64_t), &page));
  w->page = page;
  GVB_TRY(gvb_fma_make(&w->fma, iterations, blocks));
  GVB_TRY(gvb_device_new(w->words * sizeof(uint64_t), &w->memory));
  GVB_TRY(gvb_device_new(sizeof none_found, &w->found));
  GVB_TRY(gvb_upload(w->found, none_found, sizeof none_found));
  GVB_TRY(one_piece(w));
  return gvb_fma_verify(&w->fma);
}

int gvb_prepare_bystander(int64_t bytes, uint64_t seed, int64_t iterations, int64_t blocks, int64_t duration,
                          gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("bytes", bytes, WORDS * (int64_t)sizeof(uint64_t), 1LL << 34));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, INT32_MAX));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(gvb_device_work_new(sizeof(bystander_work), MOST_ROWS, 1, &made));
  made->run = run;
  made->release = release;
  bystander_work *w = (bystander_work *)made;
  w->words = (uint64_t)bytes / sizeof(uint64_t), w->seed = seed, w->duration = duration;
  return gvb_work_ready(made, set_up(w, iterations, blocks), work);
}
