/* Time. */
#include <errno.h>
#include <time.h>

#include "layer.h"

#define SECOND 1000000000

/* One read between two points in time shifts a wait by about one and a half reads: half of the first, half of the last,
 * and on average half of one for the step of the loop. */
static int64_t spin_cost;

int64_t layer_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

void layer_clock_calibrate(void) {
  enum { READS = 64, ROUNDS = 5 };
  int64_t best = INT64_MAX;
  for (int round = 0; round < ROUNDS; round++) {
    const int64_t begin = layer_now();
    for (int i = 1; i < READS; i++) layer_now();
    const int64_t taken = layer_now() - begin;
    if (taken < best) best = taken;
  }
  spin_cost = best * 3 / (2 * READS);
}

static void spin_until(int64_t time) {
  while (layer_now() < time) continue;
}

void layer_spin_since(int64_t begin, int64_t ns) { spin_until(begin + ns - spin_cost); }

void layer_spin(int64_t ns) { layer_spin_since(layer_now(), ns); }

void layer_sleep_until(int64_t time) {
  const struct timespec t = {.tv_sec = time / SECOND, .tv_nsec = time % SECOND};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) continue;
}

void layer_sleep(int64_t ns) {
  if (ns > 0) layer_sleep_until(layer_now() + ns);
}
