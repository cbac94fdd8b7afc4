/* gvb_fingerprint: the spans in which the schedule served its process, as the kernel's blocks see them. */
#include <math.h>

#include "driver_kernels.h"
#include "driver_memory.h"

enum { COUNTS, SEGMENTS, CAPACITY, NS, GAP };

typedef struct watcher {
  uint64_t sm;
  uint64_t *segments;
  uint64_t count;
} watcher;

/* Multiprocessors that a launch without a set may use; *first: the number of its first one. */
static uint64_t multiprocessors(const launch *l, uint64_t *first) {
  const config *c = &gpu.config;
  uint64_t all = (uint64_t)device_facts(l->device)->sm_count, own = (uint64_t)l->sms;
  if (c->side_by_side && c->sm_share > 0) own = (uint64_t)ceil(c->sm_share * (double)all);
  *first = (uint64_t)slot_index(gpu.machine, gpu.slot) * own % all;
  return own;
}

static uint64_t *pointer(const work *w, int argument) { return (uint64_t *)(uintptr_t)w->launch.argument[argument]; }

static int served(int device, int64_t begin, int64_t end, span spans[SPANS]) {
  machine_lock(gpu.machine);
  int n = schedule_served(gpu.slot, device, begin, end, spans);
  machine_unlock(gpu.machine);
  return n;
}

static void cut(watcher *me, uint64_t capacity, uint64_t first, uint64_t last) {
  if (me->count < capacity) {
    uint64_t *row = me->segments + 3 * me->count;
    row[0] = me->sm;
    row[1] = first;
    row[2] = last;
  }
  me->count++;
}

static uint64_t run_block(const work *w, watcher me, const int64_t times[2]) {
  const uint64_t *argument = w->launch.argument;
  span spans[SPANS];
  int n = served(w->launch.device, times[0], times[1], spans);
  if (n == 0) return 0;
  uint64_t begun = globaltimer(spans[0].begin), first = begun;
  for (int k = 0; k + 1 < n; k++) {
    uint64_t last = globaltimer(spans[k].end), next = globaltimer(spans[k + 1].begin);
    if (next - last <= argument[GAP]) continue;
    cut(&me, argument[CAPACITY], first, last);
    first = next;
  }
  cut(&me, argument[CAPACITY], first, kernel_last_read(spans[n - 1].end, begun, argument[NS]));
  return me.count;
}

/* %smid of a block: they are dealt in turn. */
static uint64_t smid(const launch *l, uint64_t block) {
  uint64_t first, own = multiprocessors(l, &first);
  if (!set_is_empty(&l->on)) return (uint64_t)set_member(&l->on, (int)(block % (uint64_t)l->sms));
  return (first + block % own) % (uint64_t)device_facts(l->device)->sm_count;
}

void run_fingerprint(work *w) {
  const launch *l = &w->launch;
  uint64_t words = 3 * l->argument[CAPACITY];
  for (uint64_t b = 0; b < l->blocks; b++) {
    int64_t times[2];
    kernel_block_times(w, b, l->argument[NS], times);
    watcher one = {smid(l, b), pointer(w, SEGMENTS) + b * words, 0};
    pointer(w, COUNTS)[b] = run_block(w, one, times);
  }
  for (int k = COUNTS; k <= SEGMENTS; k++) memory_touch(w->touches[k]);
}

uint64_t fingerprint_extent(const launch *l, int argument) {
  return argument == COUNTS ? 8 * l->blocks : 24 * l->argument[CAPACITY] * l->blocks;
}
