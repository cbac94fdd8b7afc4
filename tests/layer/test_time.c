/* Knobs that cost time: delays, sleeps, the lock, the thread. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "application.h"
#include "check.h"

#define MS 1000000
#define SLEPT (85 * MS)     /* of 100, less what is counted to the other side */
#define NOT_SLEPT (40 * MS) /* of 0 */

static void test_delay_acts_by_every_way(void) {
  use_device();
  for (way from = HANDLE; from < WAYS; from++) EXPECT_TIME(device_query_time(from), 20000, 25000);
}

static void test_short_delays_are_exact(void) {
  use_device();
  EXPECT_TIME(device_query_time(HANDLE) - device_query_time(QUERY), 200 - 30, 600);
}

static void test_delay_acts_by_handle_alone(void) {
  use_device();
  EXPECT_TIME(device_query_time(HANDLE), 20000, 25000);
  EXPECT_TIME(device_query_time(DEFAULT), 0, 5000);
  EXPECT_TIME(device_query_time(QUERY), 0, 5000);
}

static void test_delay_acts_by_query_alone(void) {
  use_device();
  EXPECT_TIME(device_query_time(HANDLE), 0, 5000);
  EXPECT_TIME(device_query_time(DEFAULT), 0, 5000);
  EXPECT_TIME(device_query_time(QUERY), 20000, 25000);
}

static void test_delay_acts_when_linked_alone(void) {
  CUdevice device;
  use_device();
  EXPECT_TIME(device_query_time(HANDLE), 0, 5000);
  EXPECT_TIME(device_query_time(DEFAULT), 20000, 25000);
  EXPECT_TIME(device_query_time(QUERY), 0, 5000);
  const int64_t begin = now();
  EXPECT_OK(((cuCtxGetDevice_fn *)application_device())(&device));
  EXPECT(now() - begin >= 20000);
}

static void test_delay_of_one_function_leaves_others(void) {
  use_device();
  EXPECT_TIME(device_query_time(HANDLE), 0, 5000);
}

static int64_t sleep_in_init(void) {
  cuInit_fn *init = FIND(HANDLE, cuInit);
  const int64_t begin = now() - awake();
  EXPECT_OK(init(0));
  return now() - awake() - begin;
}

/* CHECK_STARTED is `now() - awake()` before the process became what it is. */
static int64_t sleep_before_main(void) { return now() - awake() - strtoll(getenv("CHECK_STARTED"), NULL, 10); }

static void test_constructor_sleeps_before_main(void) {
  EXPECT_TIME(sleep_before_main(), SLEPT, 150 * MS);
  EXPECT_TIME(sleep_in_init(), -NOT_SLEPT, NOT_SLEPT);
}

static void test_init_sleeps_once(void) {
  EXPECT_TIME(sleep_before_main(), -NOT_SLEPT, NOT_SLEPT);
  EXPECT_TIME(sleep_in_init(), SLEPT, 150 * MS);
  EXPECT_TIME(sleep_in_init(), -NOT_SLEPT, NOT_SLEPT);
}

static double cpu_share_over(int64_t ns) {
  struct timespec t;
  const int64_t begin = now();
  usleep((useconds_t)(ns / 1000));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  static int64_t before;
  const int64_t used = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec - before;
  before += used;
  return (double)used / (double)(now() - begin);
}

/* By name, since the driver has threads too. */
static int named_threads(const char *wanted) {
  char path[300], name[32];
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *e = readdir(tasks); e != NULL; e = readdir(tasks)) {
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
    FILE *file = fopen(path, "r");
    if (file == NULL) continue;
    count += fscanf(file, "%31s", name) == 1 && strcmp(name, wanted) == 0;
    fclose(file);
  }
  closedir(tasks);
  return count;
}

static void test_thread_burns_what_it_is_told(void) {
  sleep_in_init();
  EXPECT(named_threads("gvblayer") == 1);
  cpu_share_over(100 * MS);
  EXPECT_TIME(cpu_share_over(500 * MS), 0.05, 0.13);
}

static void test_thread_may_only_sleep(void) {
  sleep_in_init();
  EXPECT(named_threads("gvblayer") == 1);
  cpu_share_over(100 * MS);
  EXPECT_TIME(cpu_share_over(300 * MS), 0, 0.02);
}

static void test_no_thread_by_default(void) {
  sleep_in_init();
  EXPECT(named_threads("gvblayer") == 0);
}

static void allocate_and_free(int times) {
  CUdeviceptr address;
  use_device();
  cuMemAlloc_v2_fn *allocate = FIND(HANDLE, cuMemAlloc_v2);
  cuMemFree_v2_fn *give_back = FIND(QUERY, cuMemFree_v2);
  for (int i = 0; i < times; i++) {
    EXPECT_OK(allocate(&address, MIB));
    EXPECT_OK(give_back(address));
  }
}

static pid_t start_process(int times) {
  const pid_t child = fork();
  if (child != 0) return child;
  allocate_and_free(times);
  exit(0);
}

/* Five holders of 1 ms in alloc and free each, twenty times: 200 ms, however many run at once. */
static void test_lock_is_held_by_one_process_at_a_time(void) {
  const int64_t begin = now();
  for (int i = 0; i < 5; i++) start_process(20);
  for (int status; wait(&status) > 0;) EXPECT(status == 0);
  EXPECT(now() - begin >= 200 * MS);
}

static void test_lock_stands_where_it_is_told(void) {
  use_device();
  EXPECT_TIME(device_query_time(HANDLE), 20000, 25000);
  const int64_t begin = now();
  allocate_and_free(1);
  EXPECT_TIME(now() - begin, 0, 20 * MS);
}

static bool ends_within(pid_t child, int64_t ns) {
  int status;
  for (const int64_t latest = now() + ns; now() < latest; usleep(1000))
    if (waitpid(child, &status, WNOHANG) == child) return status == 0;
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return false;
}

/* A process that says when its next call takes the lock. */
static pid_t start_victim(void) {
  int ends[2];
  char word;
  EXPECT(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    use_device();
    EXPECT(write(ends[1], "x", 1) == 1);
    allocate_and_free(1);
    exit(0);
  }
  EXPECT(read(ends[0], &word, 1) == 1);
  return child;
}

/* Whether a process gets the lock after one was killed that held it. */
static bool goes_on_after_a_kill(void) {
  const pid_t victim = start_victim();
  usleep(300000); /* it holds the lock for 1 s */
  kill(victim, SIGKILL);
  waitpid(victim, NULL, 0);
  return ends_within(start_process(1), 3000 * (int64_t)MS);
}

static void test_lock_outlives_its_holder(void) { EXPECT(goes_on_after_a_kill()); }
static void test_sticky_lock_does_not(void) { EXPECT(!goes_on_after_a_kill()); }

static const check checks[] = {
    {"delay_acts_by_every_way", "LAYER_DELAY=cuInit=1,cuCtxGetDevice=20000", test_delay_acts_by_every_way, NULL, 0},
    {"short_delays_are_exact", "LAYER_DELAY_HANDLE=cuCtxGetDevice=200", test_short_delays_are_exact, NULL, 0},
    {"delay_acts_by_handle_alone", "LAYER_DELAY_HANDLE=cuCtxGetDevice=20000", test_delay_acts_by_handle_alone, NULL, 0},
    {"delay_acts_by_query_alone", "LAYER_DELAY_QUERY=cuCtxGetDevice=20000", test_delay_acts_by_query_alone, NULL, 0},
    {"delay_acts_when_linked_alone", "LAYER_DELAY_LINKED=cuCtxGetDevice=20000", test_delay_acts_when_linked_alone, NULL,
     0},
    {"delay_of_one_function_leaves_others", "LAYER_DELAY=cuStreamQuery=20000", test_delay_of_one_function_leaves_others,
     NULL, 0},
    {"constructor_sleeps_before_main", "LAYER_CONSTRUCTOR_SLEEP=100000000", test_constructor_sleeps_before_main, NULL,
     0},
    {"init_sleeps_once", "LAYER_INIT_SLEEP=100000000", test_init_sleeps_once, NULL, 0},
    {"thread_burns_what_it_is_told", "LAYER_THREAD=5000000/50000000", test_thread_burns_what_it_is_told, NULL, 0},
    {"thread_may_only_sleep", "LAYER_THREAD=0/10000000", test_thread_may_only_sleep, NULL, 0},
    {"no_thread_by_default", NULL, test_no_thread_by_default, NULL, 0},
    {"lock_is_held_by_one_process_at_a_time", "LAYER_LOCK=@/lock LAYER_LOCK_HOLD=1000000",
     test_lock_is_held_by_one_process_at_a_time, NULL, 0},
    {"lock_stands_where_it_is_told", "LAYER_LOCK=@/lock LAYER_LOCK_HOLD=20000 LAYER_LOCK_IN=cuCtxGetDevice",
     test_lock_stands_where_it_is_told, NULL, 0},
    {"lock_outlives_its_holder", "LAYER_LOCK=@/lock LAYER_LOCK_HOLD=1000000000", test_lock_outlives_its_holder, NULL,
     0},
    {"sticky_lock_does_not", "LAYER_LOCK=@/lock LAYER_LOCK_HOLD=1000000000 LAYER_LOCK_STICKY=1",
     test_sticky_lock_does_not, NULL, 0},
};

int main(int argc, char **argv) { return check_main(argc, argv, checks, COUNT(checks)); }
