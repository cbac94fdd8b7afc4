#include "driver_effects.h"

#include <sched.h>
#include <signal.h>

#include "driver_call.h"

static pthread_t early;   /* the thread that runs early work */
static cpu_set_t allowed; /* processors of the thread that started it */

static bool effect_done(uint64_t serial) {
  const work *w = work_of(serial);
  return w->serial != serial || w->state == WORK_DONE;
}

bool effects_done(uint64_t serial, scope of) {
  if (of == ITEM_ALONE) return effect_done(serial);
  for (uint64_t k = gpu.done_first; k <= serial; k++)
    if (!effect_done(k) && slot_item(gpu.slot, k)->device == (int)of) return false;
  return true;
}

bool effect_runnable(const work *w) {
  if (w->state != WORK_QUEUED) return false;
  const item *i = slot_item(gpu.slot, w->serial); /* order is fixed once queued: readable without the machine's lock */
  if (i->flags & ITEM_AFTER_ALL) return effects_done(w->serial - 1, (scope)i->device);
  for (int k = 0; k < PREDECESSORS && i->after[k]; k++)
    if (!effect_done(i->after[k])) return false;
  return true;
}

void effect_finished(work *w) {
  for (int k = 0; k < TOUCHES; k++)
    if (w->touches[k]) w->touches[k]->users--;
  w->state = WORK_DONE;
  while (gpu.done_first <= gpu.slot->head && effect_done(gpu.done_first)) gpu.done_first++;
}

/* One that says so is asked again with the lock: whoever said it may have died since, and it is put back. */
static bool is_lost(const work *w) {
  const item *i = slot_item(gpu.slot, w->serial);
  if (!__atomic_load_n(&i->lost, __ATOMIC_ACQUIRE)) return false;
  machine_lock(gpu.machine);
  const bool lost = i->lost;
  machine_unlock(gpu.machine);
  return lost;
}

void effect_perform(work *w) {
  if (!is_lost(w)) w->run(w);
}

/* Releases the lock while it runs. */
static void run(work *w) {
  w->state = WORK_RUNNING;
  pthread_mutex_unlock(&gpu.lock);
  effect_perform(w);
  pthread_mutex_lock(&gpu.lock);
  effect_finished(w);
  pthread_cond_broadcast(&gpu.progress);
  /* What waited for this effect may run now, whichever thread it belongs to: nobody may be waiting in a call. */
  if (gpu.worker_sleeps) pthread_cond_signal(&gpu.queued);
  if (gpu.timed_sleeps) pthread_cond_signal(&gpu.timed_queued);
}

/* When the effect of timed work is due: its begin or end, or a lower bound of it. */
static int64_t due(const work *w, bool *reached) {
  slot *s = gpu.slot;
  machine_lock(gpu.machine);
  schedule_advance(gpu.machine, &gpu.config, clock_now());
  const item *i = slot_item(s, w->serial);
  *reached = w->time == WORK_AT_BEGIN ? i->begin != NEVER : i->phase == PHASE_DONE;
  int64_t at = w->time == WORK_AT_BEGIN ? schedule_begin(gpu.machine, &gpu.config, s, w->serial)
                                        : schedule_end(gpu.machine, &gpu.config, s, w->serial, ITEM_ALONE);
  machine_unlock(gpu.machine);
  return at;
}

/* Timed work that any thread may do now. An open item talks with the application: only the timed thread does it. */
static bool is_due(const work *w) {
  bool reached;
  if (is_lost(w)) return true;
  if (w->interactive && (w->step || !clock_virtual)) return false;
  due(w, &reached);
  return reached;
}

static work *find_runnable(uint64_t limit, bool timed_too) {
  for (uint64_t serial = gpu.done_first; serial <= limit; serial++) {
    work *w = work_of(serial);
    if (w->serial != serial || !effect_runnable(w)) continue;
    if (w->time == WORK_EARLY || (timed_too && is_due(w))) return w;
  }
  return NULL;
}

/* The host's scheduler likes to wake a thread on the processor of the one that wakes it. An effect can take a
 * millisecond, and the application's call would last as long. -1: off none, since the application waits. */
static void keep_worker_off(int cpu) {
  static int kept_off = -1;
  if (!gpu.threads_started) return;
  if (cpu == kept_off) return;
  cpu_set_t rest = allowed;
  if (cpu >= 0) CPU_CLR(cpu, &rest);
  if (CPU_COUNT(&rest) > 0) pthread_setaffinity_np(early, sizeof rest, &rest);
  kept_off = cpu;
}

void effects_help(uint64_t serial, scope of, bool timed_too) {
  work *w;
  while (!effects_done(serial, of) && (w = find_runnable(serial, timed_too))) run(w);
  if (!effects_done(serial, of)) keep_worker_off(-1);
}

void effects_help_all(void) {
  for (int k = 0; k < gpu.visible; k++) effects_help(gpu.slot->head, (scope)gpu.device[k], true);
}

/* Until something may have changed. In virtual time the application's threads do all work themselves. */
static void await_progress(void) {
  if (clock_virtual)
    effects_pause_until(clock_now() + LOOK_SOON);
  else
    pthread_cond_wait(&gpu.progress, &gpu.lock);
}

void effects_finish(uint64_t serial, scope of) {
  for (;;) {
    effects_help(serial, of, true);
    if (effects_done(serial, of)) return;
    await_progress();
  }
}

void effects_talk(void) {
  for (uint64_t serial = gpu.done_first; serial <= gpu.slot->head; serial++) {
    bool begun;
    work *w = work_of(serial);
    if (w->serial != serial || !w->step || !effect_runnable(w)) continue;
    due(w, &begun);
    if (begun && (is_lost(w) || w->step(w))) effect_finished(w);
  }
}

void effects_look(void) {
  pthread_mutex_lock(&gpu.lock);
  if (gpu.slot) {
    effects_help_all();
    if (clock_virtual) effects_talk();
  }
  pthread_mutex_unlock(&gpu.lock);
}

typedef bool marks[QUEUE]; /* by serial % QUEUE, of work that is not done */

static bool is_behind_marked(const item *i, const marks marked) {
  for (uint64_t k = gpu.done_first; k < i->serial && (i->flags & ITEM_AFTER_ALL); k++)
    if (marked[k % QUEUE] && slot_item(gpu.slot, k)->device == i->device) return true;
  for (int k = 0; k < PREDECESSORS && i->after[k]; k++)
    if (i->after[k] >= gpu.done_first && marked[i->after[k] % QUEUE]) return true;
  return false;
}

/* The oldest work that ended before the fault, by the model, and whose effect is still to come. The application has a
 * part in some, and in what comes behind them: that may take as long as it likes. */
static work *find_owed(void) {
  marks application = {false};
  for (uint64_t serial = gpu.done_first; serial <= gpu.slot->head; serial++) {
    work *w = work_of(serial);
    const item *i = slot_item(gpu.slot, serial);
    if (w->serial != serial || w->state == WORK_DONE) continue;
    application[serial % QUEUE] = w->interactive || is_behind_marked(i, application);
    if (!application[serial % QUEUE] && i->phase == PHASE_DONE && !i->lost) return w;
  }
  return NULL;
}

/* Its state is WORK_RUNNING only while another thread runs it: none that runs by itself calls the driver. */
void effects_settle(void) {
  pthread_mutex_lock(&gpu.lock);
  for (;;) {
    machine_lock(gpu.machine);
    work *w = find_owed();
    machine_unlock(gpu.machine);
    if (!w) break;
    if (w->state == WORK_QUEUED)
      run(w);
    else
      await_progress();
  }
  pthread_mutex_unlock(&gpu.lock);
}

void effects_release_memory(memory *m) {
  while (m->users > 0) {
    work *w = find_runnable(gpu.slot->head, clock_virtual != NULL);
    if (w)
      run(w);
    else
      await_progress();
  }
}

void effects_pause_until(int64_t time) {
  pthread_mutex_unlock(&gpu.lock);
  wait_until(time);
  pthread_mutex_lock(&gpu.lock);
}

void effects_await(int64_t time, uint32_t stirred) {
  pthread_mutex_unlock(&gpu.lock);
  await_foretold(time, stirred);
  pthread_mutex_lock(&gpu.lock);
}

void effect_hand_over(work *w) {
  if (w->time != WORK_EARLY) {
    if (gpu.timed_sleeps) pthread_cond_signal(&gpu.timed_queued);
  } else if (gpu.worker_sleeps) {
    keep_worker_off(sched_getcpu());
    pthread_cond_signal(&gpu.queued);
  }
}

/* ---- threads ---- */

static void *work_early(void *unused) {
  (void)unused;
  pthread_mutex_lock(&gpu.lock);
  for (;;) {
    work *w = find_runnable(gpu.slot->head, false);
    if (w) {
      run(w);
      continue;
    }
    gpu.worker_sleeps = true;
    pthread_cond_wait(&gpu.queued, &gpu.lock);
    gpu.worker_sleeps = false;
  }
  return NULL;
}

/* The timed work that is due first; *at: when. */
static work *next_timed(int64_t *at, bool *reached) {
  work *first = NULL;
  *at = NEVER;
  for (uint64_t serial = gpu.done_first; serial <= gpu.slot->head; serial++) {
    work *w = work_of(serial);
    bool now;
    if (w->serial != serial || w->time == WORK_EARLY || !effect_runnable(w)) continue;
    int64_t when = due(w, &now);
    if (first && when >= *at) continue;
    first = w;
    *at = when;
    *reached = now;
  }
  return first;
}

static void *work_timed(void *unused) {
  (void)unused;
  int64_t at;
  bool reached = false;
  pthread_mutex_lock(&gpu.lock);
  for (;;) {
    work *w = next_timed(&at, &reached);
    if (!w) {
      gpu.timed_sleeps = true;
      pthread_cond_wait(&gpu.timed_queued, &gpu.lock);
      gpu.timed_sleeps = false;
    } else if (reached) {
      run(w);
    } else { /* at most a millisecond: work that is due earlier may be queued meanwhile */
      int64_t now = clock_now();
      effects_pause_until(at == NEVER ? now + LOOK_SOON : at < now + 1000000 ? at : now + 1000000);
    }
  }
  return NULL;
}

static void start(pthread_t *thread, void *(*body)(void *)) {
  if (pthread_create(thread, NULL, body, NULL) == 0) pthread_detach(*thread);
}

void effects_start_threads(void) {
  if (gpu.threads_started || clock_virtual) return;
  gpu.threads_started = true;
  sigset_t all, before; /* the application's signals are its own */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  sched_getaffinity(0, sizeof allowed, &allowed);
  pthread_t timed;
  start(&early, work_early);
  start(&timed, work_timed);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
