#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "driver.h"

_Thread_local gvb_failure gvb_last_failure;

const char *gvb_last_error(void) { return gvb_last_failure.sentence; }

int32_t gvb_last_code(void) { return gvb_last_failure.code; }

const char *gvb_last_call(void) { return gvb_last_failure.call; }

int gvb_fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(gvb_last_failure.sentence, sizeof gvb_last_failure.sentence, format, arguments);
  va_end(arguments);
  gvb_last_failure.call[0] = 0;
  gvb_last_failure.code = 0;
  return status;
}

static const char *known_name(CUresult code) {
  switch (code) {
#define CASE(name, value, sentence) \
  case name:                        \
    return #name;
    GVB_CUDA_RESULTS(CASE)
#undef CASE
    default:
      return NULL;
  }
}

/* Our own names first: asking the driver would be one more call for an interposer to see. */
static const char *result_name(CUresult code) {
  const char *name = known_name(code);
  if (name == NULL && gvb_cuda.cuGetErrorName != NULL) gvb_cuda.cuGetErrorName(code, &name);
  return name != NULL ? name : "an unknown CUresult";
}

int gvb_cuda_status(const char *call, CUresult code) {
  if (code == CUDA_SUCCESS) return GVB_OK;
  gvb_fail(GVB_ERROR_CUDA, "%s answered %s (%d)", call, result_name(code), (int)code);
  snprintf(gvb_last_failure.call, sizeof gvb_last_failure.call, "%s", call);
  gvb_last_failure.code = (int32_t)code;
  return GVB_ERROR_CUDA;
}
