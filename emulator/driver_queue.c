#include "driver_queue.h"

#include "driver_call.h"
#include "driver_effects.h"
#include "driver_faults.h"

/* ---- submission ---- */

static void add_predecessor(item *i, int *n, uint64_t serial) {
  if (serial == 0) return;
  if (*n == PREDECESSORS)
    i->flags |= ITEM_AFTER_ALL;
  else
    i->after[(*n)++] = serial;
}

/* The legacy stream and the blocking streams of its context wait for each other. */
static void order(CUstream stream, item *i) {
  int n = 0;
  CUcontext context = stream->context;
  add_predecessor(i, &n, stream->last);
  for (int k = 0; k < stream->waiting; k++) add_predecessor(i, &n, stream->waits[k]);
  stream->waiting = 0;
  if (stream->flags & CU_STREAM_NON_BLOCKING) return;
  if (stream != &context->null_stream) {
    add_predecessor(i, &n, context->null_stream.last);
    return;
  }
  for (CUstream s = context->streams; s; s = s->next)
    if (!(s->flags & CU_STREAM_NON_BLOCKING)) add_predecessor(i, &n, s->last);
}

/* When it ends, or a lower bound: then it is time to look again. */
static int64_t foretold(uint64_t serial, scope of) {
  const int64_t end = schedule_end(gpu.machine, &gpu.config, gpu.slot, serial, of);
  if (schedule_all_done(gpu.slot, serial, of)) return end;
  const int64_t fault = faults_first(gpu.machine, &gpu.config);
  return fault < end ? fault : end;
}

/* With room for one more item, and the machine's lock held, on return. */
static void make_room(void) {
  enum { OFTEN = 8 }; /* little at a time: one call in eight moves the schedule, each within its own cost */
  slot *s = gpu.slot;
  machine_lock(gpu.machine);
  if (s->head % OFTEN != 0 && schedule_has_room(s)) return;
  schedule_advance(gpu.machine, &gpu.config, clock_now());
  while (!schedule_has_room(s)) {
    int64_t now = clock_now(), end = foretold(s->first, ITEM_ALONE);
    const uint32_t stirred = gpu.machine->stirred;
    machine_unlock(gpu.machine);
    effects_await(end < now + LOOK_AGAIN ? end : now + LOOK_SOON, stirred);
    call_work_waits(clock_now());
    machine_lock(gpu.machine);
    schedule_advance(gpu.machine, &gpu.config, clock_now());
  }
}

/* The event of a marker that is about to leave the queue keeps its time. */
static void harvest(work *old) {
  if (!old->event || old->event->serial != old->serial) return;
  old->event->time = slot_item(gpu.slot, old->serial)->end;
  old->event->serial = 0;
  old->event = NULL;
}

/* make_room, with the effect done of the work whose place the next one takes. */
static void make_place(void) {
  for (;;) {
    make_room();
    work *old = work_of(gpu.slot->head + 1);
    if (old->state == WORK_DONE) {
      harvest(old);
      return;
    }
    machine_unlock(gpu.machine);
    effects_finish(old->serial, ITEM_ALONE); /* releases the lock: another thread may have taken the place */
  }
}

uint64_t queue_submit(CUstream stream, item *i, work *w) {
  make_place();
  order(stream, i);
  i->arrive = call_end() + gpu.config.launch_to_start;
  i->device = stream->context->device;
  i->priority = gpu.config.priorities ? stream->priority : 0;
  i->queue = stream->queue;
  i->lost = gpu.slot->strike.code != 0;
  uint64_t serial = schedule_append(gpu.slot, i);
  if (i->fault) {
    gpu.slot->strike.newest = serial;
    machine_stir(gpu.machine);
  }
  machine_unlock(gpu.machine);
  work *mine = work_of(serial);
  *mine = *w;
  mine->serial = serial;
  mine->state = WORK_QUEUED;
  stream->last = serial;
  for (int k = 0; k < TOUCHES; k++)
    if (mine->touches[k]) mine->touches[k]->users++;
  if (mine->light && mine->time == WORK_EARLY && effect_runnable(mine)) {
    effect_perform(mine);
    effect_finished(mine);
  } else {
    effect_hand_over(mine);
  }
  return serial;
}

static void no_effect(work *w) { (void)w; }

uint64_t queue_marker(CUstream stream, CUevent event) {
  item i = {.engine = ENGINE_NONE};
  work w = {.run = no_effect, .light = true, .event = event};
  return queue_submit(stream, &i, &w);
}

void queue_after(CUstream stream, uint64_t serial) {
  stream->waits[stream->waiting++] = serial;
  if (stream->waiting == (int)(sizeof stream->waits / sizeof stream->waits[0])) queue_marker(stream, NULL);
}

/* ---- waiting ---- */

/* One look at the model: whether it has ended, and its end or a lower bound of it, which holds as long as the machine
 * is not stirred. */
static bool look(uint64_t serial, scope of, int64_t *end, uint32_t *stirred) {
  slot *s = gpu.slot;
  machine_lock(gpu.machine);
  schedule_advance(gpu.machine, &gpu.config, clock_now());
  bool ended = schedule_all_done(s, serial, of);
  *end = foretold(serial, of);
  *stirred = gpu.machine->stirred;
  if (!ended && fault_may_come()) {
    const int64_t fault = faults_next(gpu.machine, &gpu.config, s);
    if (fault < *end) *end = fault;
  }
  machine_unlock(gpu.machine);
  return ended;
}

static int64_t wait_for_model(uint64_t serial, scope of) {
  int64_t end;
  uint32_t stirred;
  while (!look(serial, of, &end, &stirred)) {
    int64_t now = clock_now(), patience = end == NEVER || fault_may_come() ? LOOK_SOON : LOOK_AGAIN;
    if (clock_virtual && end == NEVER) effects_talk();
    effects_await(end < now + patience ? end : now + patience, stirred);
  }
  return end;
}

int64_t queue_wait(uint64_t serial, scope of) {
  if (serial == 0) return 0;
  call_waited();
  effects_help(serial, of, false);
  int64_t end = wait_for_model(serial, of);
  if (!effects_done(serial, of)) {
    effects_finish(serial, of);
    int64_t late = clock_now() - end - gpu.config.sync_return;
    if (late > 0) gpu.slot->late_ns += late;
  }
  return fault_await(end);
}

int64_t queue_drain(void) {
  int64_t end = 0;
  for (int k = 0; k < gpu.visible; k++) {
    int64_t one = queue_wait(gpu.slot->head, (scope)gpu.device[k]);
    if (one > end) end = one;
  }
  return end;
}

void queue_synchronize(uint64_t serial, scope of, unsigned int context_flags) {
  int64_t end = queue_wait(serial, of);
  if (end <= call_entry()) return;
  bool blocking = (context_flags & CU_CTX_SCHED_MASK) == CU_CTX_SCHED_BLOCKING_SYNC;
  call_returns_at(end + noisy(gpu.config.sync_return + (blocking ? gpu.config.blocking_sync_extra : 0)));
}

bool queue_ended(uint64_t serial) {
  int64_t end;
  uint32_t stirred;
  if (serial == 0 || work_of(serial)->serial != serial) return true;
  if (!look(serial, ITEM_ALONE, &end, &stirred) || fault_is_to_come(&end)) {
    call_found_nothing(serial, end, stirred);
    return false;
  }
  if (clock_virtual) effects_help(serial, ITEM_ALONE, true);
  return effects_done(serial, ITEM_ALONE);
}

void queue_times(uint64_t serial, int64_t *begin, int64_t *end) {
  machine_lock(gpu.machine);
  const item *i = slot_item(gpu.slot, serial);
  *begin = i->begin;
  *end = i->end;
  machine_unlock(gpu.machine);
}

tally queue_tally(uint64_t serial) {
  machine_lock(gpu.machine);
  const tally found = slot_item(gpu.slot, serial)->tally;
  machine_unlock(gpu.machine);
  return found;
}
