#include "lane.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "numa.h"
#include "pattern.h"
#include "work.h"

enum { PAGE_BYTES = 4096, PAGE_WORDS = PAGE_BYTES / sizeof(uint64_t), GRID = 256, BLOCK = 256, CLEARED = 0xff };
/* New copies begin at another page of their source each; a prime, so that a destination is not sent the same again. */
enum { PLACES = 4093 };

#define SEED 0x636f7079ULL
#define DESTINATION_BYTES ((size_t)16 << 20)

static bool to_device(const gvb_lane *lane) { return lane->kind == GVB_COPY_H2D; }

/* How far into its source a copy begins, in pages. */
static uint64_t place_of(const gvb_lane *lane, uint64_t copy) {
  return lane->payload == GVB_PAYLOAD_NEW ? copy % PLACES : 0;
}

/* f(i + n, seed) = f(i, seed + n g): what lies n words into the source is a pattern of its own. */
static uint64_t seed_of(const gvb_lane *lane, uint64_t copy) {
  return SEED + place_of(lane, copy) * PAGE_WORDS * GVB_PATTERN_STEP;
}

static size_t source_offset(const gvb_lane *lane) { return place_of(lane, lane->copies) * PAGE_BYTES; }

static size_t destination_offset(const gvb_lane *lane, uint64_t copy) {
  return copy % lane->destinations * lane->bytes;
}

CUresult gvb_lane_queue(gvb_lane *lane) {
  const size_t from = source_offset(lane), to = destination_offset(lane, lane->copies);
  lane->copies++;
  if (to_device(lane))
    return gvb_cuda.cuMemcpyHtoDAsync_v2(lane->device + to, lane->memory + from, lane->bytes, lane->stream);
  return gvb_cuda.cuMemcpyDtoHAsync_v2(lane->memory + to, lane->device + from, lane->bytes, lane->stream);
}

CUresult gvb_lane_call(gvb_lane *lane) {
  const size_t from = source_offset(lane), to = destination_offset(lane, lane->copies);
  lane->copies++;
  if (to_device(lane)) return gvb_cuda.cuMemcpyHtoD_v2(lane->device + to, lane->memory + from, lane->bytes);
  return gvb_cuda.cuMemcpyDtoH_v2(lane->memory + to, lane->device + from, lane->bytes);
}

const char *gvb_lane_queue_name(const gvb_lane *lane) {
  return to_device(lane) ? "cuMemcpyHtoDAsync_v2" : "cuMemcpyDtoHAsync_v2";
}

const char *gvb_lane_call_name(const gvb_lane *lane) { return to_device(lane) ? "cuMemcpyHtoD_v2" : "cuMemcpyDtoH_v2"; }

static int clear(gvb_lane *lane) {
  const size_t bytes = lane->destinations * lane->bytes;
  lane->verified = lane->copies;
  if (!to_device(lane)) {
    memset(lane->memory, CLEARED, bytes);
    return GVB_OK;
  }
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, lane->device, CLEARED, bytes));
  return GVB_CUDA(cuCtxSynchronize);
}

static int wrong(const gvb_lane *lane, uint64_t words, uint64_t first) {
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "copied wrong: %s, %" PRIu64
                  " words of the last copies of %zu bytes are not what was sent, the first "
                  "at word %" PRIu64 " of its copy; each copy was accepted, and waited for",
                  to_device(lane) ? "host to device" : "device to host", words, lane->bytes, first);
}

/* Of zeros the sum is zero; a word that was not overwritten has all its bits set. */
static int queue_sum(gvb_lane *lane, CUdeviceptr destination, uint64_t words) {
  CUdeviceptr sum = lane->found + 2 * sizeof(uint64_t);
  void *arguments[] = {&destination, &words, &sum};
  return gvb_launch(GVB_KERNEL_SUM, GRID, BLOCK, arguments);
}

static int queue_check(gvb_lane *lane, uint64_t copy) {
  CUdeviceptr destination = lane->device + destination_offset(lane, copy);
  uint64_t words = lane->bytes / sizeof(uint64_t), seed = seed_of(lane, copy);
  void *arguments[] = {&destination, &words, &seed, &lane->found};
  if (lane->payload == GVB_PAYLOAD_ZEROS) return queue_sum(lane, destination, words);
  return gvb_launch(GVB_KERNEL_CHECKSUM, GRID, BLOCK, arguments);
}

static int check_on_device(gvb_lane *lane, uint64_t first) {
  const uint64_t none[3] = {0, UINT64_MAX, 0};
  uint64_t found[3];
  GVB_TRY(gvb_upload(lane->found, none, sizeof none));
  for (uint64_t copy = first; copy < lane->copies; copy++) GVB_TRY(queue_check(lane, copy));
  GVB_TRY(gvb_download(found, lane->found, sizeof found));
  if (found[2] != 0) return wrong(lane, 0 - found[2], 0);
  return found[0] == 0 ? GVB_OK : wrong(lane, found[0], found[1]);
}

static int check_copy(const gvb_lane *lane, uint64_t copy) {
  const uint64_t *arrived = (const uint64_t *)(lane->memory + destination_offset(lane, copy));
  const uint64_t seed = seed_of(lane, copy);
  const bool zeros = lane->payload == GVB_PAYLOAD_ZEROS;
  uint64_t count = 0, first = 0;
  for (uint64_t i = 0; i < lane->bytes / sizeof(uint64_t); i++) {
    if (arrived[i] == (zeros ? 0 : gvb_pattern(i, seed))) continue;
    if (count++ == 0) first = i;
  }
  return count == 0 ? GVB_OK : wrong(lane, count, first);
}

int gvb_lane_verify(gvb_lane *lane) {
  const uint64_t since = lane->copies - lane->verified;
  const uint64_t first = lane->copies - (since < lane->destinations ? since : lane->destinations);
  if (to_device(lane)) GVB_TRY(check_on_device(lane, first));
  for (uint64_t copy = first; copy < lane->copies && !to_device(lane); copy++) GVB_TRY(check_copy(lane, copy));
  return clear(lane);
}

/* Pages of 4 KiB, as most of an application's memory has them. */
static int map_pageable(gvb_lane *lane) {
  void *address = mmap(NULL, lane->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return gvb_fail(GVB_ERROR_STATE, "no host memory for %zu bytes", lane->memory_bytes);
  lane->memory = address;
  madvise(address, lane->memory_bytes, MADV_NOHUGEPAGE); /* a kernel without huge pages refuses, and has none */
  memset(address, 0, lane->memory_bytes);
  return GVB_OK;
}

static int map_pinned(gvb_lane *lane) {
  void *address = NULL;
  GVB_TRY(gvb_pinned_new(lane->memory_bytes, &address));
  lane->memory = address;
  return GVB_OK;
}

static int make_memory(gvb_lane *lane) {
  gvb_numa_policy before;
  lane->near = gvb_device_node();
  gvb_numa_prefer(lane->near, &before);
  const int status = lane->host == GVB_HOST_PINNED ? map_pinned(lane) : map_pageable(lane);
  gvb_numa_restore(&before);
  if (status == GVB_OK) lane->node = gvb_numa_node_of(lane->memory);
  return status;
}

/* Memory of either side is zero when it is new. */
static int fill_source(gvb_lane *lane) {
  uint64_t *words = (uint64_t *)lane->memory, seed = SEED;
  uint64_t count = (to_device(lane) ? lane->memory_bytes : lane->device_bytes) / sizeof(uint64_t);
  if (lane->payload == GVB_PAYLOAD_ZEROS) return GVB_OK;
  if (!to_device(lane)) {
    void *arguments[] = {&lane->device, &count, &seed};
    GVB_TRY(gvb_launch(GVB_KERNEL_FILL, GRID, BLOCK, arguments));
    return gvb_sync();
  }
  for (uint64_t i = 0; i < count; i++) words[i] = gvb_pattern(i, SEED);
  return GVB_OK;
}

static void choose_sizes(gvb_lane *lane) {
  const size_t source = lane->bytes + (lane->payload == GVB_PAYLOAD_NEW ? (size_t)PLACES * PAGE_BYTES : 0);
  lane->destinations = lane->bytes < DESTINATION_BYTES ? DESTINATION_BYTES / lane->bytes : 1;
  const size_t destination = lane->destinations * lane->bytes;
  lane->memory_bytes = to_device(lane) ? source : destination;
  lane->device_bytes = to_device(lane) ? destination : source;
}

int gvb_lane_make(gvb_lane *lane) {
  choose_sizes(lane);
  if (lane->stream == NULL) lane->stream = gvb_gpu.stream;
  GVB_TRY(gvb_device_new(3 * sizeof(uint64_t), &lane->found));
  GVB_TRY(gvb_device_new(lane->device_bytes, &lane->device));
  GVB_TRY(make_memory(lane));
  GVB_TRY(fill_source(lane));
  GVB_TRY(clear(lane));
  GVB_TRY(gvb_cuda_status(gvb_lane_call_name(lane), gvb_lane_call(lane)));
  GVB_TRY(GVB_CUDA(cuCtxSynchronize));
  return gvb_lane_verify(lane);
}

static int free_memory(gvb_lane *lane) {
  void *address = lane->memory;
  lane->memory = NULL;
  if (lane->host == GVB_HOST_PINNED) return gvb_pinned_free(&address);
  if (address != NULL) munmap(address, lane->memory_bytes);
  return GVB_OK;
}

int gvb_lane_free(gvb_lane *lane) {
  int status = gvb_first(gvb_device_free(&lane->device), gvb_device_free(&lane->found));
  return gvb_first(status, free_memory(lane));
}

int gvb_need_lane(int32_t host, int32_t payload, int64_t bytes) {
  GVB_TRY(gvb_need_range("host", host, GVB_HOST_PINNED, GVB_HOST_PAGEABLE));
  GVB_TRY(gvb_need_range("payload", payload, GVB_PAYLOAD_NEW, GVB_PAYLOAD_ZEROS));
  GVB_TRY(gvb_need_range("bytes", bytes, sizeof(uint64_t), GVB_LANE_MOST_BYTES));
  if (bytes % (int64_t)sizeof(uint64_t) == 0) return GVB_OK;
  return gvb_fail(GVB_ERROR_ARGUMENT, "bytes is %" PRId64 ", expected a multiple of 8", bytes);
}
