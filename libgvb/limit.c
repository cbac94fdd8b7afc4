/* fill_to_limit: how much a tenant is given. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "filling.h"
#include "pattern.h"
#include "work.h"

enum { PAGE = 2 << 20, WORD = 8, LOOKS = 4 };

typedef struct fill_work {
  gvb_work work;
  gvb_filling filling;
  bool touch, keep;
} fill_work;

/* The word of the place-th page of a block: eight equal bytes, as cuMemsetD8 writes them. */
static unsigned char mark(int64_t block, int64_t place) {
  return (unsigned char)gvb_pattern((uint64_t)place, (uint64_t)block);
}

static CUdeviceptr address(const gvb_block *block, int64_t place) { return block->address + (CUdeviceptr)place * PAGE; }

static int64_t pages(const gvb_block *block) { return ((int64_t)block->bytes + PAGE - 1) / PAGE; }

static int write_marks(const gvb_filling *f, int64_t *words) {
  for (int64_t b = 0; b < f->count; b++)
    for (int64_t place = 0; place < pages(&f->blocks[b]); place++, ++*words)
      GVB_TRY(GVB_CUDA(cuMemsetD8_v2, address(&f->blocks[b], place), mark(b, place), WORD));
  return GVB_CUDA(cuCtxSynchronize);
}

static int check_mark(const gvb_filling *f, int64_t b, int64_t place) {
  unsigned char found[WORD], expected[WORD];
  memset(expected, mark(b, place), WORD);
  GVB_TRY(GVB_CUDA(cuMemcpyDtoH_v2, found, address(&f->blocks[b], place), WORD));
  if (memcmp(found, expected, WORD) == 0) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "block %" PRId64 " of %" PRId64 " lost the word at %" PRId64 " MiB: read 0x%02x.., expected 0x%02x..",
                  b, f->count, 2 * place, found[0], expected[0]);
}

/* First, last, and some between: a block that is another one's memory has the other's marks. */
static int check_marks(const gvb_filling *f) {
  for (int64_t b = 0; b < f->count; b++) {
    const int64_t last = pages(&f->blocks[b]) - 1;
    for (int64_t look = 0; look < LOOKS; look++) GVB_TRY(check_mark(f, b, last * look / (LOOKS - 1)));
  }
  return GVB_OK;
}

static int touch_all(const fill_work *w, int64_t *words) {
  if (!w->touch || w->filling.api == GVB_MEMORY_ARRAY) return GVB_OK; /* an array has no address */
  GVB_TRY(write_marks(&w->filling, words));
  return check_marks(&w->filling);
}

static int run(gvb_work *work, gvb_interval *interval) {
  fill_work *w = (fill_work *)work;
  gvb_filling *f = &w->filling;
  int64_t *notes = interval->notes;
  GVB_TRY(gvb_empty(f));
  GVB_TRY(gvb_memory_info(&notes[0], &notes[1]));
  interval->begin = gvb_clock();
  GVB_TRY(gvb_fill(f));
  int status = touch_all(w, &notes[3]);
  interval->end = gvb_clock();
  status = gvb_first(status, gvb_memory_info(&notes[2], &notes[1]));
  const int64_t row[] = {f->bytes, (int32_t)f->code, f->calls}; /* a layer may answer -1 */
  memcpy(interval->samples, row, sizeof row);
  interval->rows = 1;
  return w->keep && status == GVB_OK ? GVB_OK : gvb_first(status, gvb_empty(f));
}

static int release(gvb_work *work) { return gvb_filling_release(&((fill_work *)work)->filling); }

int gvb_prepare_fill_to_limit(int32_t api, int32_t resolution, int64_t chunk_max, int64_t chunk_min, int64_t ceiling,
                              int32_t touch, int32_t keep, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_filling_check(api, chunk_max, chunk_min, ceiling));
  GVB_TRY(gvb_need_range("touch", touch, 0, 1));
  GVB_TRY(gvb_need_range("keep", keep, 0, 1));
  GVB_TRY(gvb_device_work_new(sizeof(fill_work), 1, 3, &made));
  made->run = run;
  made->release = release;
  fill_work *w = (fill_work *)made;
  w->filling = (gvb_filling){
      .api = api, .resolution = resolution, .chunk_max = chunk_max, .chunk_min = chunk_min, .ceiling = ceiling};
  w->touch = touch != 0, w->keep = keep != 0;
  return gvb_work_ready(made, gvb_filling_set_up(&w->filling), work);
}
