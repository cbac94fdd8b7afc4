/* call_latency: calls that do little, so that what stands before them shows. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "context.h"
#include "work.h"

enum { MOST_CALLS = 100000, TARGET_BYTES = 4096 };

typedef struct call_work {
  gvb_work work;
  int32_t function;
  int64_t batch;
  void *address;    /* of the function, as its resolution finds it */
  CUdeviceptr word; /* on the device */
  uint32_t *pinned;
  /* answers */
  CUdevice device;
  size_t free_bytes, total_bytes;
  unsigned int type;
} call_work;

/* One batch: calls until one fails. */
#define BATCH(name, ...)                                                  \
  static CUresult batch_##name(call_work *w) {                            \
    name##_fn *call;                                                      \
    memcpy(&call, &w->address, sizeof call); /* ISO C has no such cast */ \
    for (int64_t i = 0; i < w->batch; i++) {                              \
      const CUresult code = call(__VA_ARGS__);                            \
      if (code != CUDA_SUCCESS) return code;                              \
    }                                                                     \
    return CUDA_SUCCESS;                                                  \
  }

BATCH(cuCtxGetDevice, &w->device)
BATCH(cuMemGetInfo_v2, &w->free_bytes, &w->total_bytes)
BATCH(cuPointerGetAttribute, &w->type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, w->word)
BATCH(cuStreamQuery, gvb_gpu.stream)
BATCH(cuMemcpyHtoDAsync_v2, w->word, w->pinned, sizeof *w->pinned, gvb_gpu.stream)

/* The same loop around nothing; asm, so that it stays. */
static CUresult batch_empty(call_work *w) {
  for (int64_t i = 0; i < w->batch; i++) {
    CUresult code = CUDA_SUCCESS;
    __asm__ volatile("" : "+r"(code) : : "memory");
    if (code != CUDA_SUCCESS) return code;
  }
  return CUDA_SUCCESS;
}

/* The values that an answer must have, and has not before the calls. */
static void forget_answers(call_work *w) {
  w->device = -1;
  w->free_bytes = w->total_bytes = 0;
  w->type = 0;
}

static int verify_device(call_work *w) {
  if (w->device == gvb_gpu.handle) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "cuCtxGetDevice answered device %d, expected %d", w->device, gvb_gpu.handle);
}

static int verify_info(call_work *w) {
  if (w->total_bytes > 0 && w->free_bytes <= w->total_bytes) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "cuMemGetInfo_v2 answered %zu free of %zu bytes", w->free_bytes,
                  w->total_bytes);
}

static int verify_type(call_work *w) {
  if (w->type == CU_MEMORYTYPE_DEVICE) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "cuPointerGetAttribute answered memory type %u, expected %d", w->type,
                  CU_MEMORYTYPE_DEVICE);
}

static int verify_idle(call_work *w) {
  (void)w; /* CUDA_SUCCESS is the answer */
  return GVB_OK;
}

static int verify_word(call_work *w) {
  uint32_t found = 0;
  GVB_TRY(gvb_download(&found, w->word, sizeof found));
  if (found == *w->pinned) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "cuMemcpyHtoDAsync_v2 left %" PRIu32 " on the device, expected %" PRIu32,
                  found, *w->pinned);
}

static const struct {
  const char *name;
  CUresult (*batch)(call_work *);
  int (*verify)(call_work *);
} functions[] = {
    [GVB_CTX_GET_DEVICE] = {"cuCtxGetDevice", batch_cuCtxGetDevice, verify_device},
    [GVB_MEM_GET_INFO] = {"cuMemGetInfo_v2", batch_cuMemGetInfo_v2, verify_info},
    [GVB_POINTER_GET_ATTRIBUTE] = {"cuPointerGetAttribute", batch_cuPointerGetAttribute, verify_type},
    [GVB_STREAM_QUERY] = {"cuStreamQuery", batch_cuStreamQuery, verify_idle},
    [GVB_MEMCPY_HTOD_ASYNC] = {"cuMemcpyHtoDAsync_v2", batch_cuMemcpyHtoDAsync_v2, verify_word},
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static int one_batch(call_work *w, int64_t *t0, int64_t *t1) {
  ++*w->pinned;
  *t0 = gvb_clock();
  const CUresult code = functions[w->function].batch(w);
  *t1 = gvb_clock();
  GVB_TRY(gvb_cuda_status(functions[w->function].name, code));
  return gvb_sync();
}

/* An interruption makes it longer, nothing makes it shorter. */
static void time_empty(call_work *w, int64_t *shortest) {
  const int64_t t0 = gvb_clock();
  batch_empty(w);
  const int64_t t1 = gvb_clock();
  if (t1 - t0 < *shortest) *shortest = t1 - t0;
}

static int run(gvb_work *work, gvb_interval *interval) {
  call_work *w = (call_work *)work;
  int64_t empty = INT64_MAX, t0 = 0;
  forget_answers(w);
  for (int64_t i = 0; i < work->rows; i++) {
    time_empty(w, &empty);
    GVB_TRY(one_batch(w, &t0, &interval->end));
    interval->samples[i] = interval->end - t0;
    if (i == 0) interval->begin = t0;
  }
  for (int64_t i = 0; i < work->rows; i++) interval->samples[i] -= empty;
  interval->rows = work->rows;
  interval->notes[0] = empty;
  return functions[w->function].verify(w);
}

static int release(gvb_work *work) {
  call_work *w = (call_work *)work;
  void *pinned = w->pinned;
  const int status = gvb_device_free(&w->word);
  return gvb_first(status, gvb_pinned_free(&pinned));
}

static int set_up(call_work *w, int32_t resolution) {
  void *pinned = NULL;
  int64_t t0, t1;
  GVB_TRY(gvb_driver_find(functions[w->function].name, resolution, &w->address));
  GVB_TRY(gvb_device_new(TARGET_BYTES, &w->word));
  GVB_TRY(gvb_pinned_new(TARGET_BYTES, &pinned));
  w->pinned = pinned;
  forget_answers(w);
  GVB_TRY(one_batch(w, &t0, &t1));
  return functions[w->function].verify(w);
}

int gvb_prepare_call_latency(int32_t function, int32_t resolution, int64_t count, int64_t batch, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("function", function, 0, FUNCTIONS - 1));
  GVB_TRY(gvb_need_range("resolution", resolution, GVB_HANDLE, GVB_QUERY));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS));
  GVB_TRY(gvb_need_range("batch", batch, 1, MOST_CALLS));
  GVB_TRY(gvb_device_work_new(sizeof(call_work), count, 1, &made));
  made->run = run;
  made->release = release;
  call_work *w = (call_work *)made;
  w->function = function;
  w->batch = batch;
  return gvb_work_ready(made, set_up(w, resolution), work);
}
