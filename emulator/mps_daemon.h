/* The parts of nvidia-cuda-mps-control for the emulated GPU. */
#ifndef GVB_EMULATOR_MPS_DAEMON_H
#define GVB_EMULATOR_MPS_DAEMON_H

#include <stdbool.h>

/* The control daemon in this directory, until it is told to quit; the exit status. `partitions`: static ones only. */
int daemon_run(const char *directory, bool background, bool partitions);

/* Whether a command is about static partitions; then it is done. */
bool partitions_obey(const char *command, bool enabled, char *reply);

/* The server: clients come to `listener`; the daemon asks at `daemon` and is gone when that closes. Never returns. */
_Noreturn void server_run(int listener, int daemon, double percentage, bool limits);

/* Writes a line into a log in CUDA_MPS_LOG_DIRECTORY, if there is one. */
void note(const char *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
