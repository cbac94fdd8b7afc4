/* own and intrude: memory of a pattern, and another process that tries to read or write it. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "context.h"
#include "pattern.h"
#include "work.h"

enum { GRID = 256, BLOCK = 256, WORDS = 512 };

static const int64_t patience = 10 * GVB_SECOND;

/* ---- own ---- */

typedef struct own_work {
  gvb_work work;
  uint64_t words, seed;
  CUdeviceptr device, wrong; /* wrong words, lowest index of one */
} own_work;

static int fill(own_work *w) {
  void *arguments[] = {&w->device, &w->words, &w->seed};
  GVB_TRY(GVB_CUDA(cuMemAlloc_v2, &w->device, w->words * sizeof(uint64_t)));
  GVB_TRY(gvb_device_new(2 * sizeof(uint64_t), &w->wrong));
  GVB_TRY(gvb_launch(GVB_KERNEL_FILL, GRID, BLOCK, arguments));
  return gvb_sync_within(patience);
}

static int run_own(gvb_work *work, gvb_interval *interval) {
  own_work *w = (own_work *)work;
  uint64_t found[2] = {0, UINT64_MAX};
  void *arguments[] = {&w->device, &w->words, &w->seed, &w->wrong};
  GVB_TRY(gvb_upload(w->wrong, found, sizeof found));
  interval->begin = gvb_clock();
  GVB_TRY(gvb_launch(GVB_KERNEL_CHECKSUM, GRID, BLOCK, arguments));
  GVB_TRY(gvb_sync_within(patience));
  interval->end = gvb_clock();
  GVB_TRY(gvb_download(found, w->wrong, sizeof found));
  interval->samples[0] = (int64_t)found[0];
  interval->rows = 1;
  interval->notes[0] = (int64_t)w->device;
  return GVB_OK;
}

static int release_own(gvb_work *work) {
  own_work *w = (own_work *)work;
  const int status = gvb_device_free(&w->device);
  return gvb_first(status, gvb_device_free(&w->wrong));
}

int gvb_prepare_own(int64_t bytes, uint64_t seed, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("bytes", bytes, 8, INT64_MAX / 4));
  GVB_TRY(gvb_device_work_new(sizeof(own_work), 1, 1, &made));
  made->run = run_own;
  made->release = release_own;
  own_work *w = (own_work *)made;
  w->words = (uint64_t)bytes / sizeof(uint64_t), w->seed = seed;
  return gvb_work_ready(made, fill(w), work);
}

/* ---- intrude ---- */

typedef struct intrude_work {
  gvb_work work;
  bool writes;
  CUdeviceptr address;
  uint64_t first, seed; /* the word at `address` is f(first, seed) */
  CUdeviceptr out;
} intrude_work;

static void pattern(const intrude_work *w, uint64_t words[WORDS]) {
  for (uint64_t k = 0; k < WORDS; k++) words[k] = gvb_pattern(w->first + k, w->seed);
}

/* What comes back must be the owner's own words: an address may be something of ours too. */
static CUresult copy_out(const intrude_work *w, int64_t *words) {
  uint64_t expected[WORDS], found[WORDS] = {0};
  pattern(w, expected);
  const CUresult code = gvb_cuda.cuMemcpyDtoH_v2(found, w->address, sizeof found);
  for (int k = 0; k < WORDS && code == CUDA_SUCCESS; k++) *words += found[k] == expected[k];
  return code;
}

static CUresult copy_in(const intrude_work *w, int64_t *words) {
  uint64_t foreign[WORDS];
  memset(foreign, 0x5a, sizeof foreign);
  const CUresult code = gvb_cuda.cuMemcpyHtoD_v2(w->address, foreign, sizeof foreign);
  *words += code == CUDA_SUCCESS ? WORDS : 0;
  return code;
}

static int launch(intrude_work *w) {
  uint64_t count = WORDS, other = ~w->seed;
  void *sum[] = {&w->address, &count, &w->out}, *fills[] = {&w->address, &count, &other};
  if (w->writes) return gvb_launch(GVB_KERNEL_FILL, 1, BLOCK, fills);
  return gvb_launch(GVB_KERNEL_SUM, 1, BLOCK, sum);
}

static int kernel_words(intrude_work *w, int64_t *words) {
  uint64_t expected[WORDS], sum = 0, found = 0;
  if (w->writes) return *words = WORDS, GVB_OK;
  pattern(w, expected);
  for (int k = 0; k < WORDS; k++) sum += expected[k];
  GVB_TRY(gvb_download(&found, w->out, sizeof found));
  *words = found == sum ? WORDS : 0;
  return GVB_OK;
}

/* A fault of the device is the answer that is wanted: after it, this process's context does nothing any more. */
static int by_kernel(intrude_work *w, int64_t row[2]) {
  int status = launch(w);
  if (status == GVB_OK) status = gvb_sync_within(patience);
  if (status == GVB_ERROR_CUDA) return row[0] = gvb_last_code(), GVB_OK;
  GVB_TRY(status);
  return kernel_words(w, &row[1]);
}

static int run_intrude(gvb_work *work, gvb_interval *interval) {
  intrude_work *w = (intrude_work *)work;
  int64_t *row = interval->samples;
  memset(row, 0, 4 * sizeof *row);
  interval->rows = 1;
  interval->begin = gvb_clock();
  row[0] = (int32_t)(w->writes ? copy_in(w, &row[1]) : copy_out(w, &row[1]));
  const int status = by_kernel(w, &row[2]);
  interval->end = gvb_clock();
  return status;
}

static int release_intrude(gvb_work *work) { return gvb_device_free(&((intrude_work *)work)->out); }

int gvb_prepare_intrude(int32_t writes, uint64_t address, uint64_t first, uint64_t seed, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("writes", writes, 0, 1));
  GVB_TRY(gvb_device_work_new(sizeof(intrude_work), 1, 4, &made));
  made->run = run_intrude;
  made->release = release_intrude;
  intrude_work *w = (intrude_work *)made;
  w->writes = writes != 0, w->address = (CUdeviceptr)address, w->first = first, w->seed = seed;
  return gvb_work_ready(made, gvb_device_new(sizeof(uint64_t), &w->out), work);
}
