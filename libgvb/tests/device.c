/* The driver, the context and what they say of the device. */
#include <pthread.h>

#include "suite.h"

static void abi(void) { EXPECT(gvb_abi() == GVB_ABI); }

static void host_pace(void) {
  const int64_t pace = gvb_host_pace();
  EXPECT_TIME(pace > 1000 && pace < 10000000); /* 64,000 operations: a nanosecond each at the very most, and not none */
}

/* Work of one way beside work of another, on one context. */
static void ways_beside_each_other(void) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_open(GVB_QUERY));
  EXPECT_OK(gvb_open(GVB_HANDLE));
  EXPECT_OK(gvb_context(0, GVB_WAIT_SPIN));
  for (int32_t resolution = GVB_HANDLE; resolution <= GVB_QUERY; resolution++) {
    EXPECT_OK(gvb_prepare_launch_sync(GVB_LAUNCH_KERNEL, resolution, 10, &work));
    run_once(work);
    EXPECT_OK(gvb_release(work));
    EXPECT_OK(gvb_prepare_alloc_free(GVB_MEMORY_PLAIN, resolution, 4096, 10, 0, &work));
    run_once(work);
    EXPECT_OK(gvb_release(work));
  }
}

static void function_names(void) {
  char path[512];
  int32_t count = 0;
  for (const char *name; (name = gvb_function_name(count)) != NULL; count++)
    EXPECT_OK(gvb_served_by(name, GVB_HANDLE, path, sizeof path));
  EXPECT(count > 60);
  EXPECT(gvb_function_name(-1) == NULL);
}

/* Everything that libgvb calls, found and used in the given way. */
static void works_resolved_by(int32_t resolution) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_open(resolution));
  EXPECT_OK(gvb_context(0, GVB_WAIT_SPIN));
  EXPECT_OK(gvb_prepare_probe(65536, 1, &work));
  run_once(work);
  EXPECT_OK(gvb_release(work));
}

static void handle(void) { works_resolved_by(GVB_HANDLE); }
static void linked(void) { works_resolved_by(GVB_DEFAULT); }
static void query(void) { works_resolved_by(GVB_QUERY); }

static void served_by(void) {
  char path[512];
  for (int32_t resolution = GVB_HANDLE; resolution <= GVB_QUERY; resolution++) {
    EXPECT_OK(gvb_served_by("cuMemAlloc_v2", resolution, path, sizeof path));
    EXPECT(strstr(path, "libcuda.so") != NULL);
  }
  EXPECT_STATUS(gvb_served_by("cuNothingOfTheKind", GVB_HANDLE, path, sizeof path), GVB_ERROR_DRIVER);
  EXPECT_SENTENCE("cuNothingOfTheKind");
}

static void facts(void) {
  gvb_device d;
  int32_t count = 0;
  EXPECT_OK(gvb_open(GVB_HANDLE));
  EXPECT_OK(gvb_device_count(&count));
  EXPECT(count == 1);
  EXPECT_OK(gvb_device_facts(0, &d));
  EXPECT(strncmp(d.uuid, "GPU-", 4) == 0 && strlen(d.uuid) == 40);
  EXPECT(strcmp(d.pci_bus, "0000:41:00.0") == 0);
  EXPECT(d.compute_capability == 90);
  EXPECT(d.sm_count == 132);
  EXPECT(d.sm_clock_hz == 1980000000);
  EXPECT(d.memory_bytes == 150754820096);
}

static void memory_info(void) {
  int64_t unused = 0, total = 0;
  open_device();
  EXPECT_OK(gvb_memory_info(&unused, &total));
  EXPECT(unused > 0 && unused < total);
}

static void context_again(void) {
  open_device();
  EXPECT_OK(gvb_context(0, GVB_WAIT_SPIN));
  EXPECT_STATUS(gvb_context(0, GVB_WAIT_BLOCK), GVB_ERROR_STATE);
  EXPECT_OK(gvb_close());
  EXPECT_OK(gvb_context(0, GVB_WAIT_BLOCK));
}

static void close_last(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_probe(4096, 1, &work));
  EXPECT_STATUS(gvb_close(), GVB_ERROR_STATE);
  EXPECT_OK(gvb_release(work));
  EXPECT_OK(gvb_close());
}

static void *run_elsewhere(void *work) {
  run_once(work);
  return NULL;
}

static void other_thread(void) {
  gvb_work *work = NULL;
  pthread_t thread;
  open_device();
  EXPECT_OK(gvb_prepare_launch_sync(GVB_LAUNCH_KERNEL, GVB_QUERY, 10, &work));
  EXPECT(pthread_create(&thread, NULL, run_elsewhere, work) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  EXPECT_OK(gvb_release(work));
}

static void start_time(void) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_clock_floor(10, &work));
  gvb_interval interval = room_for(work);
  interval.at = gvb_now() + 20000000;
  EXPECT_OK(gvb_run(work, &interval));
  EXPECT(interval.begin >= interval.at);
  EXPECT_TIME(interval.begin < interval.at + 10000000);
  EXPECT_OK(gvb_release(work));
}

const check device_checks[] = {{"the library tells its ABI", NULL, abi},
                               {"the host's pace is that of 64,000 operations", NULL, host_pace},
                               {"ways beside each other", QUICK, ways_beside_each_other},
                               {"function names", QUICK, function_names},
                               {"works run resolved by handle", QUICK, handle},
                               {"works run resolved like a linked program", QUICK, linked},
                               {"works run resolved by cuGetProcAddress", QUICK, query},
                               {"the file that serves a symbol is named", QUICK, served_by},
                               {"facts are the device's", QUICK, facts},
                               {"free memory is less than all memory", QUICK, memory_info},
                               {"a context is opened once", QUICK, context_again},
                               {"a context closes after its works", QUICK, close_last},
                               {"a work runs in another thread", QUICK, other_thread},
                               {"a run begins at its time", NULL, start_time},
                               {NULL, NULL, NULL}};
