/* Knobs of the memory limit. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define LIMIT "LAYER_MEMORY_LIMIT=16777216 " /* 16 MiB */

typedef struct api {
  const char *name;
  CUresult (*allocate)(CUdeviceptr *key, size_t bytes);
  CUresult (*give_back)(CUdeviceptr key);
} api;

static CUresult plain(CUdeviceptr *key, size_t bytes) { return FIND(HANDLE, cuMemAlloc_v2)(key, bytes); }
static CUresult linked(CUdeviceptr *key, size_t bytes) { return FIND(DEFAULT, cuMemAlloc_v2)(key, bytes); }
static CUresult queried(CUdeviceptr *key, size_t bytes) { return FIND(QUERY, cuMemAlloc_v2)(key, bytes); }
static CUresult managed(CUdeviceptr *key, size_t bytes) {
  return FIND(HANDLE, cuMemAllocManaged)(key, bytes, CU_MEM_ATTACH_GLOBAL);
}
static CUresult async(CUdeviceptr *key, size_t bytes) { return FIND(HANDLE, cuMemAllocAsync)(key, bytes, NULL); }
static CUresult from_pool(CUdeviceptr *key, size_t bytes) {
  CUmemoryPool pool;
  EXPECT_OK(FIND(HANDLE, cuDeviceGetDefaultMemPool)(&pool, 0));
  return FIND(HANDLE, cuMemAllocFromPoolAsync)(key, bytes, pool, NULL);
}
static CUresult pitched(CUdeviceptr *key, size_t bytes) {
  size_t pitch;
  return FIND(HANDLE, cuMemAllocPitch_v2)(key, &pitch, 1024, bytes / 1024, 4);
}
static CUresult created(CUdeviceptr *key, size_t bytes) {
  const CUmemAllocationProp properties = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
                                          .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0}};
  return FIND(HANDLE, cuMemCreate)(key, bytes, &properties, 0);
}
static CUresult free_plain(CUdeviceptr key) { return FIND(HANDLE, cuMemFree_v2)(key); }
static CUresult free_async(CUdeviceptr key) { return FIND(HANDLE, cuMemFreeAsync)(key, NULL); }
static CUresult release(CUdeviceptr key) { return FIND(HANDLE, cuMemRelease)(key); }

static const api apis[] = {
    {"cuMemAlloc_v2 by handle", plain, free_plain},  {"cuMemAlloc_v2 linked", linked, free_plain},
    {"cuMemAlloc_v2 by query", queried, free_plain}, {"cuMemAllocManaged", managed, free_plain},
    {"cuMemAllocAsync", async, free_async},          {"cuMemAllocFromPoolAsync", from_pool, free_async},
    {"cuMemAllocPitch_v2", pitched, free_plain},     {"cuMemCreate", created, release},
};

enum { ROOM = 64 };

/* How many pieces of 2 MiB are granted before a refusal. */
static int fill(const api *a, CUdeviceptr *keys, CUresult expected) {
  int granted = 0;
  CUresult code = CUDA_SUCCESS;
  while (granted < ROOM && (code = a->allocate(&keys[granted], 2 * MIB)) == CUDA_SUCCESS) granted++;
  if (granted < ROOM) EXPECT_CODE(code, expected);
  return granted;
}

static void free_all(const api *a, const CUdeviceptr *keys, int count) {
  for (int i = 0; i < count; i++) EXPECT_OK(a->give_back(keys[i]));
}

static int granted_pieces(const api *a) {
  CUdeviceptr keys[ROOM];
  const int granted = fill(a, keys, CUDA_ERROR_OUT_OF_MEMORY);
  free_all(a, keys, granted);
  return granted;
}

static void test_limit_is_exact_for_every_call(void) {
  use_device();
  for (int i = 0; i < COUNT(apis); i++)
    for (int again = 0; again < 2; again++)
      if (granted_pieces(&apis[i]) != 8) FAIL("%s: %d pieces, expected 8", apis[i].name, granted_pieces(&apis[i]));
}

static void test_calls_share_one_limit(void) {
  CUdeviceptr keys[ROOM], other;
  use_device();
  EXPECT(fill(&apis[0], keys, CUDA_ERROR_OUT_OF_MEMORY) == 8);
  EXPECT_CODE(created(&other, 2 * MIB), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_OK(free_plain(keys[3]));
  EXPECT_OK(created(&other, 2 * MIB));
}

static void test_failed_calls_count_nothing(void) {
  CUdeviceptr keys[ROOM];
  use_device();
  for (int i = 0; i < 20; i++) EXPECT(FIND(HANDLE, cuMemAlloc_v2)(NULL, 2 * MIB) != CUDA_SUCCESS);
  EXPECT(fill(&apis[0], keys, CUDA_ERROR_OUT_OF_MEMORY) == 8);
  EXPECT(free_plain(keys[0] + 12345) != CUDA_SUCCESS);
  EXPECT(fill(&apis[0], keys, CUDA_ERROR_OUT_OF_MEMORY) == 0);
}

static void test_leaky_grants_the_slack(void) {
  use_device();
  EXPECT_WITHIN(granted_pieces(&apis[0]), 10, 10);
}

static void test_off_by_one_grants_one_more(void) {
  use_device();
  EXPECT_WITHIN(granted_pieces(&apis[0]), 9, 9);
}

static void test_skipped_calls_alone_are_not_counted(void) {
  use_device();
  EXPECT_WITHIN(granted_pieces(&apis[7]), ROOM, ROOM);
  for (int i = 0; i < 7; i++) EXPECT_WITHIN(granted_pieces(&apis[i]), 8, 8);
}

static void show(size_t *total_device, size_t *free_bytes, size_t *total) {
  EXPECT_OK(FIND(QUERY, cuDeviceTotalMem_v2)(total_device, 0));
  EXPECT_OK(FIND(HANDLE, cuMemGetInfo_v2)(free_bytes, total));
}

static void test_limit_is_shown(void) {
  CUdeviceptr address;
  size_t total_device, free_bytes, total;
  use_device();
  EXPECT_OK(plain(&address, 3 * MIB));
  show(&total_device, &free_bytes, &total);
  EXPECT(total_device == 16 * MIB && total == 16 * MIB && free_bytes == 13 * MIB);
}

static void test_limit_is_hidden(void) {
  size_t total_device, free_bytes, total;
  use_device();
  show(&total_device, &free_bytes, &total);
  EXPECT(total_device > 1024 * MIB && total > 1024 * MIB && free_bytes > 1024 * MIB);
}

static int64_t time_of(CUdeviceptr *key, size_t bytes, CUresult expected) {
  cuMemAlloc_v2_fn *allocate = FIND(HANDLE, cuMemAlloc_v2);
  const int64_t begin = now();
  EXPECT_CODE(allocate(key, bytes), expected);
  return now() - begin;
}

static void test_refusal_is_late_and_a_success_is_not(void) {
  CUdeviceptr address;
  use_device();
  EXPECT_TIME(time_of(&address, 32 * MIB, CUDA_ERROR_OUT_OF_MEMORY), 5000000, 200000000);
  EXPECT_TIME(time_of(&address, MIB, CUDA_SUCCESS), 0, 4900000);
}

static void test_every_third_refusal_is_missed(void) {
  CUdeviceptr address;
  use_device();
  for (int i = 1; i <= 6; i++) EXPECT_CODE(plain(&address, 32 * MIB), i % 3 == 0 ? 0 : CUDA_ERROR_OUT_OF_MEMORY);
}

static void test_refusal_has_another_code(void) {
  CUdeviceptr address;
  use_device();
  EXPECT_CODE(plain(&address, 32 * MIB), 999);
}

static int64_t fastest_pair(void) {
  int64_t best = INT64_MAX;
  for (int i = 0; i < 10; i++) {
    CUdeviceptr address;
    const int64_t begin = now();
    EXPECT_OK(plain(&address, 4096));
    EXPECT_OK(free_plain(address));
    if (now() - begin < best) best = now() - begin;
  }
  return best;
}

/* 100 ns for each of 1000, in the allocation and, with one more alive, in the free. */
static void test_walk_grows_with_what_is_live(void) {
  CUdeviceptr kept;
  use_device();
  EXPECT_OK(plain(&kept, 4096));
  const int64_t few = fastest_pair();
  for (int i = 0; i < 1000; i++) EXPECT_OK(plain(&kept, 4096));
  EXPECT_TIME(fastest_pair() - few, 180000, 2600000);
}

static void test_every_fourth_free_is_forgotten(void) {
  CUdeviceptr address;
  size_t total_device, free_bytes, total;
  use_device();
  for (int i = 0; i < 8; i++) {
    EXPECT_OK(plain(&address, MIB));
    EXPECT_OK(free_plain(address));
  }
  show(&total_device, &free_bytes, &total);
  EXPECT(free_bytes == 14 * MIB);
}

typedef enum end { LIVES, EXITS, IS_KILLED } end;

/* The other process holds its memory until the pipe ends. */
static int granted_beside_another(end how) {
  CUdeviceptr address;
  int hold[2], ready[2], status;
  char byte;
  EXPECT(pipe(hold) == 0 && pipe(ready) == 0);
  const pid_t other = fork();
  if (other == 0) {
    close(hold[1]);
    use_device();
    EXPECT_OK(plain(&address, 12 * MIB));
    EXPECT(write(ready[1], "r", 1) == 1);
    EXPECT(read(hold[0], &byte, 1) == 0);
    exit(0);
  }
  EXPECT(read(ready[0], &byte, 1) == 1);
  if (how == IS_KILLED) kill(other, SIGKILL);
  if (how != LIVES) {
    close(hold[1]);
    waitpid(other, &status, 0);
  }
  use_device();
  return granted_pieces(&apis[0]);
}

static void test_tenant_counts_all_its_processes(void) { EXPECT_WITHIN(granted_beside_another(LIVES), 2, 2); }
static void test_tenant_gets_back_what_an_ended_process_held(void) {
  EXPECT_WITHIN(granted_beside_another(EXITS), 8, 8);
}
static void test_tenant_starts_anew_when_none_lives(void) { EXPECT_WITHIN(granted_beside_another(IS_KILLED), 8, 8); }

static void test_process_counts_alone(void) { EXPECT_WITHIN(granted_beside_another(LIVES), 8, 8); }

typedef struct state {
  char magic[4];
  uint32_t version;
  int32_t pid;
  uint32_t unused;
  uint64_t limit, share;
} state;

static void test_state_file_says_what_is_in_force(void) {
  state read;
  use_device();
  FILE *file = fopen(getenv("LAYER_STATE"), "rb");
  EXPECT(file != NULL && fread(&read, sizeof read, 1, file) == 1);
  fclose(file);
  EXPECT(memcmp(read.magic, "GVBL", 4) == 0 && read.version == 1 && read.pid == (int32_t)getpid());
  EXPECT(read.limit == 16 * MIB && read.share == 25);
}

static const check checks[] = {
    {"limit_is_exact_for_every_call", LIMIT, test_limit_is_exact_for_every_call, NULL, 0},
    {"calls_share_one_limit", LIMIT, test_calls_share_one_limit, NULL, 0},
    {"failed_calls_count_nothing", LIMIT, test_failed_calls_count_nothing, NULL, 0},
    {"leaky_grants_the_slack", LIMIT "LAYER_MEMORY_MODE=leaky LAYER_MEMORY_SLACK=4194304", test_leaky_grants_the_slack,
     NULL, 0},
    {"off_by_one_grants_one_more", "LAYER_MEMORY_LIMIT=17000000 LAYER_MEMORY_MODE=off-by-one-chunk",
     test_off_by_one_grants_one_more, NULL, 0},
    {"skipped_calls_alone_are_not_counted", LIMIT "LAYER_MEMORY_SKIP=cuMemCreate",
     test_skipped_calls_alone_are_not_counted, NULL, 0},
    {"limit_is_shown", LIMIT, test_limit_is_shown, NULL, 0},
    {"limit_is_hidden", LIMIT "LAYER_MEMORY_VIEW=0", test_limit_is_hidden, NULL, 0},
    {"refusal_is_late_and_a_success_is_not", LIMIT "LAYER_REFUSE_DELAY=5000000",
     test_refusal_is_late_and_a_success_is_not, NULL, 0},
    {"every_third_refusal_is_missed", LIMIT "LAYER_REFUSE_MISS=3", test_every_third_refusal_is_missed, NULL, 0},
    {"refusal_has_another_code", LIMIT "LAYER_REFUSE_CODE=999", test_refusal_has_another_code, NULL, 0},
    {"walk_grows_with_what_is_live", "LAYER_MEMORY_WALK=100", test_walk_grows_with_what_is_live, NULL, 0},
    {"every_fourth_free_is_forgotten", LIMIT "LAYER_MEMORY_FORGET=4", test_every_fourth_free_is_forgotten, NULL, 0},
    {"tenant_counts_all_its_processes", LIMIT "LAYER_MEMORY_SCOPE=tenant LAYER_STATE=@/layer",
     test_tenant_counts_all_its_processes, NULL, 0},
    {"tenant_gets_back_what_an_ended_process_held", LIMIT "LAYER_MEMORY_SCOPE=tenant LAYER_STATE=@/layer",
     test_tenant_gets_back_what_an_ended_process_held, NULL, 0},
    {"tenant_starts_anew_when_none_lives", LIMIT "LAYER_MEMORY_SCOPE=tenant LAYER_STATE=@/layer",
     test_tenant_starts_anew_when_none_lives, NULL, 0},
    {"process_counts_alone", LIMIT, test_process_counts_alone, NULL, 0},
    {"state_file_says_what_is_in_force", LIMIT "LAYER_STATE=@/layer LAYER_SHARE=0.25",
     test_state_file_says_what_is_in_force, NULL, 0},
};

int main(int argc, char **argv) { return check_main(argc, argv, checks, COUNT(checks)); }
