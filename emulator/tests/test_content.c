/* What the device computes and copies, and what it refuses. */
#include "harness.h"

enum { N = 1 << 18 };

static CUdeviceptr device(size_t bytes) {
  CUdeviceptr address;
  MUST(cu.cuMemAlloc_v2(&address, bytes));
  return address;
}

static uint64_t word(CUdeviceptr address) {
  uint64_t value;
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(&value, address, 8));
  return value;
}

static void copies_are_complete(void) {
  unsigned char *from = malloc(N), *back = calloc(1, N);
  CUdeviceptr a = device(N), b = device(N);
  for (int k = 0; k < N; k++) from[k] = (unsigned char)(k * 7);
  MUST(cu.cuMemcpyHtoD_v2(a, from, N));
  MUST(cu.cuMemcpyDtoD_v2(b, a, N));
  MUST(cu.cuMemcpyDtoH_v2(back, b, N));
  check(memcmp(from, back, N) == 0, "host to device to device to host gives the same bytes");
  MUST(cu.cuMemsetD8_v2(b, 0xa5, N));
  MUST(cu.cuMemcpyDtoH_v2(back, b, N));
  check(back[0] == 0xa5 && back[N - 1] == 0xa5, "cuMemsetD8 fills all");
  MUST(cu.cuMemsetD32_v2(b, 0x01020304, N / 4));
  MUST(cu.cuMemcpy((CUdeviceptr)(uintptr_t)back, b, N));
  check(back[N - 4] == 4 && back[N - 1] == 1, "cuMemsetD32 fills all, cuMemcpy finds its direction");
  MUST(cu.cuMemFree_v2(a));
  MUST(cu.cuMemFree_v2(b));
  free(from);
  free(back);
}

static void asynchronous_copies_follow_the_stream(void) {
  unsigned char *host;
  CUdeviceptr a = device(N);
  MUST(cu.cuMemHostAlloc((void **)&host, N, 0));
  memset(host, 1, N);
  MUST(cu.cuMemcpyHtoDAsync_v2(a, host, N, stream));
  MUST(cu.cuMemsetD8Async(a, 2, N / 2, stream));
  MUST(cu.cuStreamSynchronize(stream));
  memset(host, 0, N);
  MUST(cu.cuMemcpyDtoHAsync_v2(host, a, N, stream));
  MUST(cu.cuStreamSynchronize(stream));
  check(host[0] == 2 && host[N - 1] == 1, "copy, fill, copy back happen in stream order");
  MUST(cu.cuMemFreeHost(host));
  MUST(cu.cuMemFree_v2(a));
}

static void streams_wait_for_events(void) {
  CUstream other;
  CUevent event;
  uint64_t words = N, seed = 5, *result;
  CUdeviceptr p = device(8 * N), out = device(16);
  MUST(cu.cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  MUST(cu.cuEventCreate(&event, 0));
  MUST(cu.cuMemHostAlloc((void **)&result, 16, 0));
  MUST(cu.cuMemsetD32_v2(out, 0, 4));
  MUST(cu.cuCtxSynchronize());
  launch("gvb_fill", 64, 256, (void *[]){&p, &words, &seed});
  MUST(cu.cuEventRecord(event, stream));
  MUST(cu.cuStreamWaitEvent(other, event, 0));
  MUST(cu.cuMemcpyDtoHAsync_v2(result, p, 16, other));
  MUST(cu.cuStreamSynchronize(other));
  check(result[0] != 0 && result[0] != result[1], "a stream that waits for an event sees the work before it");
  MUST(cu.cuStreamDestroy_v2(other));
  MUST(cu.cuEventDestroy_v2(event));
  MUST(cu.cuMemFreeHost(result));
  MUST(cu.cuMemFree_v2(p));
  MUST(cu.cuMemFree_v2(out));
}

static void kernels_compute(void) {
  CUdeviceptr a = device(4 * N), b = device(4 * N), c = device(4 * N), p = device(8 * N), out = device(16);
  float *host = malloc(4 * N), s = 2.0f, one = 1.0f;
  uint64_t n = N, seed = 42, iterations = 1000;
  for (int k = 0; k < N; k++) host[k] = (float)k;
  MUST(cu.cuMemcpyHtoD_v2(b, host, 4 * N));
  MUST(cu.cuMemcpyHtoD_v2(c, host, 4 * N));
  launch("gvb_triad", 128, 256, (void *[]){&a, &b, &c, &s, &n});
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(host, a, 4 * N));
  check(host[1] == 3.0f && host[N - 1] == 3.0f * (N - 1), "gvb_triad: a = b + s c");
  host[5] = 100.0f;
  MUST(cu.cuMemcpyHtoD_v2(b, host, 4 * N));
  launch("gvb_triad", 128, 256, (void *[]){&a, &b, &c, &s, &n});
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemcpyDtoH_v2(host, a, 4 * N));
  check(host[5] == 110.0f, "gvb_triad again, after its input changed");

  MUST(cu.cuMemsetD32_v2(out, 0, 4));
  launch("gvb_fill", 128, 256, (void *[]){&p, &n, &seed});
  launch("gvb_checksum", 128, 256, (void *[]){&p, &n, &seed, &out});
  check(word(out) == 0, "gvb_checksum finds gvb_fill's words right");
  uint64_t wrong = 7;
  MUST(cu.cuMemcpyHtoD_v2(p + 8 * 1000, &wrong, 8));
  MUST(cu.cuMemsetD8_v2(out + 8, 0xff, 8));
  MUST(cu.cuCtxSynchronize());
  launch("gvb_checksum", 128, 256, (void *[]){&p, &n, &seed, &out});
  check(word(out) == 1 && word(out + 8) == 1000, "gvb_checksum finds one wrong word and where");

  uint64_t *words = malloc(8 * N), sum = 0;
  MUST(cu.cuMemcpyDtoH_v2(words, p, 8 * N));
  for (int k = 0; k < N; k++) sum += words[k];
  MUST(cu.cuMemsetD32_v2(out, 0, 4));
  MUST(cu.cuCtxSynchronize());
  for (int k = 0; k < 2; k++) launch("gvb_sum", 128, 256, (void *[]){&p, &n, &out});
  check(word(out) == 2 * sum, "gvb_sum adds, twice");

  uint64_t marked = 0x5eedull << 32 | 3, marker = 0x5eed;
  for (int k = 0; k < 5; k++) MUST(cu.cuMemcpyHtoD_v2(p + 8 * 77 * k, &marked, 8));
  MUST(cu.cuMemsetD32_v2(out, 0, 2));
  MUST(cu.cuCtxSynchronize());
  launch("gvb_scan", 128, 256, (void *[]){&p, &n, &marker, &out});
  check(word(out) == 5, "gvb_scan counts words of a marker");

  MUST(cu.cuMemsetD32_v2(out, 0, 4));
  MUST(cu.cuCtxSynchronize());
  launch("gvb_fma", 10, 256, (void *[]){&iterations, &one, &one, &out});
  check(word(out) == 2560, "gvb_fma: each thread reports its total");
  for (int k = 0; k < 40; k++) launch("gvb_empty", 1, 32, (void *[]){&out});
  check(word(out) == 2600, "gvb_empty counts its launches");
  launch("gvb_timer_step", 1, 1, (void *[]){&out, &iterations});
  check(word(out) == 32, "gvb_timer_step sees the configured step");
  free(words);
  free(host);
}

static uint64_t load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

static void kernels_talk_to_the_host(void) {
  uint64_t *shared;
  MUST(cu.cuMemHostAlloc((void **)&shared, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
  CUdeviceptr at = (CUdeviceptr)(uintptr_t)shared, pong = at + 64;
  uint64_t nonce = 77, count = 100, limit = 20000000000, ns = 300000;
  memset(shared, 0, 4096);
  int64_t before = clock_host();
  launch("gvb_stamp", 1, 1, (void *[]){&at, &nonce});
  while (load(&shared[1]) != nonce && clock_host() - before < 20000000000) continue;
  int64_t stamp = (int64_t)shared[0] - 1700000000000000000;
  check(shared[1] == 77 && stamp > before && stamp < clock_host(), "gvb_stamp is seen while nobody waits for it");
  shared[0] = 0;
  launch("gvb_echo", 1, 1, (void *[]){&at, &pong, &count, &limit});
  for (uint64_t s = 1; s <= count; s++) {
    __atomic_store_n(&shared[0], s, __ATOMIC_RELEASE);
    while (load(&shared[9]) != s && clock_host() - before < 20000000000) continue;
  }
  check(shared[9] == count, "gvb_echo answers each call");
  MUST(cu.cuStreamSynchronize(stream));
  launch("gvb_spin", 3, 32, (void *[]){&ns, &at});
  MUST(cu.cuStreamSynchronize(stream));
  check(shared[1] - shared[0] >= ns && shared[1] - shared[0] < ns + 1000 && shared[5] > shared[4],
        "gvb_spin stamps begin and end of every block");
  MUST(cu.cuMemFreeHost((void *)shared));
}

static void graphs_run_their_nodes(void) {
  CUgraph graph;
  CUgraphExec exec;
  CUgraphNode node;
  CUdeviceptr counter = device(8);
  MUST(cu.cuMemsetD8_v2(counter, 0, 8));
  MUST(cu.cuCtxSynchronize());
  void *arguments[] = {&counter};
  CUDA_KERNEL_NODE_PARAMS_v2 p = {.func = function("gvb_empty"),
                                  .gridDimX = 1,
                                  .gridDimY = 1,
                                  .gridDimZ = 1,
                                  .blockDimX = 32,
                                  .blockDimY = 1,
                                  .blockDimZ = 1,
                                  .kernelParams = arguments};
  MUST(cu.cuGraphCreate(&graph, 0));
  for (int k = 0; k < 3; k++) MUST(cu.cuGraphAddKernelNode_v2(&node, graph, k ? &node : NULL, k ? 1 : 0, &p));
  MUST(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
  MUST(cu.cuGraphUpload(exec, stream));
  for (int k = 0; k < 2; k++) MUST(cu.cuGraphLaunch(exec, stream));
  check(word(counter) == 6, "a graph of 3 nodes, launched twice, runs 6 kernels");
  MUST(cu.cuGraphExecDestroy(exec));
  MUST(cu.cuGraphDestroy(graph));
  MUST(cu.cuMemFree_v2(counter));
}

static void what_is_missing_says_so(void) {
  CUfunction f;
  void *found = NULL;
  CUdriverProcAddressQueryResult status;
  typedef CUresult any(void);
  CHECK_CALL(cu.cuModuleGetFunction(&f, module, "nowhere"), CUDA_ERROR_NOT_FOUND);
  MUST(cu.cuModuleGetFunction(&f, module, "somebody_elses"));
  CHECK_CALL(cu.cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, stream, NULL, NULL), CUDA_ERROR_NOT_SUPPORTED);
  MUST(cu.cuGetProcAddress_v2("cuArray3DCreate", &found, 13000, 0, NULL));
  check(found && ((any *)found)() == CUDA_ERROR_NOT_SUPPORTED, "cuArray3DCreate answers NOT_SUPPORTED");
  MUST(cu.cuGetProcAddress_v2("cuMemAlloc", &found, 13000, 0, NULL));
  check(found == (void *)cu.cuMemAlloc_v2, "cuGetProcAddress maps cuMemAlloc to cuMemAlloc_v2");
  MUST(cu.cuGetProcAddress_v2("cuCtxSynchronize", &found, 13000, 0, NULL));
  check(found == (void *)cu.cuCtxSynchronize, "and cuCtxSynchronize to itself");
  MUST(cu.cuGetProcAddress_v2("cuNothing", &found, 13000, 0, &status));
  check(!found && status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND, "cuGetProcAddress does not know cuNothing");
  CHECK_CALL(cu.cuGetExportTable((const void **)&found, &(CUuuid){{0}}), CUDA_ERROR_INVALID_VALUE);
  CHECK_CALL(cu.cuMemcpyHtoD_v2(4096, &found, 8), CUDA_ERROR_INVALID_VALUE);
}

static void a_bad_pointer_loses_the_context(void) {
  CUdeviceptr bad = 4096;
  launch("gvb_empty", 1, 32, (void *[]){&bad});
  CHECK_CALL(cu.cuStreamSynchronize(stream), CUDA_ERROR_ILLEGAL_ADDRESS);
  CHECK_CALL(cu.cuMemAlloc_v2(&bad, 8), CUDA_ERROR_ILLEGAL_ADDRESS);
}

int main(void) {
  new_machine("seed 2");
  open_context();
  copies_are_complete();
  asynchronous_copies_follow_the_stream();
  streams_wait_for_events();
  kernels_compute();
  kernels_talk_to_the_host();
  graphs_run_their_nodes();
  what_is_missing_says_so();
  a_bad_pointer_loses_the_context();
  return summary();
}
