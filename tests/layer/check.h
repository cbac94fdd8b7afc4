/* A check is one function in one fresh process, under the layer with knobs of its own. */
#ifndef LAYER_CHECK_H
#define LAYER_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_abi.h"

typedef struct check {
  const char *name;
  const char *settings; /* NAME=value separated by spaces; @ stands for a folder of the check's own */
  void (*test)(void);
  const char *library; /* NULL: libgvblayer.so */
  int status;          /* with which the process must end */
} check;

/* Runs all checks, or as a child the one that it is told; the exit status of the program. */
int check_main(int argc, char **argv, const check *checks, int count);

/* Ways to find a driver function. */
typedef enum way { HANDLE, DEFAULT, QUERY, WAYS } way;

void *find(way from, const char *name);
#define FIND(from, name) ((name##_fn *)find(from, #name))

/* File that holds this address. */
const char *file_of(void *address);

/* The driver is initialized, the device's primary context current. */
void use_device(void);

/* One of libgvb's kernels, of the module that holds `gvb_spin` and `gvb_empty`. */
CUfunction kernel(const char *name);

int64_t now(void);

/* Time in which the thread ran or waited for a processor, as far as the kernel has counted it: what is left of the
 * clock's time is sleep, also on a busy host. */
int64_t awake(void);

/* Median duration of 1000 cuCtxGetDevice found in this way. */
int64_t device_query_time(way from);

#define END(status, ...)                              \
  do {                                                \
    fprintf(stderr, "  %s:%d: ", __FILE__, __LINE__); \
    fprintf(stderr, __VA_ARGS__);                     \
    fputc('\n', stderr);                              \
    exit(status);                                     \
  } while (0)

#define FAIL(...) END(1, __VA_ARGS__)

#define EXPECT(condition)                               \
  do {                                                  \
    if (!(condition)) FAIL("not true: %s", #condition); \
  } while (0)

#define EXPECT_CODE(expression, expected)                                                     \
  do {                                                                                        \
    const int got = (int)(expression);                                                        \
    if (got != (int)(expected)) FAIL("%s gave %d, expected %s", #expression, got, #expected); \
  } while (0)

#define EXPECT_OK(expression) EXPECT_CODE(expression, CUDA_SUCCESS)

#define WITHIN(value, least, most, otherwise)                                                      \
  do {                                                                                             \
    const double got = (double)(value);                                                            \
    if (!(got >= (least) && got <= (most)))                                                        \
      END(otherwise, "%s is %g, expected %g to %g", #value, got, (double)(least), (double)(most)); \
  } while (0)

#define EXPECT_WITHIN(value, least, most) WITHIN(value, least, most, 1)

/* Of times and rates, which the host has a part in: what is outside is LATE, and the check runs again. Under
 * sanitizers, which stretch that part, any will do. */
enum { LATE = 75, ATTEMPTS = 8 };
#ifdef SANITIZED
#define EXPECT_TIME(value, least, most) EXPECT_WITHIN(value, -1e18, 1e18)
#else
#define EXPECT_TIME(value, least, most) WITHIN(value, least, most, LATE)
#endif

#define MIB ((size_t)1 << 20)
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

#endif
