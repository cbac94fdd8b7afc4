/* A background thread, as layers have one that polls the device. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "layer.h"

static int64_t burn, period;

static int64_t cpu_time(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* In CPU time, which a busy host does not stretch; what the loop itself costs is part of it. */
static void *poll(void *unused) {
  int64_t next = layer_host_now();
  for (int64_t target = cpu_time();; target += burn) {
    while (burn > 0 && cpu_time() < target) continue;
    next += period;
    layer_sleep_on_host(next);
  }
  return unused;
}

void thread_start(void) {
  pthread_t thread;
  char rest;
  if (knobs.thread == NULL) return;
  if (sscanf(knobs.thread, "%" SCNd64 "/%" SCNd64 "%c", &burn, &period, &rest) != 2 || burn < 0 || period < 1)
    layer_refuse_knob("LAYER_THREAD", knobs.thread, "is not burned nanoseconds/period");
  if (pthread_create(&thread, NULL, poll, NULL) != 0) layer_refuse_knob("LAYER_THREAD", knobs.thread, "does not start");
  pthread_setname_np(thread, "gvblayer");
  pthread_detach(thread);
}
