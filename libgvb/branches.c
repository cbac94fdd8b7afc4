/* branches: equal kernels one after the other, and side by side. */
#include "clock.h"
#include "compute.h"
#include "graph.h"
#include "work.h"

enum { BLOCK = 32, MOST_BRANCHES = 128, TURNS = 4, PLAIN_SHARED = 48 << 10, SPARE = 1 << 10 };
enum { SERIAL, CONCURRENT, SHAPES };

typedef struct branches_work {
  gvb_work work;
  gvb_fma fma;
  gvb_graph graphs[SHAPES]; /* of the way by graphs */
  CUstream streams[MOST_BRANCHES];
  CUevent joins[MOST_BRANCHES];
  CUevent begin, end;
  int32_t way;
  int64_t branches;
  unsigned shared; /* of a block, bytes */
} branches_work;

static CUresult launch(branches_work *w, CUstream stream) {
  gvb_fma *f = &w->fma;
  void *arguments[] = {&f->iterations, &f->a, &f->b, &f->ok};
  return gvb_cuda.cuLaunchKernel(gvb_gpu.kernels[GVB_KERNEL_FMA], f->blocks, 1, 1, BLOCK, 1, 1, w->shared, stream,
                                 arguments, NULL);
}

static int one_after_the_other(branches_work *w) {
  for (int64_t k = 0; k < w->branches; k++) GVB_TRY(gvb_cuda_status("cuLaunchKernel", launch(w, gvb_gpu.stream)));
  return GVB_OK;
}

/* Streams wait for the first event; the stream of the second one waits for them. */
static int side_by_side(branches_work *w) {
  for (int64_t k = 0; k < w->branches; k++) {
    GVB_TRY(GVB_CUDA(cuStreamWaitEvent, w->streams[k], w->begin, 0));
    GVB_TRY(gvb_cuda_status("cuLaunchKernel", launch(w, w->streams[k])));
    GVB_TRY(GVB_CUDA(cuEventRecord, w->joins[k], w->streams[k]));
  }
  for (int64_t k = 0; k < w->branches; k++) GVB_TRY(GVB_CUDA(cuStreamWaitEvent, gvb_gpu.stream, w->joins[k], 0));
  return GVB_OK;
}

static int queue(branches_work *w, int shape) {
  if (w->way == GVB_WAY_GRAPH) return GVB_CUDA(cuGraphLaunch, w->graphs[shape].exec, gvb_gpu.stream);
  return shape == SERIAL ? one_after_the_other(w) : side_by_side(w);
}

static int measure(branches_work *w, int shape, int64_t *took) {
  float milliseconds = 0;
  GVB_TRY(GVB_CUDA(cuEventRecord, w->begin, gvb_gpu.stream));
  GVB_TRY(queue(w, shape));
  GVB_TRY(GVB_CUDA(cuEventRecord, w->end, gvb_gpu.stream));
  w->fma.launched += (uint64_t)w->branches;
  GVB_TRY(gvb_sync());
  GVB_TRY(GVB_CUDA(cuEventElapsedTime, &milliseconds, w->begin, w->end));
  *took = (int64_t)((double)milliseconds * GVB_MILLISECOND);
  return GVB_OK;
}

static int verify(branches_work *w) {
  uint64_t right = 0;
  const uint64_t expected = w->fma.launched * w->fma.blocks * BLOCK;
  GVB_TRY(gvb_download(&right, w->fma.ok, sizeof right));
  if (right == expected) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "%llu threads computed right, expected %llu", (unsigned long long)right,
                  (unsigned long long)expected);
}

static int run(gvb_work *work, gvb_interval *interval) {
  static const int order[TURNS] = {SERIAL, CONCURRENT, CONCURRENT, SERIAL};
  branches_work *w = (branches_work *)work;
  interval->notes[0] = w->shared;
  interval->begin = gvb_clock();
  for (int64_t pair = 0; pair < work->rows; pair += 2)
    for (int turn = 0; turn < TURNS; turn++) {
      const int64_t row = pair + turn / 2;
      GVB_TRY(measure(w, order[turn], &interval->samples[row * SHAPES + order[turn]]));
    }
  interval->end = gvb_clock();
  interval->rows = work->rows;
  return verify(w);
}

static int release(gvb_work *work) {
  branches_work *w = (branches_work *)work;
  int status = gvb_fma_free(&w->fma);
  for (int s = 0; s < SHAPES; s++) status = gvb_first(status, gvb_graph_free(&w->graphs[s]));
  for (int64_t k = 0; k < MOST_BRANCHES; k++) {
    if (w->joins[k] != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, w->joins[k]));
    if (w->streams[k] != NULL) status = gvb_first(status, GVB_CUDA(cuStreamDestroy_v2, w->streams[k]));
  }
  if (w->begin != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, w->begin));
  if (w->end != NULL) status = gvb_first(status, GVB_CUDA(cuEventDestroy_v2, w->end));
  return status;
}

static int attribute(CUdevice_attribute which, int *value) {
  return GVB_CUDA(cuDeviceGetAttribute, value, which, gvb_gpu.handle);
}

/* More than half of a multiprocessor's, as far as a block may have that. */
static int choose_shared(branches_work *w) {
  int whole = 0, most = 0;
  GVB_TRY(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, &whole));
  GVB_TRY(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &most));
  if (most < PLAIN_SHARED) most = PLAIN_SHARED;
  const int wanted = whole / 2 + SPARE;
  w->shared = (unsigned)(wanted < most ? wanted : most);
  return GVB_CUDA(cuFuncSetAttribute, gvb_gpu.kernels[GVB_KERNEL_FMA], CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                  (int)w->shared);
}

static int make_graphs(branches_work *w) {
  gvb_fma *f = &w->fma;
  void *arguments[] = {&f->iterations, &f->a, &f->b, &f->ok};
  const CUDA_KERNEL_NODE_PARAMS_v2 node = {.func = gvb_gpu.kernels[GVB_KERNEL_FMA],
                                           .gridDimX = f->blocks,
                                           .gridDimY = 1,
                                           .gridDimZ = 1,
                                           .blockDimX = BLOCK,
                                           .blockDimY = 1,
                                           .blockDimZ = 1,
                                           .sharedMemBytes = w->shared,
                                           .kernelParams = arguments};
  GVB_TRY(GVB_NEED(cuGraphLaunch));
  GVB_TRY(gvb_graph_make(&w->graphs[SERIAL], &node, w->branches, true));
  return gvb_graph_make(&w->graphs[CONCURRENT], &node, w->branches, false);
}

static int make_streams(branches_work *w) {
  for (int64_t k = 0; k < w->branches; k++) {
    GVB_TRY(GVB_CUDA(cuStreamCreate, &w->streams[k], CU_STREAM_NON_BLOCKING));
    GVB_TRY(GVB_CUDA(cuEventCreate, &w->joins[k], CU_EVENT_DISABLE_TIMING));
  }
  return GVB_OK;
}

static int set_up(branches_work *w, int64_t iterations, int64_t blocks) {
  int64_t took = 0;
  GVB_TRY(gvb_fma_make(&w->fma, iterations, blocks));
  GVB_TRY(GVB_CUDA(cuEventCreate, &w->begin, CU_EVENT_DEFAULT));
  GVB_TRY(GVB_CUDA(cuEventCreate, &w->end, CU_EVENT_DEFAULT));
  GVB_TRY(choose_shared(w));
  GVB_TRY(w->way == GVB_WAY_GRAPH ? make_graphs(w) : make_streams(w));
  for (int shape = 0; shape < SHAPES; shape++) GVB_TRY(measure(w, shape, &took));
  return verify(w);
}

int gvb_prepare_branches(int32_t way, int64_t branches, int64_t iterations, int64_t blocks, int64_t count,
                         gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("way", way, GVB_WAY_GRAPH, GVB_WAY_STREAMS));
  GVB_TRY(gvb_need_range("branches", branches, 1, MOST_BRANCHES));
  GVB_TRY(gvb_need_range("iterations", iterations, 1, INT64_MAX));
  GVB_TRY(gvb_need_range("blocks", blocks, 1, INT32_MAX));
  GVB_TRY(gvb_need_range("count", count, 1, GVB_MOST_ROWS / 2));
  GVB_TRY(gvb_device_work_new(sizeof(branches_work), 2 * count, SHAPES, &made));
  made->run = run;
  made->release = release;
  branches_work *w = (branches_work *)made;
  w->way = way;
  w->branches = branches;
  return gvb_work_ready(made, set_up(w, iterations, blocks), work);
}
