/* nvidia-cuda-mps-control for the emulated GPU: a daemon, or the program that sends it the commands on its input. */
#include <stdlib.h>

#include "mps.h"
#include "mps_daemon.h"

static int unanswered(const char *directory) {
  printf("no MPS control daemon answers in %s: start one with `nvidia-cuda-mps-control -d`\n", directory);
  return 1;
}

static int send_commands(const char *directory) {
  char line[MPS_RECORD], reply[MPS_RECORD];
  int fd = mps_connect(directory, MPS_CONTROL), status = 0;
  if (fd < 0) return unanswered(directory);
  mps_be_impatient(fd, 2 * MPS_PATIENCE);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\r\n")] = 0;
    if (line[0] == 0) continue;
    if (!mps_send(fd, line) || !mps_receive(fd, reply)) return unanswered(directory);
    fputs(reply + 1, stdout);
    if (reply[0] != '0') status = 1;
    if (strcmp(line, "quit") == 0) break;
  }
  return status;
}

static bool *option_named(const char *text, bool *foreground, bool *background, bool *partitions) {
  if (strcmp(text, "-f") == 0) return foreground;
  if (strcmp(text, "-d") == 0) return background;
  return strcmp(text, "-S") == 0 || strcmp(text, "--static-partitioning") == 0 ? partitions : NULL;
}

int main(int argc, char **argv) {
  bool foreground = false, background = false, partitions = false;
  const char *directory = getenv("CUDA_MPS_PIPE_DIRECTORY");
  if (argc == 2 && strcmp(argv[1], "-v") == 0) {
    puts("nvidia-cuda-mps-control of the emulated GPU");
    return 0;
  }
  for (int k = 1; k < argc; k++) {
    bool *option = option_named(argv[k], &foreground, &background, &partitions);
    if (option) *option = true;
    if (option && !(foreground && background)) continue;
    puts("usage: nvidia-cuda-mps-control [-f | -d | -v] [-S], commands on standard input");
    return 1;
  }
  if (!directory) {
    puts("CUDA_MPS_PIPE_DIRECTORY is not set: the emulated MPS has no default directory");
    return 1;
  }
  return argc == 1 ? send_commands(directory) : daemon_run(directory, !foreground, partitions);
}
