#include "bucket.h"

#include <string.h>

#include "layer.h"

#define SECOND 1e9
/* What may be saved up in any case: the time that a sleep of the host may come back late. */
#define SMALLEST_CAPACITY 2e6
/* A pause in launches that begins a new LAYER_FREE_START. */
#define IDLE 1000000000

static double credit;
static double capacity;
static int64_t filled; /* until when the inflow is in the credit */
static int64_t origin;
static int64_t busy_since;
static int64_t last_wait;
static int64_t tick; /* 0: it flows in continuously */

void bucket_start(void) {
  const bool ticking = knobs.limiter != NULL && strcmp(knobs.limiter, "blocks") == 0;
  tick = ticking ? knobs.tick : 0;
  capacity = knobs.bucket_seconds * SECOND;
  credit = capacity;
  if (capacity < SMALLEST_CAPACITY) capacity = SMALLEST_CAPACITY;
  if (capacity < (double)tick * knobs.share) capacity = (double)tick * knobs.share;
  origin = filled = busy_since = last_wait = layer_now();
}

/* The share of now: with LAYER_OSCILLATE it is higher in even seconds and lower in odd ones. */
static double share(int64_t now) {
  const bool odd = ((now - origin) / (int64_t)SECOND) % 2 != 0;
  return knobs.share * (odd ? 1 - knobs.oscillate : 1 + knobs.oscillate);
}

static void fill(int64_t now) {
  const int64_t passed = tick == 0 ? now - filled : (now - filled) / tick * tick;
  credit += (double)passed * share(now);
  filled += passed;
  if (credit > capacity) credit = capacity;
}

/* How long until the debt is paid, at most 1 ms, so that a change of the share is seen. */
static int64_t pause(int64_t now) {
  const double paid = -credit / share(now);
  const int64_t wait = tick == 0 ? (int64_t)paid + 1 : filled + tick - now;
  return wait < 1000000 ? wait : 1000000;
}

static bool is_free(int64_t now) {
  if (now - last_wait > IDLE) busy_since = now;
  last_wait = now;
  return (double)(now - busy_since) < knobs.free_start_seconds * SECOND;
}

bool bucket_wait(void) {
  int64_t now = layer_now();
  if (is_free(now)) {
    filled = now;
    if (credit < 0) credit = 0;
    return false;
  }
  for (fill(now); credit < 0; fill(now)) {
    layer_sleep(pause(now));
    now = layer_now();
  }
  last_wait = now;
  return true;
}

void bucket_take(double ns) { credit -= ns; }
