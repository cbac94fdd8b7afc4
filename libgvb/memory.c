/* alloc_free and alloc_live: device memory, got and given back. */
#include <inttypes.h>
#include <stdlib.h>

#include "allocator.h"
#include "clock.h"
#include "work.h"

enum { WARM_PAIRS = 10, HELD_BYTES = 4096, MOST_LIVE = 1 << 20 };

static const uint64_t pending_ns = GVB_MILLISECOND;

typedef struct memory_work {
  gvb_work work;
  gvb_allocator allocator;
  gvb_block held;
  CUdeviceptr *live; /* more that are held; NULL: none */
  int64_t live_count;
  size_t bytes;
  bool pending;
  CUdeviceptr spun; /* begin and end of the last pending kernel */
} memory_work;

static int queue_spin(memory_work *w) {
  uint64_t ns = pending_ns;
  void *arguments[] = {&ns, &w->spun};
  return gvb_launch(GVB_KERNEL_SPIN, 1, 1, arguments);
}

/* Columns of one row: the two calls; whatever prepares the second stays between them. */
static int one_pair(memory_work *w, int64_t *begin, int64_t *end, int64_t *row) {
  gvb_block block;
  const int64_t t0 = gvb_clock();
  const gvb_answer got = gvb_block_new(&w->allocator, w->bytes, &block);
  const int64_t t1 = gvb_clock();
  GVB_TRY(gvb_answer_status(got));
  GVB_TRY(w->pending ? queue_spin(w) : GVB_CUDA(cuCtxSynchronize));
  const int64_t t2 = gvb_clock();
  const gvb_answer freed = gvb_block_free(&w->allocator, &block);
  const int64_t t3 = gvb_clock();
  GVB_TRY(gvb_answer_status(freed));
  row[0] = t1 - t0;
  row[1] = t3 - t2;
  *begin = t0;
  *end = t3;
  return w->pending ? gvb_sync() : GVB_OK;
}

static int verify_spin(memory_work *w) {
  uint64_t stamps[2] = {0, 0};
  if (!w->pending) return GVB_OK;
  GVB_TRY(gvb_download(stamps, w->spun, sizeof stamps));
  if (stamps[1] - stamps[0] >= pending_ns && stamps[0] != 0) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "gvb_spin ran %" PRIu64 " ns, expected at least %" PRIu64,
                  stamps[1] - stamps[0], pending_ns);
}

/* A block whose last word keeps what is written to it: an allocation that gives no memory cannot look fast. */
static int verify_block(memory_work *w) {
  const uint64_t mark = 0x6776625f6d61726bULL;
  uint64_t found = 0;
  gvb_block block;
  if (w->bytes < sizeof mark) return GVB_OK;
  GVB_TRY(gvb_answer_status(gvb_block_new(&w->allocator, w->bytes, &block)));
  const CUdeviceptr last = block.address + w->bytes - sizeof mark;
  int status = gvb_upload(last, &mark, sizeof mark);
  if (status == GVB_OK) status = gvb_download(&found, last, sizeof found);
  if (status == GVB_OK && found != mark)
    status = gvb_fail(GVB_ERROR_WRONG_RESULT,
                      "a new block of %zu bytes keeps nothing: its last word was written, and is 0x%" PRIx64
                      " when it is read back, expected 0x%" PRIx64,
                      w->bytes, found, mark);
  return gvb_first(status, gvb_answer_status(gvb_block_free(&w->allocator, &block)));
}

static int run(gvb_work *work, gvb_interval *interval) {
  memory_work *w = (memory_work *)work;
  int64_t begin = 0;
  GVB_TRY(GVB_CUDA(cuCtxSynchronize));
  for (int64_t i = 0; i < work->rows; i++) {
    GVB_TRY(one_pair(w, &begin, &interval->end, interval->samples + 2 * i));
    if (i == 0) interval->begin = begin;
  }
  interval->rows = work->rows;
  return verify_spin(w);
}

static int release(gvb_work *work) {
  memory_work *w = (memory_work *)work;
  int status = gvb_device_free(&w->spun);
  for (int64_t i = 0; i < w->live_count; i++) status = gvb_first(status, gvb_device_free(&w->live[i]));
  free(w->live);
  if (w->held.address != 0) status = gvb_first(status, gvb_answer_status(gvb_block_free(&w->allocator, &w->held)));
  return gvb_first(status, gvb_allocator_close(&w->allocator));
}

static int set_up(memory_work *w, int32_t api, int32_t resolution) {
  int64_t begin, end, row[2];
  GVB_TRY(gvb_allocator_open(&w->allocator, api, resolution));
  GVB_TRY(gvb_device_new(2 * sizeof(uint64_t), &w->spun));
  GVB_TRY(gvb_answer_status(gvb_block_new(&w->allocator, HELD_BYTES, &w->held)));
  GVB_TRY(verify_block(w));
  GVB_TRY(GVB_CUDA(cuCtxSynchronize));
  for (int i = 0; i < WARM_PAIRS; i++) GVB_TRY(one_pair(w, &begin, &end, row));
  return GVB_OK;
}

static int hold_live(memory_work *w, int64_t live) {
  w->live = calloc((size_t)live + 1, sizeof *w->live);
  if (w->live == NULL) return gvb_fail(GVB_ERROR_STATE, "no host memory for %" PRId64 " addresses", live);
  for (; w->live_count < live; w->live_count++) GVB_TRY(GVB_CUDA(cuMemAlloc_v2, &w->live[w->live_count], HELD_BYTES));
  return GVB_OK;
}

static int set_up_live(memory_work *w, int32_t resolution, int64_t live) {
  GVB_TRY(hold_live(w, live));
  return set_up(w, GVB_MEMORY_PLAIN, resolution);
}

static int make(int64_t bytes, int64_t count, gvb_work **made) {
  GVB_TRY(gvb_need_range("bytes", bytes, 1, INT64_MAX / 2));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_device_work_new(sizeof(memory_work), count, 2, made));
  (*made)->run = run;
  (*made)->release = release;
  ((memory_work *)*made)->bytes = (size_t)bytes;
  return GVB_OK;
}

int gvb_prepare_alloc_free(int32_t api, int32_t resolution, int64_t bytes, int64_t count, int32_t pending,
                           gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("api", api, GVB_MEMORY_PLAIN, GVB_MEMORY_VMM));
  GVB_TRY(gvb_need_range("pending", pending, 0, 1));
  GVB_TRY(make(bytes, count, &made));
  ((memory_work *)made)->pending = pending != 0;
  return gvb_work_ready(made, set_up((memory_work *)made, api, resolution), work);
}

int gvb_prepare_alloc_live(int32_t resolution, int64_t live, int64_t bytes, int64_t count, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("live", live, 0, MOST_LIVE));
  GVB_TRY(make(bytes, count, &made));
  return gvb_work_ready(made, set_up_live((memory_work *)made, resolution, live), work);
}
