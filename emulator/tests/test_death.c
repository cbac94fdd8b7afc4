/* A process that dies within a step of the schedule leaves nothing served twice or lost: the step has not happened. The
 * schedule is moved here without the driver, dies before each of its stores in turn, and ends as if nobody had died. */
#include <stdlib.h>

#include "common_journal.h"
#include "common_schedule.h"
#include "harness.h"
#include "stores.h"

enum { SECOND = 1000000000, MILLISECOND = 1000000, CLIENTS = 3 };

static config c;
static machine *m, *before, *expected;
static int64_t until;

/* ---- a machine with work ---- */

/* Of a machine that is cut into two instances, 1 and 2, clients use them in turn. */
static int device_of(const slot *s) { return m->devices == 1 ? 0 : m->devices - 2 + (int)(s - m->slots) % 2; }

static void clients(void) {
  for (int k = 0; k < CLIENTS; k++) {
    slot *s = machine_attach(m);
    s->pid = 1; /* lives, so that the next one gets another slot */
    s->born = process_born(1);
    s->seats[device_of(s)].context = s->seats[device_of(s)].client = true;
  }
}

static item kernel(double share, int64_t cost) {
  return (item){.engine = ENGINE_COMPUTE, .share = share, .cost = cost, .wave = (double)cost / 4, .arrive = m->time};
}

/* Goes through a set that does not fit into L2 with the others'. */
static item reader(uint64_t base, int64_t cost) {
  item i = kernel(0.5, cost);
  i.moves = (traffic){.compute = cost / 4,
                      .hit = cost,
                      .miss = 3 * cost,
                      .bytes = 4e8,
                      .writes = 0.5,
                      .base = base,
                      .set = 4e7,
                      .passes = 10,
                      .uncounted = 0.2,
                      .waits = base == 1,
                      .knee = 0.5};
  return i;
}

static item transfer(engine e, port_kind port, int64_t cost) {
  return (item){.engine = e, .share = 0.7, .cost = cost, .port = {(int)port}, .arrive = m->time + 10000};
}

static void queue(slot *s, item i) {
  i.device = device_of(s);
  if (i.port[0]) i.port[0] = machine_port(i.device, (port_kind)i.port[0]);
  schedule_append(s, &i);
}

static void work_for(slot *s, int k) {
  queue(s, reader((uint64_t)k, 3 * MILLISECOND));
  queue(s, kernel(0.3, 2 * MILLISECOND + k * 1000));
  queue(s, transfer(ENGINE_H2D, PORT_H2D, MILLISECOND));
  queue(s, transfer(ENGINE_D2H, PORT_D2H, 2 * MILLISECOND + k));
  queue(s, (item){.engine = ENGINE_NONE, .flags = ITEM_AFTER_ALL, .arrive = m->time});
  queue(s, reader((uint64_t)k + 1, MILLISECOND));
}

static void fault_of(slot *s) {
  item i = kernel(0.1, 500000);
  i.fault = CUDA_ERROR_LAUNCH_FAILED;
  i.arrive = m->time + 12 * MILLISECOND;
  queue(s, i);
  queue(s, kernel(1.0, 40 * MILLISECOND));
}

static void copy(const machine *from, machine *into) {
  const size_t first = offsetof(machine, created), end = offsetof(machine, slots) + CLIENTS * sizeof(slot);
  memcpy((char *)into + first, (const char *)from + first, end - first);
}

static void begin(const char *keys) {
  char error[CONFIG_ERROR] = "";
  new_machine(keys);
  if (!config_read(&c, error) || !(m = machine_open(&c, error))) {
    fprintf(stderr, "%s\n", error);
    exit(3);
  }
  stores_watch(m, sizeof *m);
  clients();
  m->time = (m->time / BUCKET_NS + 1) * BUCKET_NS - 3 * MILLISECOND; /* a bucket of busy time is turned meanwhile */
  for (int k = 0; k < CLIENTS; k++) work_for(&m->slots[k], k);
  fault_of(&m->slots[1]);
  until = m->time + 30 * MILLISECOND;
}

/* ---- what it comes to ---- */

static void forget_notes(machine *of) {
  of->journal.number = 0;
  for (device *v = of->device; v < of->device + DEVICES; v++) v->noted = v->l2_noted = 0;
  for (slot *s = of->slots; s < of->slots + CLIENTS; s++) {
    s->noted = 0;
    for (int d = 0; d < DEVICES; d++) s->seats[d].noted = 0;
    for (uint64_t k = 1; k <= s->head; k++) s->items[k].noted = 0;
  }
}

static bool is_as_expected(void) {
  forget_notes(m);
  return m->time == expected->time && memcmp(m->device, expected->device, sizeof m->device) == 0 &&
         memcmp(m->slots, expected->slots, CLIENTS * sizeof(slot)) == 0;
}

static void go_on(void) {
  m->reaped = INT64_MAX / 2; /* the clients are this process: nobody is gone */
  schedule_advance(m, &c, until);
}

static void expect(void) {
  copy(m, before);
  go_on();
  forget_notes(m);
  copy(m, expected);
}

static bool has_worked(void) {
  const slot *s = &expected->slots[1];
  const item *first = &s->items[1];
  return first->phase == PHASE_DONE && first->tally.hits + first->tally.misses > 0 && s->strike.code &&
         expected->slots[0].first == expected->slots[0].head + 1 && s->seats[device_of(&m->slots[1])].spans > 0 &&
         expected->device[0].account[expected->device[0].account_now].busy > 0;
}

/* ---- deaths ---- */

static void each_store(const char *keys, const char *meaning) {
  long n = 1, bad = 0;
  begin(keys);
  expect();
  check(has_worked(), "%s: kernels, copies, L2, tallies, power and a fault", meaning);
  for (;; n++) {
    copy(before, m);
    if (!dies_at_store(n, go_on)) break;
    journal_roll_back(m);
    go_on();
    bad += !is_as_expected();
  }
  check(n > 1000 && bad == 0, "%s: a death before each of %ld stores, %ld of them leave a trace", meaning, n - 1, bad);
}

/* Before a store of those who put back. */
static void again(void) { journal_roll_back(m); }

static void a_second_death(const char *keys) {
  long bad = 0, tries = 0;
  begin(keys);
  expect();
  for (long n = 500; n < 600; n++)
    for (long k = 1;; k++) {
      copy(before, m);
      if (!dies_at_store(n, go_on)) break;
      if (!dies_at_store(k, again)) break;
      journal_roll_back(m);
      go_on();
      bad += !is_as_expected();
      tries++;
    }
  check(tries > 0 && bad == 0, "so does the death of one that puts back: %ld tries", tries);
}

static _Noreturn void move_on(void) {
  machine_lock(m);
  go_on();
  machine_unlock(m);
  for (;;) pause();
}

/* By a signal, at some moment of its work; whether that was within a step. */
static bool kill_one(void) {
  pid_t pid = fork();
  if (pid == 0) move_on();
  while (__atomic_load_n(&m->time, __ATOMIC_ACQUIRE) == before->time) continue;
  for (int k = rand() % 20000; k > 0; k--) __atomic_signal_fence(__ATOMIC_SEQ_CST);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  return m->journal.used > 0;
}

static void kills(const char *keys) {
  enum { KILLS = 100 };
  int within = 0, bad = 0;
  begin(keys);
  expect();
  srand(1);
  for (int k = 0; k < KILLS; k++) {
    copy(before, m);
    within += kill_one();
    machine_lock(m);
    go_on();
    machine_unlock(m);
    bad += !is_as_expected();
  }
  check(bad == 0, "%d are killed, %d of them within a step: %d leave a trace", KILLS, within, bad);
}

#define WORK                                                                                               \
  "clock virtual\nsm_clock 1000000000\nl2_bytes 50000000\nl2_flush_on_switch 1\npower 100000\npower_full " \
  "500000\nclock_full 800000000\n"

int main(void) {
  before = calloc(1, sizeof *before);
  expected = calloc(1, sizeof *expected);
  each_store(WORK, "in slices");
  each_store(WORK "schedule side-by-side\nl2_policy random\nfault_spread 1\n", "side by side");
  each_store(WORK "mig 3,3\n", "in instances");
  a_second_death(WORK);
  kills(WORK);
  return summary();
}
