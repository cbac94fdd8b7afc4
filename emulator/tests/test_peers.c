/* What devices are to each other: copies between them, and kernels on a peer's memory. */
#include "several.h"

static void push(int from, int to) {
  use(from);
  start(from);
  MUST(cu.cuMemcpyPeerAsync(here[to], of[to], here[from], of[from], BYTES, on[from]));
  stop(from);
}

static void enable(int own, int peer) {
  use(own);
  MUST(cu.cuCtxEnablePeerAccess(of[peer], 0));
}

/* 64 MB at 400 GB/s, beside copy_latency (1.5 us) and peer_latency (0.3 us); both directions at once. */
static void over_the_link(void) {
  each_device(2);
  enable(0, 1);
  enable(1, 0);
  work(0, 10 * MILLISECOND);
  work(1, 10 * MILLISECOND);
  push(0, 1);
  push(1, 0);
  end(took(0) == 161800 && took(1) == 161800);
}

/* At the host's 50 GB/s. */
static void through_the_host(void) {
  each_device(2);
  work(0, 10 * MILLISECOND);
  push(0, 1);
  end(took(0) == 1281800);
}

static void contents(void) {
  uint64_t words = BYTES / 8, seed = 7, sent = 0, come = 1;
  each_device(2);
  use(0);
  void *arguments[] = {&here[0], &words, &seed};
  MUST(cu.cuLaunchKernel(fill[0], 1, 1, 1, 256, 1, 1, 0, on[0], arguments, NULL));
  push(0, 1);
  MUST(cu.cuStreamSynchronize(on[0]));
  MUST(cu.cuMemcpyDtoH_v2(&sent, here[0] + 8 * (words - 1), 8));
  MUST(cu.cuMemcpyDtoH_v2(&come, here[1] + 8 * (words - 1), 8));
  end(sent == come && sent != 0);
}

/* A kernel of device 0 on memory of device 1: the link's time, or a fault where access was not enabled. */
static void fill_peer(int64_t expected) {
  uint64_t words = BYTES / 8, seed = 7;
  void *arguments[] = {&here[1], &words, &seed};
  each_device(2);
  enable(0, 1);
  work(0, 10 * MILLISECOND);
  start(0);
  MUST(cu.cuLaunchKernel(fill[0], 132, 1, 1, 256, 1, 1, 0, on[0], arguments, NULL));
  stop(0);
  const bool good = took(0) == expected;
  MUST(cu.cuCtxDisablePeerAccess(of[1]));
  MUST(cu.cuLaunchKernel(fill[0], 132, 1, 1, 256, 1, 1, 0, on[0], arguments, NULL));
  end(good && cu.cuStreamSynchronize(on[0]) == CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void kernel_on_a_peer(void) { fill_peer(160300); }
static void kernel_over_pcie(void) { fill_peer(1280300); }

static void answers_of_peers(void) {
  int can = -1, own = -1;
  each_device(2);
  MUST(cu.cuDeviceCanAccessPeer(&can, 0, 1));
  MUST(cu.cuDeviceCanAccessPeer(&own, 1, 1));
  enable(0, 1);
  end(can == 1 && own == 0 && cu.cuCtxEnablePeerAccess(of[1], 0) == CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED &&
      cu.cuCtxDisablePeerAccess(of[1]) == CUDA_SUCCESS &&
      cu.cuCtxDisablePeerAccess(of[1]) == CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
}

static void no_peers(void) {
  int can = -1;
  each_device(2);
  MUST(cu.cuDeviceCanAccessPeer(&can, 0, 1));
  use(0);
  end(can == 0 && cu.cuCtxEnablePeerAccess(of[1], 0) == CUDA_ERROR_PEER_ACCESS_UNSUPPORTED);
}

int main(void) {
  scenario(EXACT "devices 2\npeer_bandwidth 400000000000\n", over_the_link, "64 MB over a link, both ways at once");
  scenario(EXACT "devices 2\nh2d_bandwidth 50000000000\n", through_the_host,
           "64 MB through the host where access was not enabled");
  scenario(EXACT "devices 2\n", contents, "what was copied has come");
  scenario(EXACT "devices 2\npeer_bandwidth 400000000000\n", kernel_on_a_peer,
           "a kernel reaches a peer's memory over the link, or faults");
  scenario(EXACT "devices 2\nnvlinks 0\nh2d_bandwidth 50000000000\n", kernel_over_pcie,
           "without NVLinks at the host's rate");
  scenario(EXACT "devices 2\n", answers_of_peers, "what is asked about peers");
  scenario(EXACT "devices 2\npeer_access 0\n", no_peers, "devices that do not reach each other");
  return summary();
}
