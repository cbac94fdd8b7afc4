/* The emulated MPS: what ends its clients, and how many there may be. */
#include <dlfcn.h>

#include "../mps.h"
#include "../nvml_abi.h"
#include "daemon.h"
#include "harness.h"

static pid_t start_daemon_with_server(void) {
  char command[64];
  pid_t pid = start_daemon(NULL);
  snprintf(command, sizeof command, "start_server -uid %d", (int)getuid());
  say(command);
  return pid;
}

static bool lives(pid_t pid) { return kill(pid, 0) == 0; }

static bool dies_soon(pid_t pid) {
  for (int k = 0; k < 500 && lives(pid); k++) usleep(10000);
  return !lives(pid);
}

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

/* By a call, or by a kernel while it makes no call. */
static CUresult fault_of(const char *name) {
  uint64_t trap = 2, nowhere = 0;
  void *stamp;
  if (strcmp(name, "trapped") == 0) {
    MUST(cu.cuMemHostAlloc(&stamp, 4096, 0));
    launch("gvb_fault", 1, 32, (void *[]){&trap, &stamp, &nowhere});
    getchar();
  }
  return cu.cuStreamQuery(stream);
}

/* Prints its pid, then the first error of any call. */
static int watch(const char *name) {
  const bool faulty = strcmp(name, "watch") != 0;
  open_context();
  answer(getpid());
  if (faulty) getchar();
  CUresult result = faulty ? fault_of(name) : CUDA_SUCCESS;
  for (int k = 0; k < 10000 && result == CUDA_SUCCESS; k++) {
    usleep(1000);
    result = cu.cuCtxSynchronize();
  }
  answer((int64_t)result);
  pause();
  return 0;
}

static int role(const char *name) { return strcmp(name, "init") == 0 ? init_result() : watch(name); }

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

/* ---- the tests ---- */

static unsigned int listed(pid_t wanted) {
  void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  nvmlReturn (*initialize)(void);
  nvmlReturn (*device_at)(unsigned int, nvmlDevice *);
  nvmlReturn (*running)(nvmlDevice, unsigned int *, nvmlProcess *);
  *(void **)&initialize = dlsym(library, "nvmlInit_v2");
  *(void **)&device_at = dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
  *(void **)&running = dlsym(library, "nvmlDeviceGetComputeRunningProcesses_v3");
  nvmlDevice device;
  nvmlProcess found[8];
  unsigned int count = 8, hits = 0;
  if (initialize() != 0 || device_at(0, &device) != 0 || running(device, &count, found) != 0) return 99;
  for (unsigned int k = 0; k < count; k++) hits += found[k].pid == (unsigned int)wanted;
  return hits;
}

static void deaths(void) {
  char command[64];
  FILE *out[2];
  pid_t client[2];
  new_machine("sticky.cuStreamQuery 1:700");
  pid_t daemon = start_daemon_with_server(), server = server_pid();
  for (int k = 0; k < 2; k++) {
    client[k] = start_client("watch", &out[k]);
    read_number(out[k]);
  }
  equal(listed(client[0]), 1, "NVML lists a client");
  equal(listed(server), 1, "and the server, once");
  snprintf(command, sizeof command, "terminate_client %d %d", (int)server, (int)client[0]);
  say(command);
  equal(read_number(out[0]), CUDA_ERROR_MPS_CLIENT_TERMINATED, "terminate_client");
  kill(server, SIGKILL);
  equal(read_number(out[1]), CUDA_ERROR_MPS_RPC_FAILURE, "the server's death");
  for (int k = 0; k < 2; k++) end_client(client[k], out[k]);
  client[0] = start_client("watch", &out[0]);
  read_number(out[0]);
  check(server_pid() > 0 && server_pid() != server, "the next client gets a new server");
  server = server_pid();
  kill(daemon, SIGKILL);
  waitpid(daemon, NULL, 0);
  equal(read_number(out[0]), CUDA_ERROR_MPS_RPC_FAILURE, "the daemon's death");
  check(dies_soon(server), "ends its server");
  end_client(client[0], out[0]);
  equal(ask("init"), CUDA_SUCCESS, "then a process goes on without MPS");
  daemon = start_daemon(NULL);
  check(daemon > 0 && lives(daemon), "and another daemon can start in the directory of one that was killed");
  end_daemon(daemon);
}

static void faults(const char *name, const char *config, CUresult code) {
  FILE *out[2];
  new_machine(config);
  pid_t daemon = start_daemon_with_server();
  int input[2];
  if (pipe(input) != 0) exit(3);
  pid_t bystander = start_client("watch", &out[0]);
  read_number(out[0]);
  dup2(input[0], 0);
  pid_t faulty = start_client(name, &out[1]);
  read_number(out[1]);
  if (write(input[1], "\n", 1) != 1) exit(3);
  equal(read_number(out[0]), code, "a client faults, which reaches the other");
  if (write(input[1], "\n", 1) != 1) exit(3);
  equal(read_number(out[1]), code, "and itself");
  equal(ask("init"), CUDA_ERROR_MPS_SERVER_NOT_READY, "newcomers are refused");
  end_client(faulty, out[1]);
  equal(ask("init"), CUDA_ERROR_MPS_SERVER_NOT_READY, "until all that it reached are gone");
  end_client(bystander, out[0]);
  CUresult last = CUDA_ERROR_MPS_SERVER_NOT_READY;
  for (int k = 0; k < 50 && last != CUDA_SUCCESS; k++) last = (CUresult)ask("init");
  equal((int64_t)last, CUDA_SUCCESS, "then the server takes clients again");
  end_daemon(daemon);
}

static void crowd(void) {
  FILE *out[MPS_CLIENTS];
  pid_t client[MPS_CLIENTS];
  new_machine("memory_bytes 107374182400\ncontext_bytes 1048576");
  pid_t daemon = start_daemon_with_server();
  for (int k = 0; k < MPS_CLIENTS; k++) client[k] = start_client("watch", &out[k]);
  for (int k = 0; k < MPS_CLIENTS; k++) read_number(out[k]);
  equal(ask("init"), CUDA_ERROR_MPS_MAX_CLIENTS_REACHED, "client number 49");
  for (int k = 0; k < MPS_CLIENTS; k++) end_client(client[k], out[k]);
  end_daemon(daemon);
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  if (!find_program()) return 3;
  deaths();
  faults("faulty", "sticky.cuStreamQuery 1:700", CUDA_ERROR_ILLEGAL_ADDRESS);
  faults("trapped", "", CUDA_ERROR_LAUNCH_FAILED);
  crowd();
  rmdir(place);
  return summary();
}
