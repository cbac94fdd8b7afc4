/* Copies between devices: how they share the links. */
#include <math.h>

#include "tenants.h"

/* A copy of a megabyte lasts a millisecond. */
#define PEERS                                                                                                   \
  "clock virtual\njitter 0\nh2d_bandwidth 1000000000\nd2h_bandwidth 1000000000\npageable_bandwidth 250000000\n" \
  "copy_latency 0\ndevices 4\npeer_bandwidth 1000000000\npeer_latency 0\n"
#define PCIE PEERS "nvlinks 0\npeer_bandwidth 4000000000\n"

enum { GPUS = 4, BYTES = 1000000 };

static CUcontext on_device[GPUS];
static CUstream of_device[GPUS];
static CUdeviceptr memory_of[GPUS];
static CUevent begun, ended[GPUS];

static void prepare_devices(void) {
  open_context();
  for (int k = 0; k < GPUS; k++) {
    MUST(cu.cuDevicePrimaryCtxRetain(&on_device[k], k));
    MUST(cu.cuCtxSetCurrent(on_device[k]));
    MUST(cu.cuStreamCreate(&of_device[k], CU_STREAM_NON_BLOCKING));
    MUST(cu.cuMemAlloc_v2(&memory_of[k], BYTES));
    MUST(cu.cuEventCreate(&ended[k], 0));
  }
  for (int k = 0; k < GPUS * GPUS; k++) {
    MUST(cu.cuCtxSetCurrent(on_device[k % GPUS]));
    if (k / GPUS != k % GPUS) cu.cuCtxEnablePeerAccess(on_device[k / GPUS], 0);
  }
  machine = machine_clock();
}

/* A copy of each pair "ab", a to b, on a's stream, all at once: the end of the last pair's after the first began. Both
 * events are of the device of the last pair: those of two contexts have no time between them. */
static int64_t time_between(const char *pairs) {
  float milliseconds;
  int last = pairs[strlen(pairs) - 2] - '0';
  prepare_devices();
  MUST(cu.cuCtxSetCurrent(on_device[last]));
  MUST(cu.cuEventCreate(&begun, 0));
  MUST(cu.cuEventRecord(begun, of_device[last]));
  for (const char *p = pairs; p[0]; p += 2) { /* the first of each takes up what calls cost */
    last = p[0] - '0';
    const int to = p[1] - '0';
    MUST(cu.cuCtxSetCurrent(on_device[last]));
    MUST(cu.cuMemcpyPeerAsync(memory_of[to], on_device[to], memory_of[last], on_device[last], BYTES, of_device[last]));
    MUST(cu.cuEventRecord(ended[last], of_device[last]));
  }
  MUST(cu.cuEventSynchronize(ended[last]));
  MUST(cu.cuEventElapsedTime(&milliseconds, begun, ended[last]));
  return llround((double)milliseconds * MILLISECOND);
}

static const char *pairs_asked;
static int answer[2];

static void tell_time(void) {
  int64_t t = time_between(pairs_asked);
  exit(write(answer[1], &t, sizeof t) == sizeof t ? 0 : 1);
}

/* In milliseconds, rounded to hundredths: calls cost microseconds. */
static double between(const char *config, const char *pairs) {
  int64_t t = -1;
  new_machine(config);
  pairs_asked = pairs;
  if (pipe(answer) != 0 || in_child(tell_time) != 0 || read(answer[0], &t, sizeof t) != sizeof t) return -1;
  close(answer[0]), close(answer[1]);
  return round((double)t / MILLISECOND * 100) / 100;
}

int main(void) {
  base_is("peers", PEERS);
  row("peer-ms", "pairs=01", 1, between(PEERS, "01"), 0.01);
  row("peer-ms", "pairs=01,10", 1, between(PEERS, "0110"), 0.02);
  row("peer-ms", "pairs=01,23", 1, between(PEERS, "0123"), 0.02);
  row("peer-ms", "pairs=02,12", 2, between(PEERS, "0212"), 0.01);
  row("peer-ms", "pairs=03,13,23", 3, between(PEERS, "031323"), 0.01);
  row("peer-ms", "pairs=01 peer_slow=0-1:0.25", 4, between(PEERS "peer_slow 0-1:0.25\n", "01"), 0.01);
  row("peer-ms", "pairs=10 peer_slow=0-1:0.25", 4, between(PEERS "peer_slow 0-1:0.25\n", "10"), 0.01);
  row("peer-ms", "pairs=12 peer_slow=0-1:0.25", 1, between(PEERS "peer_slow 0-1:0.25\n", "12"), 0.01);
  row("peer-ms", "pairs=01 peer_access=0", 1, between(PEERS "peer_access 0\n", "01"), 0.01);
  row("peer-ms", "pairs=02,12 peer_access=0", 2, between(PEERS "peer_access 0\n", "0212"), 0.01);
  row("peer-ms", "pairs=01 nvlinks=0 peer_bandwidth=4", 1, between(PCIE, "01"), 0.01);
  row("peer-ms", "pairs=02,12 nvlinks=0 peer_bandwidth=4", 2, between(PCIE, "0212"), 0.01);
  row("peer-ms", "pairs=01 nvlinks=0 peer_bandwidth=4 pcie_width_now=8", 2, between(PCIE "pcie_width_now 8\n", "01"),
      0.01);
  row("peer-ms", "pairs=01 nvlinks=0 peer_bandwidth=4 peer_slow=0-1:0.25", 4,
      between(PCIE "peer_slow 0-1:0.25\n", "01"), 0.01);
  row("peer-ms", "pairs=01,10 nvlinks=0 link_duplex=half", 2, between(PEERS "nvlinks 0\nlink_duplex half\n", "0110"),
      0.01);
  return summary();
}
