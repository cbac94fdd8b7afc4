/* plant and scan: what one process leaves in memory, and what another one finds there. */
#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "filling.h"
#include "work.h"

enum { GRID = 1024, BLOCK = 256, PIECE = 1 << 20, TRIAL = 4 << 20, CHUNK = 1 << 30, LEAST = 2 << 20 };

/* ---- plant ---- */

typedef struct plant_work {
  gvb_work work;
  int64_t bytes;
  uint64_t marker;
  CUdeviceptr device;
} plant_work;

/* Words of the marker's family: its 32 bits, then a number. */
static int write_markers(CUdeviceptr to, int64_t bytes, uint64_t marker) {
  int status = GVB_OK;
  uint64_t *words = malloc(PIECE);
  if (words == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for the markers");
  for (uint64_t k = 0; k < PIECE / sizeof *words; k++) words[k] = marker << 32 | k;
  for (int64_t at = 0; at < bytes && status == GVB_OK; at += PIECE)
    status = GVB_CUDA(cuMemcpyHtoD_v2, to + (CUdeviceptr)at, words, bytes - at < PIECE ? (size_t)(bytes - at) : PIECE);
  status = gvb_first(status, GVB_CUDA(cuCtxSynchronize)); /* the copies read `words` */
  free(words);
  return status;
}

static int run_plant(gvb_work *work, gvb_interval *interval) {
  const plant_work *w = (plant_work *)work;
  interval->begin = gvb_clock();
  GVB_TRY(write_markers(w->device, w->bytes, w->marker));
  interval->end = gvb_clock();
  interval->samples[0] = w->bytes / 8;
  interval->rows = 1;
  return GVB_OK;
}

static int release_plant(gvb_work *work) { return gvb_device_free(&((plant_work *)work)->device); }

int gvb_prepare_plant(int64_t bytes, int64_t marker, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("bytes", bytes, 8, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("marker", marker, 1, UINT32_MAX));
  GVB_TRY(gvb_device_work_new(sizeof(plant_work), 1, 1, &made));
  made->run = run_plant;
  made->release = release_plant;
  plant_work *w = (plant_work *)made;
  w->bytes = bytes, w->marker = (uint64_t)marker;
  return gvb_work_ready(made, GVB_CUDA(cuMemAlloc_v2, &w->device, (size_t)bytes), work);
}

/* ---- scan ---- */

typedef struct scan_work {
  gvb_work work;
  gvb_filling filling;
  uint64_t marker;
  CUdeviceptr found;
} scan_work;

static int queue_scan(scan_work *w, const gvb_block *block) {
  CUdeviceptr address = block->address;
  uint64_t words = block->bytes / 8;
  void *arguments[] = {&address, &words, &w->marker, &w->found};
  return gvb_launch(GVB_KERNEL_SCAN, GRID, BLOCK, arguments);
}

static int clear(scan_work *w) {
  const uint64_t none = 0;
  return gvb_upload(w->found, &none, sizeof none);
}

static int found_words(scan_work *w, int64_t *words) { return gvb_download(words, w->found, sizeof *words); }

static int run_scan(gvb_work *work, gvb_interval *interval) {
  scan_work *w = (scan_work *)work;
  gvb_filling *f = &w->filling;
  GVB_TRY(clear(w));
  interval->begin = gvb_clock();
  int status = gvb_fill(f);
  for (int64_t b = 0; b < f->count && status == GVB_OK; b++) status = queue_scan(w, &f->blocks[b]);
  status = gvb_first(status, found_words(w, &interval->samples[1]));
  interval->end = gvb_clock();
  interval->samples[0] = f->bytes;
  interval->rows = 1;
  return gvb_first(status, gvb_empty(f));
}

static int trial_block(const gvb_allocator *pool, gvb_block *block) {
  return gvb_answer_status(gvb_block_new(pool, TRIAL, block));
}

/* Memory that is freed into a pool and taken from it again is the process's own, and is not cleared. */
static int try_pool(scan_work *w, const gvb_allocator *pool, int64_t *words) {
  gvb_block block = {0};
  GVB_TRY(trial_block(pool, &block));
  int status = write_markers(block.address, TRIAL, w->marker);
  status = gvb_first(status, gvb_answer_status(gvb_block_free(pool, &block)));
  if (status != GVB_OK) return status;
  GVB_TRY(trial_block(pool, &block));
  status = queue_scan(w, &(gvb_block){.address = block.address, .bytes = TRIAL});
  status = gvb_first(status, found_words(w, words));
  status = gvb_first(status, write_markers(block.address, TRIAL, w->marker ^ UINT32_MAX)); /* nothing of it stays */
  return gvb_first(status, gvb_answer_status(gvb_block_free(pool, &block)));
}

/* A scan that cannot find markers proves nothing. */
static int self_test(scan_work *w) {
  gvb_allocator pool = {0};
  int64_t words = 0;
  GVB_TRY(gvb_allocator_open(&pool, GVB_MEMORY_POOL, w->filling.resolution));
  const int status = try_pool(w, &pool, &words);
  GVB_TRY(gvb_first(status, gvb_allocator_close(&pool)));
  if (words == TRIAL / 8) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "the scan found %" PRId64 " of %d markers that were freed into a pool", words,
                  TRIAL / 8);
}

static int set_up(scan_work *w) {
  GVB_TRY(gvb_load(GVB_MODULE_CONTENTION));
  GVB_TRY(gvb_device_new(sizeof(uint64_t), &w->found));
  GVB_TRY(self_test(w));
  return gvb_filling_set_up(&w->filling);
}

static int release_scan(gvb_work *work) {
  scan_work *w = (scan_work *)work;
  const int status = gvb_filling_release(&w->filling);
  return gvb_first(status, gvb_device_free(&w->found));
}

int gvb_prepare_scan(int32_t resolution, int64_t ceiling, int64_t marker, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_filling_check(GVB_MEMORY_PLAIN, CHUNK, LEAST, ceiling));
  GVB_TRY(gvb_need_range("marker", marker, 1, UINT32_MAX));
  GVB_TRY(gvb_device_work_new(sizeof(scan_work), 1, 2, &made));
  made->run = run_scan;
  made->release = release_scan;
  scan_work *w = (scan_work *)made;
  w->filling = (gvb_filling){.resolution = resolution, .chunk_max = CHUNK, .chunk_min = LEAST, .ceiling = ceiling};
  w->marker = (uint64_t)marker;
  return gvb_work_ready(made, set_up(w), work);
}
