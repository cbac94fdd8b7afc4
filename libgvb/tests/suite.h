/* A check is one function in one fresh process, on an emulated machine of its own. */
#ifndef GVB_TEST_SUITE_H
#define GVB_TEST_SUITE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../gvb.h"

typedef struct check {
  const char *name;
  const char *machine; /* lines of the emulated machine's config; NULL: there is no machine */
  void (*test)(void);
} check;

/* Ends with a row of NULLs. */
extern const check argument_checks[], device_checks[], routine_checks[], overhead_checks[], fingerprint_checks[],
    failure_checks[], scheduling_checks[], limit_checks[], isolation_checks[], copy_checks[], contention_checks[],
    party_checks[];

#define END(status, ...)                              \
  do {                                                \
    fprintf(stderr, "  %s:%d: ", __FILE__, __LINE__); \
    fprintf(stderr, __VA_ARGS__);                     \
    fputc('\n', stderr);                              \
    exit(status);                                     \
  } while (0)

#define FAIL(...) END(1, __VA_ARGS__)

#define EXPECT(condition)                                                                  \
  do {                                                                                     \
    if (!(condition)) FAIL("not true: %s (last error: %s)", #condition, gvb_last_error()); \
  } while (0)

/* Of times, which the host has a part in: what is outside is LATE, and the check runs again. Under sanitizers, which
 * stretch that part, any will do. */
enum { LATE = 75, ATTEMPTS = 8 };
#ifdef SANITIZED
#define EXPECT_TIME(condition) ((void)(condition))
#else
#define EXPECT_TIME(condition)                                  \
  do {                                                          \
    if (!(condition)) END(LATE, "not in time: %s", #condition); \
  } while (0)
#endif

#define EXPECT_STATUS(expression, expected)                                                                    \
  do {                                                                                                         \
    const int got = (expression);                                                                              \
    if (got != (expected)) FAIL("%s gave %d, expected %s: %s", #expression, got, #expected, gvb_last_error()); \
  } while (0)

#define EXPECT_OK(expression) EXPECT_STATUS(expression, GVB_OK)

#define EXPECT_SENTENCE(text)                                                                             \
  do {                                                                                                    \
    if (strstr(gvb_last_error(), text) == NULL) FAIL("'%s' does not say '%s'", gvb_last_error(), (text)); \
  } while (0)

/* Start-up costs that no check is about, made small. */
#define QUICK "context_create 2000000\ninit 1000000\ncontext_destroy 1000000\njitter 0\n"

void open_device(void);

/* Room for the work's samples in a gvb_interval; it lives as long as the process. */
gvb_interval room_for(const gvb_work *work);

/* Runs the work once and expects it to succeed. */
gvb_interval run_once(gvb_work *work);

/* Median of one column. */
int64_t median(const gvb_interval *interval, int64_t columns, int64_t column);

#endif
