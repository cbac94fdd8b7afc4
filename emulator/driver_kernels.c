#include "driver_arguments.h"

#include <sched.h>
#include <stddef.h>
#include <string.h>

#include "driver_arguments.h"
#include "driver_call.h"
#include "driver_queue.h"

enum { PATIENCE = 50000 };

uint64_t globaltimer(int64_t at) {
  int64_t time = at + gpu.config.globaltimer_offset;
  return (uint64_t)(time - time % gpu.config.globaltimer_step);
}

/* ---- effects ---- */

static void run_empty(work *w) {
  uint64_t *counter = pointer(w, 0);
  if (!counter) return;
  (*counter)++;
  wrote(w, 0);
}

static void run_stamp(work *w) {
  volatile uint64_t *out = pointer(w, 0);
  int64_t begin, end;
  queue_times(w->serial, &begin, &end);
  out[0] = globaltimer(begin);
  __atomic_store_n(&out[1], number(w, 1), __ATOMIC_RELEASE);
  wrote(w, 0);
}

/* Two threads that talk through memory need two processors: leaves the one of the thread that launched us. */
static void leave_cpu(int cpu, cpu_set_t *before) {
  cpu_set_t rest;
  sched_getaffinity(0, sizeof *before, before);
  rest = *before;
  CPU_CLR(cpu, &rest);
  if (CPU_COUNT(&rest) > 0) sched_setaffinity(0, sizeof rest, &rest);
}

static void run_echo(work *w) {
  volatile uint64_t *ping = pointer(w, 0), *pong = pointer(w, 1);
  uint64_t count = number(w, 2), limit = number(w, 3);
  cpu_set_t before;
  leave_cpu(w->cpu, &before);
  int64_t last = clock_now(), now = last;
  for (uint64_t s = 1; s <= count; s++) {
    while (__atomic_load_n(ping, __ATOMIC_ACQUIRE) != s) {
      now = clock_now();
      if ((uint64_t)(now - last) > limit) goto out;
      if (now - last > PATIENCE) sched_yield(); /* the application may need this processor to go on */
    }
    last = now = clock_now();
    pong[0] = globaltimer(now);
    __atomic_store_n(&pong[1], s, __ATOMIC_RELEASE);
  }
out:
  sched_setaffinity(0, sizeof before, &before);
  machine_lock(gpu.machine);
  schedule_close(gpu.machine, gpu.slot, w->serial, now);
  machine_unlock(gpu.machine);
  wrote(w, 1);
}

/* In virtual time, by the application's own thread while it waits for the answer. */
static bool step_echo(work *w) {
  static uint64_t serial, next;
  static int64_t last;
  volatile uint64_t *ping = pointer(w, 0), *pong = pointer(w, 1);
  const int64_t now = clock_now();
  if (serial != w->serial) last = now, next = 1, serial = w->serial;
  if (__atomic_load_n(ping, __ATOMIC_ACQUIRE) == next) {
    last = now;
    pong[0] = globaltimer(now);
    __atomic_store_n(&pong[1], next++, __ATOMIC_RELEASE);
  }
  if (next <= number(w, 2) && now - last <= (int64_t)number(w, 3)) return false;
  machine_lock(gpu.machine);
  schedule_close(gpu.machine, gpu.slot, w->serial, now);
  machine_unlock(gpu.machine);
  wrote(w, 1);
  return true;
}

static void run_timer_step(work *w) {
  *(uint64_t *)pointer(w, 0) = (uint64_t)gpu.config.globaltimer_step;
  wrote(w, 0);
}

void kernel_block_times(const work *w, uint64_t block, uint64_t ns, int64_t times[2]) {
  int64_t begin, end;
  queue_times(w->serial, &begin, &end);
  uint64_t wave = block / kernel_wave_blocks(&w->launch);
  times[0] = begin + (int64_t)(wave * ns);
  times[1] = wave + 1 == kernel_waves(&w->launch) ? end : times[0] + (int64_t)ns;
}

uint64_t kernel_last_read(int64_t end, uint64_t first, uint64_t ns) {
  uint64_t read = globaltimer(end);
  return read - first < ns ? read + (uint64_t)gpu.config.globaltimer_step : read;
}

static void run_spin(work *w) {
  uint64_t *out = pointer(w, 1), ns = number(w, 0);
  for (uint64_t b = 0; b < w->launch.blocks; b++) {
    int64_t times[2];
    kernel_block_times(w, b, ns, times);
    out[2 * b] = globaltimer(times[0]);
    out[2 * b + 1] = kernel_last_read(times[1], out[2 * b], ns);
  }
  wrote(w, 1);
}

static void run_fma(work *w) {
  uint64_t *ok = pointer(w, 3);
  if (real(w, 1) != 1.0f || real(w, 2) != 1.0f) return; /* then no thread's total is the number of iterations */
  *ok += w->launch.blocks * w->launch.threads;
  wrote(w, 3);
}

/* ---- how far pointers reach ---- */

static uint64_t one_word(const launch *l, int a) { return (void)l, (void)a, 8; }
static uint64_t two_words(const launch *l, int a) { return (void)l, (void)a, 16; }
static uint64_t echo_extent(const launch *l, int a) { return (void)l, a == 0 ? 8 : 16; }
static uint64_t spin_extent(const launch *l, int a) { return (void)a, 16 * l->blocks; }

static const kernel kernels[] = {
    {.name = "gvb_empty",
     .form = "n",
     .light = true,
     .run = run_empty,
     .duration = minimal_duration,
     .extent = one_word},
    {.name = "gvb_stamp",
     .form = "pu",
     .time = WORK_AT_BEGIN,
     .run = run_stamp,
     .duration = minimal_duration,
     .extent = two_words},
    {.name = "gvb_echo",
     .form = "ppuu",
     .time = WORK_AT_BEGIN,
     .flags = ITEM_OPEN | ITEM_WALL,
     .run = run_echo,
     .step = step_echo,
     .duration = minimal_duration,
     .extent = echo_extent},
    {.name = "gvb_timer_step",
     .form = "pu",
     .light = true,
     .run = run_timer_step,
     .duration = timer_step_duration,
     .extent = one_word},
    {.name = "gvb_spin",
     .form = "up",
     .time = WORK_AT_END,
     .flags = ITEM_WALL,
     .run = run_spin,
     .duration = spin_duration,
     .extent = spin_extent},
    {.name = "gvb_fingerprint",
     .form = "ppuuu",
     .time = WORK_AT_END,
     .flags = ITEM_WALL,
     .run = run_fingerprint,
     .duration = fingerprint_duration,
     .extent = fingerprint_extent},
    {.name = "gvb_fault",
     .form = "upu",
     .time = WORK_AT_END,
     .run = run_fault,
     .prepare = prepare_fault,
     .duration = minimal_duration,
     .extent = one_word},
    {.name = "gvb_fma",
     .form = "uffp",
     .flags = ITEM_CLOCKED,
     .light = true,
     .run = run_fma,
     .duration = fma_duration,
     .extent = one_word},
    {.name = "gvb_triad", .form = "pppfu", .run = run_triad, .traffic = triad_traffic, .extent = triad_extent},
    {.name = "gvb_fill", .form = "puu", .run = run_fill, .traffic = fill_traffic, .extent = words_extent},
    {.name = "gvb_checksum", .form = "puup", .run = run_checksum, .traffic = words_traffic, .extent = checksum_extent},
    {.name = "gvb_sum", .form = "pup", .run = run_sum, .traffic = words_traffic, .extent = words_extent},
    {.name = "gvb_stream", .form = "upppuup", .run = run_stream, .traffic = stream_traffic, .extent = stream_extent},
    {.name = "gvb_l2_read", .form = "puup", .run = run_l2_read, .traffic = l2_read_traffic, .extent = words_extent},
    {.name = "gvb_chase",
     .form = "puuuuupn",
     .time = WORK_AT_END,
     .run = run_chase,
     .traffic = chase_traffic,
     .extent = chase_extent},
    {.name = "gvb_atomics", .form = "puu", .run = run_atomics, .traffic = atomics_traffic, .extent = atomics_extent},
    {.name = "gvb_scan", .form = "puup", .run = run_scan, .traffic = words_traffic, .extent = words_extent},
    {.name = "gvb_gaps",
     .form = "puuu",
     .time = WORK_AT_END,
     .flags = ITEM_WALL,
     .run = run_gaps,
     .duration = gaps_duration,
     .extent = gaps_extent},
    {.name = "gvb_cost", .form = "uuu", .light = true, .run = run_cost, .traffic = cost_traffic, .blocks = cost_blocks},
};

const kernel *kernel_find(const char *name) {
  for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
    if (strcmp(kernels[k].name, name) == 0) return &kernels[k];
  return NULL;
}
