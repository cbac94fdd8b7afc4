/* The last failure of a thread. */
#ifndef GVB_ERROR_H
#define GVB_ERROR_H

#include "cuda_abi.h"
#include "gvb.h"

typedef struct gvb_failure {
  char sentence[512];
  char call[64];
  int32_t code;
} gvb_failure;

extern _Thread_local gvb_failure gvb_last_failure;

/* Leaves the sentence and returns the status, so that a failure is one `return`. */
int gvb_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Turns the answer of a driver call into a status; only a failure writes anything. */
int gvb_cuda_status(const char *call, CUresult code);

#define GVB_TRY(expression)                              \
  do {                                                   \
    const int gvb_try_status = (expression);             \
    if (gvb_try_status != GVB_OK) return gvb_try_status; \
  } while (0)

/* The first failure of two steps that must both be tried, as in a release. */
static inline int gvb_first(int earlier, int later) { return earlier != GVB_OK ? earlier : later; }

#endif
