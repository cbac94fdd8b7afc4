#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char place[64];
char program[300];

bool find_program(void) {
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 32);
  if (length < 0) return false;
  program[length] = 0;
  strcpy(strrchr(program, '/') + 1, "nvidia-cuda-mps-control");
  strcpy(place, "/tmp/gvb-mps-XXXXXX");
  return mkdtemp(place) && setenv("CUDA_MPS_PIPE_DIRECTORY", place, 1) == 0;
}

const char *say(const char *command) {
  static char line[256];
  char shell[800];
  snprintf(shell, sizeof shell, "echo '%s' | %s", command, program);
  FILE *out = popen(shell, "r");
  if (!out || !fgets(line, sizeof line, out)) line[0] = 0;
  if (out) pclose(out);
  line[strcspn(line, "\n")] = 0;
  return line;
}

pid_t start_daemon(const char *option) {
  pid_t pid = fork();
  if (pid == 0) {
    execl(program, program, "-f", option, (char *)NULL);
    _exit(3);
  }
  for (int k = 0; k < 500 && strcmp(say("get_default_active_thread_percentage"), "100.0") != 0; k++) usleep(10000);
  return pid;
}

void end_daemon(pid_t pid) {
  kill(pid, SIGTERM);
  waitpid(pid, NULL, 0);
  char path[128];
  snprintf(path, sizeof path, "%s/gvb-lock", place);
  unlink(path);
}

pid_t server_pid(void) { return (pid_t)atoi(say("get_server_list")); }
