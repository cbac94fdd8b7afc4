/* The emulated MPS: what its clients share, and what limits them. */
#include "daemon.h"
#include "harness.h"

#define QUIET "clock virtual\njitter 0\nsm_clock 1000000000\n"
#define MIB ((size_t)1 << 20)

/* Returns when the daemon has taken note of it. */
static void kill_server(void) {
  pid_t server = server_pid();
  kill(server, SIGKILL);
  for (int k = 0; k < 500 && server_pid() == server; k++) usleep(10000);
}

static const gvb_machine_clock *machine;

/* ---- clients: each prints a number for its parent ---- */

static int answer(int64_t number) {
  printf("%lld\n", (long long)number);
  fflush(stdout);
  return 0;
}

static int init_result(void) {
  open_driver();
  return answer((int64_t)cu.cuInit(0));
}

static int sm_count(void) {
  int count = 0;
  open_context();
  MUST(cu.cuDeviceGetAttribute(&count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
  return answer(count);
}

/* MiB that it gets by cuMemAlloc in pieces of 32, and that the last refusal is the right one. */
static int allocatable(void) {
  CUdeviceptr p;
  CUresult result;
  int64_t mebibytes = 0;
  open_context();
  while ((result = cu.cuMemAlloc_v2(&p, 32 * MIB)) == CUDA_SUCCESS) mebibytes += 32;
  return answer(result == CUDA_ERROR_OUT_OF_MEMORY ? mebibytes : -(int64_t)result);
}

/* With so many others as the parent says. */
static void enter(int rank) {
  const char *party = getenv("PARTY");
  open_context();
  machine = machine_clock();
  machine->enter(&(gvb_start){party ? atoi(party) : 1, rank, 0, 0}, NULL);
}

static int64_t kernel_time(uint64_t iterations) {
  float one = 1.0f;
  CUdeviceptr out;
  MUST(cu.cuMemAlloc_v2(&out, 64));
  int64_t seen[21];
  for (int k = 0; k < 21; k++) {
    int64_t begin = machine->now();
    launch("gvb_fma", 132 * 8, 256, (void *[]){&iterations, &one, &one, &out});
    MUST(cu.cuStreamSynchronize(stream));
    seen[k] = machine->now() - begin;
  }
  return median(seen, 21) / 1000;
}

/* Microseconds of a kernel of 1 ms. */
static int millisecond(void) {
  enter(0);
  return answer(kernel_time(15625));
}

/* A second of them, longer than anybody looks. */
static int saturate(void) {
  enter(1);
  const int64_t end = machine->now() + 1000000000;
  while (machine->now() < end) kernel_time(15625);
  machine->leave();
  return 0;
}

/* Milliseconds of 200 kernels of 1 ms, all in flight, on so many streams. */
static int queue_time(int streams) {
  CUstream s[2];
  float one = 1.0f;
  uint64_t iterations = 15625;
  CUdeviceptr out;
  enter(0);
  MUST(cu.cuMemAlloc_v2(&out, 64));
  for (int k = 0; k < streams; k++) MUST(cu.cuStreamCreate(&s[k], CU_STREAM_NON_BLOCKING));
  int64_t begin = machine->now();
  for (int k = 0; k < 200; k++) {
    stream = s[k % streams];
    launch("gvb_fma", 132 * 8, 256, (void *[]){&iterations, &one, &one, &out});
  }
  MUST(cu.cuCtxSynchronize());
  return answer((machine->now() - begin) / 1000000);
}

static int context_time(void) {
  open_driver();
  MUST(cu.cuInit(0));
  machine = machine_clock();
  int64_t begin = machine->now();
  MUST(cu.cuDevicePrimaryCtxRetain(&context, 0));
  return answer((machine->now() - begin) / 1000000);
}

static int role(const char *name) {
  if (strcmp(name, "init") == 0) return init_result();
  if (strcmp(name, "sms") == 0) return sm_count();
  if (strcmp(name, "allocate") == 0) return allocatable();
  if (strcmp(name, "millisecond") == 0) return millisecond();
  if (strcmp(name, "saturate") == 0) return saturate();
  if (strcmp(name, "queue") == 0) return queue_time(1);
  if (strcmp(name, "streams") == 0) return queue_time(2);
  if (strcmp(name, "context") == 0) return context_time();
  return 3;
}

static int64_t ask(const char *what) {
  FILE *out;
  pid_t pid = start_client(what, &out);
  int64_t number = read_number(out);
  fclose(out);
  waitpid(pid, NULL, 0);
  return number;
}

static void end_client(pid_t pid, FILE *out) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(out);
}

static void equal(int64_t found, int64_t expected, const char *what) {
  check(found == expected, "%s: %lld, expected %lld", what, (long long)found, (long long)expected);
}

static void between(int64_t found, int64_t low, int64_t high, const char *what) {
  check(found >= low && found <= high, "%s: %lld, expected %lld to %lld", what, (long long)found, (long long)low,
        (long long)high);
}

/* ---- the tests ---- */

static void limits(void) {
  new_machine(QUIET "sm_count 10\nmemory_bytes 1073741824\ncontext_bytes 67108864");
  setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "50", 1);
  setenv("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", "0=512M", 1);
  equal(ask("sms"), 10, "without a daemon the process goes on without MPS: multiprocessors");
  equal(ask("allocate"), 960, "and all memory is its own: MiB");
  pid_t daemon = start_daemon(NULL);
  equal(ask("sms"), 6, "a client of 50 % of 10 multiprocessors sees pairs of them");
  equal(ask("allocate"), 448, "the limit of 512 MiB holds for the context too: MiB");
  say("set_default_active_thread_percentage 20");
  equal(ask("sms"), 6, "a new default is for servers that start later");
  kill_server();
  equal(ask("sms"), 2, "a client cannot go above the default");
  setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "much", 1);
  equal(ask("init"), CUDA_ERROR_INVALID_VALUE, "a percentage that is none is refused");
  end_daemon(daemon);
  unsetenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE");
  unsetenv("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT");
}

static void knob(void) {
  new_machine(QUIET "memory_bytes 1073741824\ncontext_bytes 67108864");
  setenv("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", "0=512M", 1);
  setenv("GVB_EMULATED_MPS_LIMITS", "ignored", 1);
  pid_t daemon = start_daemon(NULL);
  unsetenv("GVB_EMULATED_MPS_LIMITS");
  equal(ask("allocate"), 960, "GVB_EMULATED_MPS_LIMITS=ignored: no limit binds: MiB");
  end_daemon(daemon);
  unsetenv("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT");
}

static void side_by_side(void) {
  FILE *out;
  new_machine(QUIET "context_create 100000000");
  between(ask("context"), 100, 130, "a context without MPS: ms");
  pid_t daemon = start_daemon(NULL);
  between(ask("context"), 50, 80, "with MPS it costs half: ms");
  setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "50", 1);
  between(ask("millisecond"), 1990, 2150, "half of the multiprocessors take twice the time: us");
  between(ask("streams"), 398, 420, "and two streams get no more than half: ms");
  setenv("PARTY", "2", 1);
  pid_t neighbor = start_client("saturate", &out);
  between(ask("millisecond"), 1990, 2200, "also beside a busy client, though others take turns: us");
  end_client(neighbor, out);
  unsetenv("PARTY");
  unsetenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE");
  end_daemon(daemon);
}

static void one_turn(void) {
  FILE *out[2];
  pid_t client[2];
  new_machine(QUIET "switch_ns 0");
  pid_t daemon = start_daemon(NULL);
  setenv("PARTY", "3", 1);
  for (int k = 0; k < 2; k++) client[k] = start_client("saturate", &out[k]);
  unsetenv("CUDA_MPS_PIPE_DIRECTORY");
  between(ask("queue"), 380, 450, "beside two clients, who have one turn, a process without MPS has every other: ms");
  setenv("CUDA_MPS_PIPE_DIRECTORY", place, 1);
  unsetenv("PARTY");
  for (int k = 0; k < 2; k++) end_client(client[k], out[k]);
  end_daemon(daemon);
}

static void commands(void) {
  char line[256] = "", second_daemon[310];
  new_machine("");
  const char *sentence = "no MPS control daemon answers in ";
  check(strncmp(say("get_server_list"), sentence, strlen(sentence)) == 0, "without a daemon: %s", say("quit"));
  pid_t daemon = start_daemon(NULL);
  snprintf(second_daemon, sizeof second_daemon, "%s -f", program);
  FILE *second = popen(second_daemon, "r");
  if (!second || !fgets(line, sizeof line, second)) exit(3);
  line[strcspn(line, "\n")] = 0;
  check(strncmp(line, "an MPS control daemon already runs in", 37) == 0, "a second daemon: %s", line);
  check(pclose(second) == 1 << 8, "ends with status 1");
  check(server_pid() == 0, "no server before a client or start_server");
  check(strncmp(say("start_server -uid 4294"), "this daemon serves user", 23) == 0,
        "a server of another user is refused");
  check(strcmp(say("get_client_list 1"), "there is no server 1") == 0, "clients of a server that is none: refused");
  check(strstr(say("fly"), "no command 'fly'") != NULL, "an unknown command is refused");
  say("quit");
  int status = -1;
  waitpid(daemon, &status, 0);
  equal(status, 0, "quit ends the daemon: status");
  end_daemon(daemon);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  if (!find_program()) return 3;
  commands();
  limits();
  knob();
  side_by_side();
  one_turn();
  rmdir(place);
  return summary();
}
