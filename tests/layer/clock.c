/* Time: the host's, or that of an emulated machine which has a clock of its own. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "layer.h"

#define SECOND 1000000000

/* Whoever looks for it may start this layer where time is virtual. */
LAYER_EXPORT extern const int gvb_follows_machine_clock;
const int gvb_follows_machine_clock = 1;

/* One read between two points in time shifts a wait by about one and a half reads: half of the first, half of the last,
 * and on average half of one for the step of the loop. */
static int64_t spin_cost;

/* Not before the application has opened the driver: nobody waits in virtual time before. */
const gvb_machine_clock *layer_machine(void) {
  static bool known;
  static const gvb_machine_clock *found;
  gvb_machine_clock_fn *ask = NULL;
  void *driver = known ? NULL : dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (driver == NULL) return found;
  memcpy(&ask, &(void *){dlsym(driver, GVB_MACHINE_CLOCK)}, sizeof ask);
  found = ask != NULL ? ask() : NULL;
  known = true;
  return found;
}

int64_t layer_host_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

int64_t layer_now(void) {
  const gvb_machine_clock *machine = layer_machine();
  return machine != NULL ? machine->now() : layer_host_now();
}

void layer_clock_calibrate(void) {
  enum { READS = 64, ROUNDS = 5 };
  int64_t best = INT64_MAX;
  for (int round = 0; round < ROUNDS; round++) {
    const int64_t begin = layer_host_now();
    for (int i = 1; i < READS; i++) layer_host_now();
    const int64_t taken = layer_host_now() - begin;
    if (taken < best) best = taken;
  }
  spin_cost = best * 3 / (2 * READS);
}

void layer_spin_since(int64_t begin, int64_t ns) {
  const gvb_machine_clock *machine = layer_machine();
  if (machine != NULL) {
    machine->wait(begin + ns);
    return;
  }
  while (layer_host_now() < begin + ns - spin_cost) continue;
}

void layer_spin(int64_t ns) { layer_spin_since(layer_now(), ns); }

void layer_sleep_on_host(int64_t time) {
  const struct timespec t = {.tv_sec = time / SECOND, .tv_nsec = time % SECOND};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) continue;
}

void layer_sleep(int64_t ns) {
  const gvb_machine_clock *machine = layer_machine();
  if (ns <= 0) return;
  if (machine != NULL)
    machine->wait(machine->now() + ns);
  else
    layer_sleep_on_host(layer_host_now() + ns);
}
