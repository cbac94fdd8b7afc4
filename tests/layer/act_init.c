/* What the layer does when the application initializes the driver. */
#include <pthread.h>

#include "hooks.h"

static void first(void) {
  layer_sleep(knobs.init_sleep);
  state_start();
  thread_start();
}

CUresult act_cuInit(cuInit_fn *next, unsigned int flags) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, first);
  return next(flags);
}
