/* The control daemon of MPS in a directory of the test's own, which CUDA_MPS_PIPE_DIRECTORY names. */
#ifndef GVB_EMULATOR_TEST_DAEMON_H
#define GVB_EMULATOR_TEST_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

extern char place[64];
extern char program[300];

/* Finds the control program beside the test's own, and makes the directory. */
bool find_program(void);

/* The first line that the program prints for a command, or nothing. */
const char *say(const char *command);

/* In the foreground, as our child; `option`: one more, or NULL. */
pid_t start_daemon(const char *option);
void end_daemon(pid_t pid);

/* 0: it has none. */
pid_t server_pid(void);

#endif
