/* The kernels that see when they were served, and how: gvb_chase and gvb_gaps. */
#include <math.h>

#include "driver_arguments.h"
#include "driver_queue.h"

static int served(const work *w, span spans[SPANS]) {
  int64_t begin, end;
  queue_times(w->serial, &begin, &end);
  machine_lock(gpu.machine);
  int n = schedule_served(gpu.slot, w->launch.device, begin, end, spans);
  machine_unlock(gpu.machine);
  return n;
}

/* ---- gvb_gaps: out, capacity, ns, gap_ns ---- */

void run_gaps(work *w) {
  uint64_t *out = pointer(w, 0), count = 0;
  span spans[SPANS];
  const int n = served(w, spans);
  if (n == 0) return;
  out[1] = globaltimer(spans[0].begin);
  for (int k = 0; k + 1 < n; k++) {
    uint64_t last = globaltimer(spans[k].end), next = globaltimer(spans[k + 1].begin);
    if (next - last <= number(w, 3)) continue;
    if (count < number(w, 1)) {
      out[3 + 2 * count] = last;
      out[4 + 2 * count] = next;
    }
    count++;
  }
  out[0] = count;
  out[2] = kernel_last_read(spans[n - 1].end, out[1], number(w, 2));
  wrote(w, 0);
}

int64_t gaps_duration(const launch *l) { return (int64_t)(l->argument[2] * kernel_waves(l)); }
uint64_t gaps_extent(const launch *l, int a) { return (void)a, 8 * (3 + 2 * l->argument[1]); }

/* ---- gvb_chase: cycle, lines, bytes, warm, steps, width, out, bins ---- */

enum { LINES = 1, BYTES, WARM, STEPS, WIDTH, OUT, BINS, GROUP = 64, BIN_COUNT = 1024, DESCHEDULED = 10000 };

/* How its timed steps were served. */
typedef struct view {
  double hits;            /* the part of them that L2 served */
  double hit_ns, miss_ns; /* on the average */
} view;

static view view_of(const work *w) {
  const tally t = queue_tally(w->serial);
  const double all = t.hits + t.misses, hit = (double)gpu.config.l2_latency, miss = (double)gpu.config.dram_latency;
  return (view){.hits = all > 0 ? t.hits / all : 1.0,
                .hit_ns = t.hits > 0 ? hit * t.hit_load / t.hits : hit,
                .miss_ns = t.misses > 0 ? miss * t.miss_load / t.misses : miss};
}

static uint64_t follow(const work *w) {
  const char *cycle = pointer(w, 0);
  uint64_t at = 0;
  for (uint64_t s = number(w, WARM) + number(w, STEPS); s > 0 && at < number(w, LINES); s--) /* else it is no cycle */
    at = *(const uint64_t *)(const void *)(cycle + at * number(w, BYTES));
  return at;
}

static uint64_t bin_of(const work *w, double ns) {
  double clocks = floor(ns * (double)gpu.config.sm_clock * 1e-9 / gpu.rate);
  uint64_t bin = (uint64_t)clocks / (number(w, WIDTH) ? number(w, WIDTH) : 1);
  return bin < BIN_COUNT ? bin : BIN_COUNT;
}

/* Time slices of others, while it was at work. */
static uint64_t gaps(const span *spans, int n, uint64_t at_most) {
  uint64_t count = 0;
  for (int k = 0; k + 1 < n && count < at_most; k++) count += spans[k + 1].begin - spans[k].end > DESCHEDULED;
  return count;
}

static void fill_bins(const work *w, const view *seen, const span *spans, int n) {
  uint64_t *bins = pointer(w, BINS), steps = number(w, STEPS), away = gaps(spans, n, steps);
  const uint64_t hits = (uint64_t)llround((double)(steps - away) * seen->hits);
  memset(bins, 0, 8 * (BIN_COUNT + 1));
  bins[BIN_COUNT] = away;
  bins[bin_of(w, seen->hit_ns)] += hits;
  bins[bin_of(w, seen->miss_ns)] += steps - away - hits;
}

/* Each group holds hits and misses alike; one of them holds the time away. */
static void fill_groups(const work *w, double step_ns, const span *spans, int n) {
  uint64_t *out = pointer(w, OUT), groups = number(w, STEPS) / GROUP;
  const double group_ns = GROUP * step_ns, timer = (double)gpu.config.globaltimer_step;
  double all = 0, done = 0, passed = 0;
  for (int k = 0; k < n; k++) all += (double)(spans[k].end - spans[k].begin);
  const double unseen = all - group_ns * (double)groups; /* warm passes */
  int next = 0;
  for (uint64_t g = 0; g < groups; g++) {
    const double before = passed;
    passed += group_ns;
    while (next + 1 < n &&
           done + (double)(spans[next].end - spans[next].begin) <= unseen + group_ns * (double)(g + 1)) {
      done += (double)(spans[next].end - spans[next].begin);
      if (done > unseen + group_ns * (double)g) passed += (double)(spans[next + 1].begin - spans[next].end);
      next++;
    }
    out[2 + g] = (uint64_t)((floor(passed / timer) - floor(before / timer)) * timer);
  }
}

void run_chase(work *w) {
  uint64_t *out = pointer(w, OUT);
  span spans[SPANS];
  const int n = served(w, spans);
  const view seen = view_of(w);
  const double step_ns = (seen.hits * seen.hit_ns + (1 - seen.hits) * seen.miss_ns) / gpu.rate;
  if (number(w, LINES) == 0) return;
  if (number(w, BINS))
    fill_bins(w, &seen, spans, n);
  else
    fill_groups(w, step_ns, spans, n);
  out[0] = follow(w);
  out[1] = (uint64_t)((double)number(w, STEPS) * step_ns);
  wrote(w, OUT);
  wrote(w, BINS);
}

uint64_t chase_extent(const launch *l, int a) {
  if (a == 0) return l->argument[LINES] * l->argument[BYTES];
  if (a == BINS) return 8 * (BIN_COUNT + 1);
  return 8 * (2 + (l->argument[BINS] ? 0 : l->argument[STEPS] / GROUP));
}
