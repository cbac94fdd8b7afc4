/* What is refused, and with which sentence. None of it needs a device. */
#include "suite.h"

static gvb_work *const untouched = NULL;

#define REFUSED(call, sentence)              \
  do {                                       \
    gvb_work *work = NULL;                   \
    EXPECT_STATUS(call, GVB_ERROR_ARGUMENT); \
    EXPECT_SENTENCE(sentence);               \
    EXPECT(work == untouched);               \
  } while (0)

static void counts(void) {
  REFUSED(gvb_prepare_clock_floor(0, &work), "count is 0, expected 1 to");
  REFUSED(gvb_prepare_launch_latency(GVB_LAUNCH_KERNEL, GVB_QUERY, 0, 32, &work), "count is 0");
  REFUSED(gvb_prepare_launch_latency(GVB_LAUNCH_KERNEL, GVB_QUERY, 10, 0, &work), "drain is 0");
  REFUSED(gvb_prepare_launch_sync(GVB_LAUNCH_KERNEL, GVB_QUERY, -1, &work), "count is -1");
  REFUSED(gvb_prepare_launch_to_start(GVB_LAUNCH_KERNEL, GVB_QUERY, 0, &work), "count is 0");
  REFUSED(gvb_prepare_alloc_free(GVB_MEMORY_PLAIN, GVB_QUERY, 4096, 0, 0, &work), "count is 0");
  REFUSED(gvb_prepare_fma(1000, 4, 0, &work), "count is 0");
  REFUSED(gvb_prepare_call_latency(GVB_STREAM_QUERY, GVB_HANDLE, 0, 10, &work), "count is 0");
  REFUSED(gvb_prepare_call_latency(GVB_STREAM_QUERY, GVB_HANDLE, 10, 0, &work), "batch is 0");
  REFUSED(gvb_prepare_alloc_live(GVB_QUERY, 10, 4096, 0, &work), "count is 0");
  REFUSED(gvb_prepare_launch_paced(GVB_QUERY, 0, 1000, 1, &work), "count is 0");
  REFUSED(gvb_prepare_launch_full(GVB_QUERY, 0, 16, 1000, 4, &work), "count is 0");
}

static void sizes(void) {
  REFUSED(gvb_prepare_alloc_free(GVB_MEMORY_PLAIN, GVB_QUERY, -4096, 1, 0, &work), "bytes is -4096");
  REFUSED(gvb_prepare_alloc_free(GVB_MEMORY_PLAIN, GVB_QUERY, 0, 1, 0, &work), "bytes is 0");
  REFUSED(gvb_prepare_alloc_live(GVB_QUERY, -1, 4096, 1, &work), "live is -1");
  REFUSED(gvb_prepare_alloc_live(GVB_QUERY, 1, 0, 1, &work), "bytes is 0");
  REFUSED(gvb_prepare_alloc_storm(0, 10000000, 1000, &work), "bytes is 0");
  REFUSED(gvb_prepare_try_alloc(GVB_MEMORY_PLAIN, GVB_QUERY, 0, 0, &work), "bytes is 0");
  REFUSED(gvb_prepare_probe(-8, 1, &work), "bytes is -8");
  REFUSED(gvb_prepare_probe(12, 1, &work), "bytes is 12, expected a multiple of 8");
}

static void times(void) {
  REFUSED(gvb_prepare_warm(0, 4, &work), "duration is 0");
  REFUSED(gvb_prepare_throughput_cycle(0, 0, 1000, 4, &work), "duration is 0");
  REFUSED(gvb_prepare_throughput_cycle(1000, -1, 1000, 4, &work), "settle is -1");
  REFUSED(gvb_prepare_alloc_storm(4096, 10000000, 0, &work), "duration is 0");
  REFUSED(gvb_prepare_launch_paced(GVB_QUERY, 10, -1, 1, &work), "period is -1");
  REFUSED(gvb_prepare_launch_rate(1000, 4, 16, -1, 1000, GVB_WAIT_SPIN, &work), "settle is -1");
  REFUSED(gvb_prepare_launch_rate(1000, 4, 16, 0, 0, GVB_WAIT_SPIN, &work), "duration is 0");
  REFUSED(gvb_prepare_fingerprint(0, 1000, 16, &work), "duration is 0");
  REFUSED(gvb_prepare_fingerprint(1000, 0, 16, &work), "gap is 0");
  REFUSED(gvb_prepare_idle(0, &work), "duration is 0");
}

static void fixed_work(void) {
  REFUSED(gvb_prepare_fma(0, 4, 1, &work), "iterations is 0");
  REFUSED(gvb_prepare_fma(1000, 0, 1, &work), "sm_count is 0");
  REFUSED(gvb_prepare_warm(1000, -4, &work), "sm_count is -4");
  REFUSED(gvb_prepare_throughput_cycle(1000, 0, 0, 4, &work), "fma_iterations is 0");
  REFUSED(gvb_prepare_launch_paced(GVB_QUERY, 10, 1000, 0, &work), "blocks is 0");
  REFUSED(gvb_prepare_launch_full(GVB_QUERY, 10, 0, 1000, 4, &work), "depth is 0");
  REFUSED(gvb_prepare_launch_full(GVB_QUERY, 10, 16, 1000, 0, &work), "sm_count is 0");
  REFUSED(gvb_prepare_launch_rate(0, 4, 16, 0, 1000, GVB_WAIT_SPIN, &work), "iterations is 0");
  REFUSED(gvb_prepare_launch_rate(1000, 0, 16, 0, 1000, GVB_WAIT_SPIN, &work), "blocks is 0");
  REFUSED(gvb_prepare_launch_rate(1000, 4, 1025, 0, 1000, GVB_WAIT_SPIN, &work), "depth is 1025");
  REFUSED(gvb_prepare_fingerprint(1000, 1000, 0, &work), "blocks is 0");
}

static void apis(void) {
  REFUSED(gvb_prepare_launch_latency(3, GVB_QUERY, 10, 32, &work), "api is 3, expected 0 to 2");
  REFUSED(gvb_prepare_launch_sync(-1, GVB_QUERY, 10, &work), "api is -1");
  REFUSED(gvb_prepare_launch_to_start(99, GVB_QUERY, 10, &work), "api is 99");
  REFUSED(gvb_prepare_alloc_free(7, GVB_QUERY, 4096, 1, 0, &work), "api is 7");
  REFUSED(gvb_prepare_alloc_free(GVB_MEMORY_PLAIN, GVB_QUERY, 4096, 1, 2, &work), "pending is 2");
  REFUSED(gvb_prepare_try_alloc(6, GVB_QUERY, 4096, 0, &work), "api is 6");
  REFUSED(gvb_prepare_call_latency(5, GVB_HANDLE, 10, 10, &work), "function is 5, expected 0 to 4");
  REFUSED(gvb_prepare_call_latency(GVB_STREAM_QUERY, 3, 10, 10, &work), "resolution is 3");
  REFUSED(gvb_prepare_launch_rate(1000, 4, 16, 0, 1000, 2, &work), "wait is 2");
}

static void limits(void) {
  REFUSED(gvb_prepare_fill_to_limit(6, GVB_QUERY, 8, 8, 8, 0, 0, &work), "api is 6");
  REFUSED(gvb_prepare_fill_to_limit(0, GVB_QUERY, 8, 4, 8, 0, 0, &work), "chunk_min is 4");
  REFUSED(gvb_prepare_fill_to_limit(0, GVB_QUERY, 8, 16, 8, 0, 0, &work), "chunk_max is 8");
  REFUSED(gvb_prepare_fill_to_limit(0, GVB_QUERY, 8, 8, -1, 0, 0, &work), "ceiling is -1");
  REFUSED(gvb_prepare_fill_to_limit(0, GVB_QUERY, 8, 8, 1LL << 40, 0, 0, &work), "ceiling / chunk_min is");
  REFUSED(gvb_prepare_fill_to_limit(0, GVB_QUERY, 8, 8, 8, 2, 0, &work), "touch is 2");
  REFUSED(gvb_prepare_fill_to_limit(0, GVB_QUERY, 8, 8, 8, 0, 2, &work), "keep is 2");
  REFUSED(gvb_prepare_own(4, 1, &work), "bytes is 4");
  REFUSED(gvb_prepare_intrude(2, 1, 1, 1, &work), "writes is 2");
  REFUSED(gvb_prepare_plant(4, 1, &work), "bytes is 4");
  REFUSED(gvb_prepare_plant(8, 0, &work), "marker is 0");
  REFUSED(gvb_prepare_scan(GVB_QUERY, -1, 1, &work), "ceiling is -1");
  REFUSED(gvb_prepare_scan(GVB_QUERY, 8, 1LL << 32, &work), "marker is 4294967296");
  REFUSED(gvb_prepare_refusal(-1, GVB_QUERY, 0, 1, 1, &work), "api is -1");
  REFUSED(gvb_prepare_refusal(0, GVB_QUERY, -1, 1, 1, &work), "used is -1");
  REFUSED(gvb_prepare_refusal(0, GVB_QUERY, 0, 0, 1, &work), "ask is 0");
  REFUSED(gvb_prepare_refusal(0, GVB_QUERY, 0, 1, 0, &work), "count is 0");
}

static int refuse_copy(int32_t kind, int32_t api, int64_t bytes, int64_t batch, gvb_work **work) {
  return gvb_prepare_copy(kind, GVB_HOST_PINNED, api, GVB_PAYLOAD_NEW, bytes, batch, 1, work);
}

static void copy_arguments(void) {
  REFUSED(refuse_copy(GVB_COPY_DUPLEX, GVB_COPY_BATCH, 4096, 1, &work), "kind is 2, expected 0 to 1");
  REFUSED(refuse_copy(GVB_COPY_H2D, 2, 4096, 1, &work), "api is 2");
  REFUSED(refuse_copy(GVB_COPY_H2D, GVB_COPY_BATCH, 12, 1, &work), "bytes is 12, expected a multiple of 8");
  REFUSED(refuse_copy(GVB_COPY_H2D, GVB_COPY_BATCH, 0, 1, &work), "bytes is 0");
  REFUSED(refuse_copy(GVB_COPY_H2D, GVB_COPY_CALL, 4096, 2, &work), "batch is 2, expected 1 to 1");
  REFUSED(gvb_prepare_copy(0, 2, 0, 0, 4096, 1, 1, &work), "host is 2");
  REFUSED(gvb_prepare_copy(0, 0, 0, 3, 4096, 1, 1, &work), "payload is 3");
  REFUSED(gvb_prepare_copy_rate(3, 4096, 4, 1, 0, 1, &work), "kind is 3");
  REFUSED(gvb_prepare_copy_rate(0, 4096, 0, 1, 0, 1, &work), "depth is 0");
  REFUSED(gvb_prepare_copy_rate(0, 4096, 4, 10000001, 0, 1, &work), "busy is 10000001, expected 1 to 10000000");
  REFUSED(gvb_prepare_copy_rate(0, 4096, 4, 1, -1, 1, &work), "settle is -1");
  REFUSED(gvb_prepare_copy_rate(0, 4096, 4, 1, 0, 0, &work), "duration is 0");
}

static void devices(void) {
  gvb_device facts;
  char path[8];
  REFUSED(gvb_prepare_context_cycle(-1, GVB_QUERY, &work), "device is -1");
  EXPECT_STATUS(gvb_open(3), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_context(-1, GVB_WAIT_SPIN), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_context(0, 2), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_device_facts(-1, &facts), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_served_by(NULL, GVB_HANDLE, path, 8), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_served_by("cuInit", GVB_HANDLE, path, 0), GVB_ERROR_ARGUMENT);
}

static void missing_room(void) {
  gvb_work *work = NULL;
  int64_t sample = 0;
  gvb_interval interval = {.samples = &sample, .rows = 1};
  EXPECT_STATUS(gvb_prepare_clock_floor(10, NULL), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_run(NULL, &interval), GVB_ERROR_ARGUMENT);
  EXPECT_OK(gvb_prepare_clock_floor(10, &work));
  EXPECT_STATUS(gvb_run(work, NULL), GVB_ERROR_ARGUMENT);
  EXPECT_STATUS(gvb_run(work, &interval), GVB_ERROR_ARGUMENT);
  EXPECT_SENTENCE("interval.rows has room for 1, expected at least 10");
  EXPECT_OK(gvb_release(work));
  EXPECT_OK(gvb_release(NULL));
}

static void wrong_order(void) {
  gvb_work *work = NULL;
  gvb_device facts;
  int64_t bytes = 0;
  EXPECT_STATUS(gvb_device_facts(0, &facts), GVB_ERROR_STATE);
  EXPECT_STATUS(gvb_context(0, GVB_WAIT_SPIN), GVB_ERROR_STATE);
  EXPECT_STATUS(gvb_memory_info(&bytes, &bytes), GVB_ERROR_STATE);
  EXPECT_STATUS(gvb_prepare_probe(4096, 1, &work), GVB_ERROR_STATE);
  EXPECT_SENTENCE("gvb_context has not been called");
  EXPECT_OK(gvb_close());
}

const check argument_checks[] = {{"a count of zero is refused", NULL, counts},
                                 {"impossible sizes are refused", NULL, sizes},
                                 {"impossible times are refused", NULL, times},
                                 {"impossible work is refused", NULL, fixed_work},
                                 {"unknown apis are refused", NULL, apis},
                                 {"impossible limits are refused", NULL, limits},
                                 {"impossible copies are refused", NULL, copy_arguments},
                                 {"impossible devices are refused", NULL, devices},
                                 {"missing room is refused", NULL, missing_room},
                                 {"calls in the wrong order are refused", NULL, wrong_order},
                                 {NULL, NULL, NULL}};
