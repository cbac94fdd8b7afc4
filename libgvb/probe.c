/* probe: does the context still compute and copy? */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "context.h"
#include "pattern.h"
#include "work.h"

enum { GRID = 256, BLOCK = 256 };

static const int64_t patience = 10 * GVB_SECOND;

typedef struct probe_work {
  gvb_work work;
  uint64_t words;
  uint64_t seed;
  uint64_t runs;
  CUdeviceptr device;
  CUdeviceptr found; /* wrong words, lowest index of one */
  uint64_t *host;    /* the words, then the two of `found` */
} probe_work;

static const uint64_t none_found[2] = {0, UINT64_MAX};

/* Another pattern each time: what an earlier run left cannot pass. */
static uint64_t seed_of_run(const probe_work *w) { return gvb_pattern(w->runs, w->seed); }

static size_t byte_count(const probe_work *w) { return w->words * sizeof(uint64_t); }

static int queue_fill(probe_work *w) {
  uint64_t seed = seed_of_run(w);
  void *arguments[] = {&w->device, &w->words, &seed};
  return gvb_launch(GVB_KERNEL_FILL, GRID, BLOCK, arguments);
}

static int queue_check(probe_work *w) {
  uint64_t seed = seed_of_run(w);
  void *arguments[] = {&w->device, &w->words, &seed, &w->found};
  GVB_TRY(gvb_launch(GVB_KERNEL_CHECKSUM, GRID, BLOCK, arguments));
  GVB_TRY(GVB_CUDA(cuMemcpyDtoHAsync_v2, w->host, w->device, byte_count(w), gvb_gpu.stream));
  return GVB_CUDA(cuMemcpyDtoHAsync_v2, w->host + w->words, w->found, sizeof none_found, gvb_gpu.stream);
}

/* What device and host find: the number of wrong words and the lowest. */
static void compare(const probe_work *w, uint64_t wrong[2]) {
  const uint64_t seed = seed_of_run(w);
  wrong[0] = 0;
  wrong[1] = UINT64_MAX;
  for (uint64_t i = 0; i < w->words; i++) {
    if (w->host[i] == gvb_pattern(i, seed)) continue;
    if (wrong[0]++ == 0) wrong[1] = i;
  }
}

static int expect(const probe_work *w, const uint64_t wrong[2], uint64_t count, uint64_t index) {
  const uint64_t *device = w->host + w->words;
  if (device[0] != count || device[1] != index)
    return gvb_fail(GVB_ERROR_WRONG_RESULT,
                    "a kernel wrote %" PRIu64 " words and another one found %" PRIu64
                    " of them wrong, expected %" PRIu64,
                    w->words, device[0], count);
  if (wrong[0] != count || wrong[1] != index)
    return gvb_fail(GVB_ERROR_WRONG_RESULT,
                    "copied back wrong: %" PRIu64 " of %" PRIu64 " words, expected %" PRIu64
                    ": on the device they were as they should be",
                    wrong[0], w->words, count);
  return GVB_OK;
}

/* The copies must find nothing of an earlier run. */
static int clear(probe_work *w) {
  w->runs++;
  memset(w->host, 0, byte_count(w) + sizeof none_found);
  return gvb_upload(w->found, none_found, sizeof none_found);
}

static int run(gvb_work *work, gvb_interval *interval) {
  probe_work *w = (probe_work *)work;
  uint64_t wrong[2];
  GVB_TRY(clear(w));
  interval->begin = gvb_clock();
  GVB_TRY(queue_fill(w));
  GVB_TRY(queue_check(w));
  GVB_TRY(gvb_sync_within(patience));
  compare(w, wrong);
  interval->end = gvb_clock();
  interval->samples[0] = interval->end - interval->begin;
  interval->rows = 1;
  return expect(w, wrong, 0, UINT64_MAX);
}

/* A probe that cannot find a wrong word proves nothing. */
static int self_test(probe_work *w) {
  const uint64_t index = w->words / 2;
  uint64_t wrong[2];
  GVB_TRY(clear(w));
  const uint64_t bad = ~gvb_pattern(index, seed_of_run(w));
  GVB_TRY(queue_fill(w));
  GVB_TRY(gvb_sync_within(patience));
  GVB_TRY(gvb_upload(w->device + index * sizeof bad, &bad, sizeof bad));
  GVB_TRY(queue_check(w));
  GVB_TRY(gvb_sync_within(patience));
  compare(w, wrong);
  return expect(w, wrong, 1, index);
}

static int release(gvb_work *work) {
  probe_work *w = (probe_work *)work;
  void *host = w->host;
  int status = gvb_device_free(&w->device);
  status = gvb_first(status, gvb_device_free(&w->found));
  return gvb_first(status, gvb_pinned_free(&host));
}

static int set_up(probe_work *w) {
  void *host = NULL;
  GVB_TRY(gvb_pinned_new(byte_count(w) + sizeof none_found, &host));
  w->host = host;
  GVB_TRY(gvb_device_new(byte_count(w), &w->device));
  GVB_TRY(gvb_device_new(sizeof none_found, &w->found));
  return self_test(w);
}

int gvb_prepare_probe(int64_t bytes, uint64_t seed, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("bytes", bytes, 8, 1LL << 34));
  if (bytes % 8 != 0) return gvb_fail(GVB_ERROR_ARGUMENT, "bytes is %" PRId64 ", expected a multiple of 8", bytes);
  GVB_TRY(gvb_device_work_new(sizeof(probe_work), 1, 1, &made));
  made->run = run;
  made->release = release;
  probe_work *w = (probe_work *)made;
  w->words = (uint64_t)bytes / sizeof(uint64_t);
  w->seed = seed;
  return gvb_work_ready(made, set_up(w), work);
}
