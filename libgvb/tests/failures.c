/* Injected faults arrive as statuses, with the call and the code. */
#include "suite.h"

static void no_device(void) {
  EXPECT_OK(gvb_open(GVB_HANDLE));
  EXPECT_STATUS(gvb_context(0, GVB_WAIT_SPIN), GVB_ERROR_CUDA);
  EXPECT(strcmp(gvb_last_error(), "cuInit answered CUDA_ERROR_NO_DEVICE (100)") == 0);
  EXPECT(strcmp(gvb_last_call(), "cuInit") == 0);
  EXPECT(gvb_last_code() == 100);
}

static void no_such_device(void) {
  EXPECT_OK(gvb_open(GVB_HANDLE));
  EXPECT_STATUS(gvb_context(7, GVB_WAIT_SPIN), GVB_ERROR_CUDA);
  EXPECT(gvb_last_code() == 101);
  EXPECT_OK(gvb_context(0, GVB_WAIT_SPIN));
}

static void out_of_memory(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_alloc_free(GVB_MEMORY_PLAIN, GVB_QUERY, 1LL << 40, 5, 0, &work), GVB_ERROR_CUDA);
  EXPECT(strcmp(gvb_last_error(), "cuMemAlloc_v2 answered CUDA_ERROR_OUT_OF_MEMORY (2)") == 0);
  EXPECT(work == NULL);
  EXPECT_OK(gvb_close());
}

static void no_memory_for(int32_t api) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_alloc_free(api, GVB_QUERY, 1LL << 40, 5, 0, &work), GVB_ERROR_CUDA);
  EXPECT(gvb_last_code() == 2);
  EXPECT_OK(gvb_close());
}

static void no_pool_memory(void) { no_memory_for(GVB_MEMORY_POOL); }
static void no_vmm_memory(void) { no_memory_for(GVB_MEMORY_VMM); }

static void other_failure(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_alloc_free(GVB_MEMORY_PLAIN, GVB_QUERY, 1LL << 40, 5, 0, &work), GVB_ERROR_CUDA);
  EXPECT_STATUS(gvb_prepare_clock_floor(0, &work), GVB_ERROR_ARGUMENT);
  EXPECT(gvb_last_code() == 0);
  EXPECT(strcmp(gvb_last_call(), "") == 0);
}

/* Launches of the warm-up come first: the 300th is one of the run's. */
static void failing_launch(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_launch_latency(GVB_LAUNCH_KERNEL, GVB_QUERY, 500, 32, &work));
  gvb_interval i = room_for(work);
  EXPECT_STATUS(gvb_run(work, &i), GVB_ERROR_CUDA);
  EXPECT_SENTENCE("cuLaunchKernel answered CUDA_ERROR_LAUNCH_FAILED (719)");
  EXPECT_OK(gvb_release(work));
}

static void lost_context(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_probe(65536, 1, &work));
  gvb_interval i = room_for(work);
  EXPECT_STATUS(gvb_run(work, &i), GVB_ERROR_CUDA);
  EXPECT(gvb_last_code() == 700);
  EXPECT_STATUS(gvb_release(work), GVB_ERROR_CUDA);
}

static void lost_page_in_probe(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_probe(65536, 1, &work), GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE("copied back wrong: 513 of 8192 words, expected 1: on the device they were as they should be");
}

static void lost_page_in_cycle(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_throughput_cycle(1000, 0, 1000, 4, &work), GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE("copied back wrong: 512 of 2097152 words, the first at 2096640 is 0xffffffffffffffff");
  EXPECT_SENTENCE("the device's own sum of them was right");
}

/* 8 copies fill the operands; a cycle makes 3, a verification 2: the 17th uploads for the second cycle of the run. */
static void lost_upload_in_cycle(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_throughput_cycle(1000000000, 0, 1000, 4, &work));
  gvb_interval i = room_for(work);
  EXPECT_STATUS(gvb_run(work, &i), GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE("copied in wrong: of what landed, the device's sum is 0x");
  EXPECT(i.rows == 1);
  EXPECT_OK(gvb_release(work));
}

static void missing_function(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_STATUS(gvb_prepare_launch_latency(GVB_LAUNCH_GRAPH, GVB_QUERY, 10, 32, &work), GVB_ERROR_CUDA);
  EXPECT_SENTENCE("cuGraphInstantiateWithFlags answered CUDA_ERROR_NOT_SUPPORTED (801)");
  EXPECT_OK(gvb_close());
}

const check failure_checks[] = {
    {"no device is named as such", NULL, no_device},
    {"another device can be tried after one that is missing", QUICK, no_such_device},
    {"an impossible allocation is refused by name", QUICK, out_of_memory},
    {"an impossible pool allocation is refused", QUICK, no_pool_memory},
    {"an impossible mapping is refused and undone", QUICK, no_vmm_memory},
    {"a failure that is not the driver's has no code", QUICK, other_failure},
    {"a failing launch ends the run", QUICK "fail.cuLaunchKernel 300:719\n", failing_launch},
    {"a lost context fails the probe", QUICK "sticky.cuLaunchKernel 3:700\n", lost_context},
    {"a lost page fails the probe", QUICK "corrupt_copy 3\n", lost_page_in_probe},
    {"a lost page fails the throughput cycle", QUICK "corrupt_copy 10\n", lost_page_in_cycle},
    {"a lost upload fails the cycle it is lost in", QUICK "corrupt_copy 17\n", lost_upload_in_cycle},
    {"a call that is not supported is named", QUICK "fail.cuGraphInstantiateWithFlags 1:801\n", missing_function},
    {NULL, NULL, NULL}};
