/* What a copy from one GPU to another takes, by the driver API alone: with peer access and without, one way and both.
 * Prints one JSON object. Build: cc -O2 peers.c -o peers -lcuda. Needs two GPUs. */
#include <cuda.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPEATS = 15 };

#define MUST(call)                                           \
  do {                                                       \
    CUresult got_ = (call);                                  \
    if (got_ != CUDA_SUCCESS) {                              \
      fprintf(stderr, "%s answered %d\n", #call, (int)got_); \
      exit(1);                                               \
    }                                                        \
  } while (0)

static CUcontext of[2];
static CUstream on[2];
static CUdeviceptr here[2];
static CUevent edge[2][2];

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void push(int from, size_t bytes, int count) {
  MUST(cuCtxSetCurrent(of[from]));
  MUST(cuEventRecord(edge[from][0], on[from]));
  for (int k = 0; k < count; k++)
    MUST(cuMemcpyPeerAsync(here[1 - from], of[1 - from], here[from], of[from], bytes, on[from]));
  MUST(cuEventRecord(edge[from][1], on[from]));
}

static double took(int from) {
  float milliseconds;
  MUST(cuEventSynchronize(edge[from][1]));
  MUST(cuEventElapsedTime(&milliseconds, edge[from][0], edge[from][1]));
  return (double)milliseconds / 1e3;
}

/* Median seconds of one copy in a batch. */
static double copy(size_t bytes, int both) {
  double seen[REPEATS];
  int count = bytes > 1 << 24 ? 8 : 64;
  for (int k = 0; k < REPEATS; k++) {
    push(0, bytes, count);
    if (both) push(1, bytes, count);
    double first = took(0), second = both ? took(1) : 0;
    seen[k] = (first > second ? first : second) / count;
  }
  qsort(seen, REPEATS, sizeof seen[0], by_value);
  return seen[REPEATS / 2];
}

static void print_copies(const char *name) {
  static const size_t sizes[] = {8, 4096, 65536, 1 << 20, 16 << 20, 256 << 20};
  printf("\"%s\": [", name);
  for (int k = 0; k < 6; k++)
    printf("%s{\"bytes\": %zu, \"one_way\": %.9g, \"both_ways\": %.9g}", k ? ", " : "", sizes[k], copy(sizes[k], 0),
           copy(sizes[k], 1));
  printf("]");
}

int main(void) {
  char name[128];
  int can, rank, access, atomic;
  MUST(cuInit(0));
  MUST(cuDeviceGetName(name, sizeof name, 0));
  MUST(cuDeviceCanAccessPeer(&can, 0, 1));
  MUST(cuDeviceGetP2PAttribute(&rank, CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK, 0, 1));
  MUST(cuDeviceGetP2PAttribute(&access, CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 1));
  MUST(cuDeviceGetP2PAttribute(&atomic, CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED, 0, 1));
  for (int d = 0; d < 2; d++) {
    MUST(cuDevicePrimaryCtxRetain(&of[d], d));
    MUST(cuCtxSetCurrent(of[d]));
    MUST(cuStreamCreate(&on[d], CU_STREAM_NON_BLOCKING));
    MUST(cuMemAlloc(&here[d], 256 << 20));
    MUST(cuMemsetD8(here[d], d, 256 << 20));
    for (int k = 0; k < 2; k++) MUST(cuEventCreate(&edge[d][k], CU_EVENT_DEFAULT));
  }
  printf(
      "{\"name\": \"%s\", \"can_access_peer\": %d, \"performance_rank\": %d, \"access_supported\": %d, "
      "\"native_atomic_supported\": %d, ",
      name, can, rank, access, atomic);
  print_copies("not_enabled");
  for (int d = 0; d < 2 && can; d++) {
    MUST(cuCtxSetCurrent(of[d]));
    MUST(cuCtxEnablePeerAccess(of[1 - d], 0));
  }
  MUST(cuCtxSetCurrent(of[0]));
  CUresult again = can ? cuCtxEnablePeerAccess(of[1], 0) : CUDA_SUCCESS;
  printf(", \"enabled_twice\": %d, ", (int)again);
  print_copies("enabled");
  printf("}\n");
  return 0;
}
