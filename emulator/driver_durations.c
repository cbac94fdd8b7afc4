/* How long kernels take on the device that the configuration describes, alone and without noise. */
#include <math.h>

#include "driver_kernels.h"

enum { CHAINS = 4, TIMER_READ_NS = 20 };

/* Blocks that one multiprocessor holds at a time. */
static uint64_t resident(const launch *l) {
  uint64_t by_threads = (uint64_t)gpu.config.threads_per_sm / (l->threads ? l->threads : 1);
  uint64_t by_blocks = (uint64_t)gpu.config.blocks_per_sm;
  uint64_t blocks = by_threads < by_blocks ? by_threads : by_blocks;
  return blocks ? blocks : 1;
}

uint64_t kernel_wave_blocks(const launch *l) { return resident(l) * (uint64_t)l->sms; }
uint64_t kernel_waves(const launch *l) { return (l->blocks + kernel_wave_blocks(l) - 1) / kernel_wave_blocks(l); }

static int64_t at_least(double nanoseconds) {
  double minimum = (double)gpu.config.kernel_minimum;
  return (int64_t)llround(nanoseconds > minimum ? nanoseconds : minimum);
}

int64_t minimal_duration(const launch *l) {
  (void)l;
  return gpu.config.kernel_minimum;
}

int64_t timer_step_duration(const launch *l) {
  return gpu.config.kernel_minimum + (int64_t)l->argument[1] * TIMER_READ_NS;
}

int64_t spin_duration(const launch *l) { return (int64_t)(l->argument[0] * kernel_waves(l)); }
int64_t fingerprint_duration(const launch *l) { return (int64_t)(l->argument[3] * kernel_waves(l)); }

/* The fullest multiprocessor decides: each wave takes its threads' steps at one per lane and clock, and no thread is
 * faster than one step of each chain per clock. */
int64_t fma_duration(const launch *l) {
  const config *c = &gpu.config;
  uint64_t on_fullest = (l->blocks + (uint64_t)l->sms - 1) / (uint64_t)l->sms, per_wave = resident(l);
  double clocks = 0;
  while (on_fullest > 0) {
    uint64_t now = on_fullest < per_wave ? on_fullest : per_wave;
    clocks += fmax(1.0, (double)(now * l->threads) / (double)c->lanes_per_sm);
    on_fullest -= now;
  }
  return at_least((double)l->argument[0] * CHAINS * clocks / (double)c->sm_clock * 1e9 / gpu.rate);
}

double kernel_share(const launch *l) {
  double own = (double)l->sms, used = (double)l->blocks < own ? (double)l->blocks : own;
  return used / (double)device_facts(l->device)->sm_count;
}
