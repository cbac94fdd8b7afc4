/* fill_to_limit and refusal: how much a tenant is given, and how long a refusal takes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocator.h"
#include "clock.h"
#include "pattern.h"
#include "work.h"

enum { PAGE = 2 << 20, WORD = 8, LOOKS = 4, MOST_BLOCKS = 1 << 20 };

typedef struct fill_work {
  gvb_work work;
  int32_t api, resolution;
  int64_t chunk_max, chunk_min, ceiling;
  bool touch, keep;
  gvb_allocator allocator; /* of what is held */
  bool is_open;
  gvb_block *blocks;
  int64_t count;
} fill_work;

typedef struct fill {
  int64_t bytes, calls;
  CUresult code;
} fill;

/* ---- what is held ---- */

static int free_all(fill_work *w) {
  int status = GVB_OK;
  while (w->count > 0)
    status = gvb_first(status, gvb_answer_status(gvb_block_free(&w->allocator, &w->blocks[--w->count])));
  if (!w->is_open) return status;
  w->is_open = false;
  return gvb_first(status, gvb_allocator_close(&w->allocator));
}

static int open_allocator(fill_work *w) {
  memset(&w->allocator, 0, sizeof w->allocator);
  GVB_TRY(gvb_allocator_open(&w->allocator, w->api, w->resolution));
  w->is_open = true;
  return GVB_OK;
}

/* A plain block does not know its size, and vmm's may be larger than what was asked for. */
static void take(fill_work *w, int64_t chunk, fill *f) {
  gvb_block *block = &w->blocks[w->count];
  block->bytes = 0;
  f->code = gvb_block_new(&w->allocator, (size_t)chunk, block).code;
  f->calls++;
  if (f->code != CUDA_SUCCESS) return;
  if (block->bytes < (size_t)chunk) block->bytes = (size_t)chunk;
  f->bytes += (int64_t)block->bytes;
  w->count++;
}

static fill fill_up(fill_work *w) {
  fill f = {0};
  for (int64_t chunk = w->chunk_max; chunk >= w->chunk_min; chunk /= 2) {
    f.code = CUDA_SUCCESS; /* of a larger chunk: a smaller one that the ceiling stops was not refused */
    while (f.code == CUDA_SUCCESS && f.bytes + chunk <= w->ceiling) take(w, chunk, &f);
  }
  return f;
}

/* ---- that it is memory, and ours ---- */

/* The word of the place-th page of a block: eight equal bytes, as cuMemsetD8 writes them. */
static unsigned char mark(const fill_work *w, int64_t block, int64_t place) {
  return (unsigned char)gvb_pattern((uint64_t)place, (uint64_t)block + (uint64_t)w->chunk_min);
}

static int64_t pages(const gvb_block *block) { return ((int64_t)block->bytes + PAGE - 1) / PAGE; }

static int write_marks(const fill_work *w, int64_t *words) {
  for (int64_t b = 0; b < w->count; b++)
    for (int64_t place = 0; place < pages(&w->blocks[b]); place++, ++*words)
      GVB_TRY(GVB_CUDA(cuMemsetD8_v2, w->blocks[b].address + (CUdeviceptr)place * PAGE, mark(w, b, place), WORD));
  return GVB_CUDA(cuCtxSynchronize);
}

static int check_mark(const fill_work *w, int64_t b, int64_t place) {
  unsigned char found[WORD], expected[WORD];
  memset(expected, mark(w, b, place), WORD);
  GVB_TRY(GVB_CUDA(cuMemcpyDtoH_v2, found, w->blocks[b].address + (CUdeviceptr)place * PAGE, WORD));
  if (memcmp(found, expected, WORD) == 0) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "block %" PRId64 " of %" PRId64 " lost the word at %" PRId64 " MiB: read 0x%02x.., expected 0x%02x..",
                  b, w->count, 2 * place, found[0], expected[0]);
}

/* First, last, and some between: a block that is another one's memory has the other's marks. */
static int check_marks(const fill_work *w) {
  for (int64_t b = 0; b < w->count; b++) {
    const int64_t last = pages(&w->blocks[b]) - 1;
    for (int64_t look = 0; look < LOOKS; look++) GVB_TRY(check_mark(w, b, last * look / (LOOKS - 1)));
  }
  return GVB_OK;
}

static int touch_all(const fill_work *w, int64_t *words) {
  if (!w->touch || w->api == GVB_MEMORY_ARRAY) return GVB_OK; /* an array has no address */
  GVB_TRY(write_marks(w, words));
  return check_marks(w);
}

/* ---- fill_to_limit ---- */

static int run_fill(gvb_work *work, gvb_interval *interval) {
  fill_work *w = (fill_work *)work;
  int64_t *notes = interval->notes;
  GVB_TRY(free_all(w));
  GVB_TRY(gvb_memory_info(&notes[0], &notes[1]));
  GVB_TRY(open_allocator(w));
  interval->begin = gvb_clock();
  const fill f = fill_up(w);
  int status = touch_all(w, &notes[3]);
  interval->end = gvb_clock();
  status = gvb_first(status, gvb_memory_info(&notes[2], &notes[1]));
  const int64_t row[] = {f.bytes, (int32_t)f.code, f.calls}; /* a layer may answer -1 */
  memcpy(interval->samples, row, sizeof row);
  interval->rows = 1;
  return w->keep && status == GVB_OK ? GVB_OK : gvb_first(status, free_all(w));
}

static int release_fill(gvb_work *work) {
  fill_work *w = (fill_work *)work;
  const int status = free_all(w);
  free(w->blocks);
  return status;
}

/* What the device lacks is said when the work is prepared. */
static int set_up_fill(fill_work *w) {
  w->blocks = calloc((size_t)(w->ceiling / w->chunk_min) + 1, sizeof *w->blocks);
  if (w->blocks == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for a list of blocks");
  GVB_TRY(open_allocator(w));
  return free_all(w);
}

int gvb_prepare_fill_to_limit(int32_t api, int32_t resolution, int64_t chunk_max, int64_t chunk_min, int64_t ceiling,
                              int32_t touch, int32_t keep, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("api", api, GVB_MEMORY_PLAIN, GVB_MEMORY_ARRAY));
  GVB_TRY(gvb_need_range("chunk_min", chunk_min, WORD, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("chunk_max", chunk_max, chunk_min, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("ceiling", ceiling, 0, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("ceiling / chunk_min", ceiling / chunk_min, 0, MOST_BLOCKS));
  GVB_TRY(gvb_need_range("touch", touch, 0, 1));
  GVB_TRY(gvb_need_range("keep", keep, 0, 1));
  GVB_TRY(gvb_device_work_new(sizeof(fill_work), 1, 3, &made));
  fill_work *w = (fill_work *)made;
  made->run = run_fill;
  made->release = release_fill;
  w->api = api, w->resolution = resolution, w->touch = touch != 0, w->keep = keep != 0;
  w->chunk_max = chunk_max, w->chunk_min = chunk_min, w->ceiling = ceiling;
  return gvb_work_ready(made, set_up_fill(w), work);
}
