/* idle: nothing, for what a layer does meanwhile. */
#include "clock.h"
#include "work.h"

#define LONGEST_SLEEP (50 * GVB_MILLISECOND)

typedef struct idle_work {
  gvb_work work;
  int64_t duration;
} idle_work;

static void sleep_for(int64_t ns) {
  if (gvb_machine != NULL) {
    gvb_machine->wait(gvb_clock() + ns);
    return;
  }
  const struct timespec t = {.tv_sec = ns / GVB_SECOND, .tv_nsec = ns % GVB_SECOND};
  nanosleep(&t, NULL);
}

static int run(gvb_work *work, gvb_interval *interval) {
  const int64_t duration = ((idle_work *)work)->duration;
  int64_t now = interval->begin = gvb_clock();
  while (now - interval->begin < duration && !gvb_stopped(interval)) {
    const int64_t left = duration - (now - interval->begin);
    sleep_for(left < LONGEST_SLEEP ? left : LONGEST_SLEEP);
    now = gvb_clock();
  }
  interval->end = now;
  interval->samples[0] = now - interval->begin;
  interval->rows = 1;
  return GVB_OK;
}

int gvb_prepare_idle(int64_t duration, gvb_work **work) {
  gvb_work *made = NULL;
  GVB_TRY(gvb_need_out(work));
  GVB_TRY(gvb_need_range("duration", duration, 1, 3600 * GVB_SECOND));
  GVB_TRY(gvb_device_work_new(sizeof(idle_work), 1, 1, &made));
  made->run = run;
  ((idle_work *)made)->duration = duration;
  *work = made;
  return GVB_OK;
}
