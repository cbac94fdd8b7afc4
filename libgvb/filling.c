#include "filling.h"

#include <stdlib.h>
#include <string.h>

#include "work.h"

enum { SMALLEST = 8, MOST_BLOCKS = 1 << 20 };

int gvb_filling_check(int32_t api, int64_t chunk_max, int64_t chunk_min, int64_t ceiling) {
  GVB_TRY(gvb_need_range("api", api, GVB_MEMORY_PLAIN, GVB_MEMORY_ARRAY));
  GVB_TRY(gvb_need_range("chunk_min", chunk_min, SMALLEST, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("chunk_max", chunk_max, chunk_min, INT64_MAX / 4));
  GVB_TRY(gvb_need_range("ceiling", ceiling, 0, INT64_MAX / 4));
  return gvb_need_range("ceiling / chunk_min", ceiling / chunk_min, 0, MOST_BLOCKS);
}

static int open_allocator(gvb_filling *f) {
  memset(&f->allocator, 0, sizeof f->allocator);
  GVB_TRY(gvb_allocator_open(&f->allocator, f->api, f->resolution));
  f->is_open = true;
  return GVB_OK;
}

/* What the device lacks is said when the work is prepared. */
int gvb_filling_set_up(gvb_filling *f) {
  f->blocks = calloc((size_t)(f->ceiling / f->chunk_min) + 1, sizeof *f->blocks);
  if (f->blocks == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for a list of blocks");
  GVB_TRY(open_allocator(f));
  return gvb_empty(f);
}

/* A plain block does not know its size, and vmm's may be larger than what was asked for. */
static void take(gvb_filling *f, int64_t chunk) {
  gvb_block *block = &f->blocks[f->count];
  block->bytes = 0;
  f->code = gvb_block_new(&f->allocator, (size_t)chunk, block).code;
  f->calls++;
  if (f->code != CUDA_SUCCESS) return;
  if (block->bytes < (size_t)chunk) block->bytes = (size_t)chunk;
  f->bytes += (int64_t)block->bytes;
  f->count++;
}

int gvb_fill(gvb_filling *f) {
  GVB_TRY(gvb_empty(f));
  GVB_TRY(open_allocator(f));
  f->bytes = f->calls = 0;
  for (int64_t chunk = f->chunk_max; chunk >= f->chunk_min; chunk /= 2) {
    f->code = CUDA_SUCCESS; /* of a larger chunk: a smaller one that the ceiling stops was not refused */
    while (f->code == CUDA_SUCCESS && f->bytes + chunk <= f->ceiling) take(f, chunk);
  }
  return GVB_OK;
}

int gvb_empty(gvb_filling *f) {
  int status = GVB_OK;
  while (f->count > 0)
    status = gvb_first(status, gvb_answer_status(gvb_block_free(&f->allocator, &f->blocks[--f->count])));
  if (!f->is_open) return status;
  f->is_open = false;
  return gvb_first(status, gvb_allocator_close(&f->allocator));
}

int gvb_filling_release(gvb_filling *f) {
  const int status = gvb_empty(f);
  free(f->blocks);
  f->blocks = NULL;
  return status;
}
