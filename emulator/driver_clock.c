#include "driver_clock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common_schedule.h"
#include "driver_call.h"
#include "driver_effects.h"
#include "driver_injection.h"

enum {
  GRID = 1000000000, /* a party begins at a whole second */
  LEAD = 50000000,   /* followers begin so much earlier */
  PATIENCE = 20000000,
  STOP_PATIENCE = 2000000 /* of the host's time, between looks at the others, at *stop */
};

static _Thread_local actor *mine;
static _Thread_local const volatile int32_t *stop_word;

/* ---- whose turn it is ---- */

static const actor *cast_end(const machine *m) { return m->actors + m->cast; }

static bool leads(const actor *a) { return a->role == ROLE_LEADER && a->stand >= ACTOR_WAITS; }

static bool has_leader(const machine *m) {
  for (const actor *a = m->actors; a < cast_end(m); a++)
    if (leads(a)) return true;
  return false;
}

static bool is_before(const actor *a, const actor *b) {
  return a->until != b->until ? a->until < b->until : a->rank != b->rank ? a->rank < b->rank : a < b;
}

/* The one that goes on next; NULL while somebody computes, or when nobody may. */
static actor *next(machine *m) {
  actor *first = NULL;
  const bool followers_too = has_leader(m);
  for (actor *a = m->actors; a < cast_end(m); a++) {
    if (a->stand == ACTOR_RUNS) return NULL;
    if (a->stand != ACTOR_WAITS || (a->role == ROLE_FOLLOWER && !followers_too)) continue;
    if (!first || is_before(a, first)) first = a;
  }
  return first;
}

static void pass_on(machine *m, const actor *self) {
  actor *a = next(m);
  if (!a) return;
  if (a->until > m->now) __atomic_store_n(&m->now, a->until, __ATOMIC_RELEASE);
  a->stand = ACTOR_RUNS;
  __atomic_fetch_add(&a->turn, 1, __ATOMIC_RELEASE);
  if (a != self) syscall(SYS_futex, &a->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* ---- actors ---- */

static actor *take(machine *m, role as) {
  for (actor *a = m->actors; a < m->actors + ACTORS; a++) {
    if (a->stand != ACTOR_FREE) continue;
    a->pid = getpid();
    a->born = gpu.born;
    a->role = as;
    a->rank = as == ROLE_CALL ? INT64_MAX : 0;
    if (m->cast <= a - m->actors) m->cast = (int)(a - m->actors) + 1;
    return a;
  }
  return NULL; /* more threads than the machine has clients: this one is not waited for */
}

static void give_back(machine *m, actor *a) {
  a->stand = ACTOR_FREE;
  while (m->cast > 0 && m->actors[m->cast - 1].stand == ACTOR_FREE) m->cast--;
}

static bool is_dead(const actor *a) { return a->pid != getpid() && process_born(a->pid) != a->born; }

/* The only dead who hold up the others; one that waits is found when its turn has come. */
static void bury(machine *m) {
  for (actor *a = m->actors; a < cast_end(m); a++) {
    if (a->stand != ACTOR_RUNS || !is_dead(a)) continue;
    a->stand = ACTOR_FREE;
    schedule_reap(m, &gpu.config, m->now); /* it died now: the clock waited for it */
  }
}

/* The dead whose turn comes with a start alone: they would count for the next party. */
static void bury_idle(machine *m) {
  const bool followers_too = !has_leader(m);
  for (actor *a = m->actors; a < cast_end(m); a++) {
    const bool is_idle =
        a->stand == ACTOR_STARTS || (a->stand == ACTOR_WAITS && a->role == ROLE_FOLLOWER && followers_too);
    if (is_idle && is_dead(a)) a->stand = ACTOR_FREE;
  }
}

void clock_leave_process(machine *m) {
  for (actor *a = m->actors; a < cast_end(m); a++)
    if (a->stand != ACTOR_FREE && a->pid == getpid()) a->stand = ACTOR_FREE;
  pass_on(m, NULL);
}

void clock_forget(void) {
  mine = NULL;
  stop_word = NULL;
  gpu.born = process_born(getpid());
}

/* ---- waiting ---- */

static void begin(machine *m);

static bool is_told_to_stop(void) { return stop_word && *stop_word; }

/* What waits for others that may never come is let go when it is told to stop. */
static void let_go(machine *m, actor *a) {
  if (a->stand == ACTOR_STARTS)
    begin(m);
  else if (a->role == ROLE_FOLLOWER && !has_leader(m))
    a->role = ROLE_CALL;
}

static void look_around(machine *m, actor *a) {
  bury(m);
  if (is_told_to_stop()) let_go(m, a);
  pass_on(m, a);
}

static void await_turn(machine *m, actor *a) {
  pass_on(m, a);
  while (a->stand != ACTOR_RUNS) {
    const bool may_stop = a->stand == ACTOR_STARTS || a->role == ROLE_FOLLOWER;
    const struct timespec patience = {0, may_stop ? STOP_PATIENCE : PATIENCE};
    const uint32_t seen = __atomic_load_n(&a->turn, __ATOMIC_ACQUIRE);
    machine_unlock(m);
    const long woken = syscall(SYS_futex, &a->turn, FUTEX_WAIT, seen, &patience, NULL, 0);
    machine_lock(m);
    if (woken != 0 && a->stand != ACTOR_RUNS) look_around(m, a);
  }
}

/* With the lock. `looks`: it may go on sooner. */
static void go_on_at(machine *m, int64_t until, bool looks) {
  actor *a = mine ? mine : take(m, ROLE_CALL);
  if (a) {
    a->until = until;
    a->looks = looks;
    a->stand = ACTOR_WAITS;
    await_turn(m, a);
  }
  if (a && !mine) {
    give_back(m, a);
    pass_on(m, NULL);
  }
}

void clock_wait(int64_t until) {
  machine *m = gpu.machine;
  if (mine && until <= clock_now()) return;
  machine_lock(m);
  go_on_at(m, until, false);
  machine_unlock(m);
}

void clock_await(int64_t until, uint32_t stirred) {
  machine *m = gpu.machine;
  if (mine && until <= clock_now()) return;
  machine_lock(m);
  if (m->stirred == stirred) go_on_at(m, until, true);
  machine_unlock(m);
}

/* ---- a common start ---- */

static bool is_idle(const machine *m) {
  for (const slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid && s->first <= s->head) return false;
  return true;
}

/* Everything periodic has the same phase at each start: what came before must not show in what comes. */
static void align(machine *m) {
  const int64_t base = (m->now / GRID + 1) * GRID;
  __atomic_store_n(&m->now, base, __ATOMIC_RELEASE);
  schedule_advance(m, &gpu.config, base);
  machine_forget(m);
  for (int d = 0; d < m->devices && is_idle(m); d++) m->device[d].owner = -1;
}

static void begin(machine *m) {
  align(m);
  for (actor *a = m->actors; a < cast_end(m); a++) {
    if (a->role == ROLE_FOLLOWER && a->until < m->now) a->until = m->now;
    if (a->stand != ACTOR_STARTS) continue;
    a->until = m->now + LEAD;
    a->stand = ACTOR_WAITS;
  }
}

static int64_t starters(const machine *m) {
  int64_t n = 0;
  for (const actor *a = m->actors; a < cast_end(m); a++) n += a->stand == ACTOR_STARTS;
  return n;
}

void clock_enter(const gvb_start *start, const volatile int32_t *stop) {
  machine *m = gpu.machine;
  if (!clock_virtual) return;
  machine_lock(m);
  bury_idle(m);
  actor *a = take(m, start->follows ? ROLE_FOLLOWER : ROLE_LEADER);
  if (a) {
    a->rank = start->rank;
    if (gpu.slot) gpu.slot->rank = start->rank;
    a->until = m->now;
    a->stand = start->follows ? ACTOR_WAITS : ACTOR_STARTS;
    a->looks = false;
    stop_word = stop;
    if (!start->follows && starters(m) >= start->party) begin(m);
    await_turn(m, a);
    noise_begin(start->seed);
    injection_begin(start);
  }
  mine = a;
  machine_unlock(m);
}

void clock_leave(void) {
  machine *m = gpu.machine;
  if (!mine) return;
  machine_lock(m);
  give_back(m, mine);
  mine = NULL;
  stop_word = NULL;
  pass_on(m, NULL);
  machine_unlock(m);
}

/* ---- for libgvb ---- */

static int64_t now(void) { return clock_now(); }

static void wait(int64_t until) {
  call_between();
  clock_wait(until);
}

static void relax(void) {
  enum { STEP = 250 };
  clock_wait(clock_now() + STEP);
  effects_look();
  clock_wait(clock_now() + STEP);
}

GVB_EXPORT const gvb_machine_clock *gvb_emulated_clock(void);
GVB_EXPORT const gvb_machine_clock *gvb_emulated_clock(void) {
  static const gvb_machine_clock ours = {now, wait, relax, clock_enter, clock_leave};
  process_configure();
  return clock_virtual ? &ours : NULL;
}
