/* What the tests share: a machine in a temporary directory, the driver's functions, checks and processes. */
#ifndef GVB_EMULATOR_TEST_HARNESS_H
#define GVB_EMULATOR_TEST_HARNESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../libgvb/cuda_abi.h"
#include "../../libgvb/machine_clock.h"
#include "../common_clock.h"

typedef struct functions {
#define X(name, ...) name##_fn *name;
#include "../../libgvb/cuda_functions.def"
#undef X
} functions;

extern functions cu;
extern void *cuda_library;
extern CUcontext context;
extern CUstream stream; /* non-blocking */
extern CUmodule module;

/* A new machine with this text appended to its config. Call it before open_driver. */
void new_machine(const char *text);
const char *machine_directory(void);
/* The text that the newest machine was made with. */
const char *machine_text(void);
void open_driver(void);
/* open_driver, cuInit, primary context, stream, module with every kernel that the emulator knows. */
void open_context(void);
CUfunction function(const char *name);
/* The open driver's own clock; a test of virtual time cannot go on without one. */
const gvb_machine_clock *machine_clock(void);

/* Whatever fails has failed. */
void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* But this may be the host's doing in real time, and the program may run again: of a time alone, by IN_TIME. */
void check_in_time(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of what else depends on the host's time, with the reason. */
void check_on_host(const char *reason, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* By the exit status of a process, which is LATE if no more than a time was wrong. */
void check_child(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether a time is as the model says. Sanitizers stretch the host's part of it, and run once: there any will do. */
#ifdef SANITIZED
#define IN_TIME(value, low, high) ((void)(value), (void)(low), (void)(high), true)
#else
#define IN_TIME(value, low, high) ((value) >= (low) && (value) <= (high))
#endif
#define CHECK_CALL(call, expected)                                                          \
  do {                                                                                      \
    CUresult got_ = (call);                                                                 \
    check(got_ == (expected), "%s answers %d (got %d)", #call, (int)(expected), (int)got_); \
  } while (0)
#define MUST(call)                                                                      \
  do {                                                                                  \
    CUresult got_ = (call);                                                             \
    if (got_ != CUDA_SUCCESS) {                                                         \
      fprintf(stderr, "%s:%d: %s answered %d\n", __FILE__, __LINE__, #call, (int)got_); \
      exit(3);                                                                          \
    }                                                                                   \
  } while (0)

/* In a process whose exit status is the result. */
#define NEED(condition)                                                   \
  do {                                                                    \
    if (!(condition)) {                                                   \
      fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                            \
    }                                                                     \
  } while (0)

void launch(const char *name, unsigned int blocks, unsigned int threads, void **arguments);
int64_t median(int64_t *values, int count);

/* Runs this program again with one argument, as another client; its standard output is a pipe that `out` reads. */
pid_t start_client(const char *role, FILE **out);
int64_t read_number(FILE *from);

/* Runs `body` in a forked process, which has not touched the driver; returns its exit status, or -signal. */
int in_child(void (*body)(void));

/* Prints the last line and returns the exit status of main; LATE: it may run again. */
enum { LATE = 75 };
int summary(void);

#endif
