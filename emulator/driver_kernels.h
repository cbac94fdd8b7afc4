/* The kernels that the emulated GPU knows, by name: their effect as a C function and their duration. */
#ifndef GVB_EMULATOR_KERNELS_H
#define GVB_EMULATOR_KERNELS_H

#include "driver_process.h"

typedef struct kernel {
  const char *name;
  const char *form; /* one letter per argument: p pointer, n pointer or NULL, u 64-bit number, f float */
  work_time time;
  uint32_t flags; /* of its item */
  bool light;     /* its effect takes less than a microsecond */
  void (*run)(work *w);
  void (*prepare)(item *i, work *w);    /* what of it depends on the arguments; NULL: nothing */
  bool (*step)(work *w);                /* one step of it, where it talks with the application; true: it has ended */
  int64_t (*duration)(const launch *l); /* at the configured rate, without noise; or: */
  void (*traffic)(const launch *l, traffic *into);
  uint64_t (*blocks)(const launch *l);               /* that its grid counts as; NULL: its own */
  uint64_t (*extent)(const launch *l, int argument); /* bytes behind a pointer */
} kernel;

const kernel *kernel_find(const char *name);

/* Nanoseconds at the configured rate. */
int64_t minimal_duration(const launch *l);
int64_t timer_step_duration(const launch *l);
int64_t spin_duration(const launch *l);
int64_t fingerprint_duration(const launch *l);
int64_t fma_duration(const launch *l);

/* What kernels move, alone and without noise. */
void triad_traffic(const launch *l, traffic *into);
void fill_traffic(const launch *l, traffic *into);
void stream_traffic(const launch *l, traffic *into);
void l2_read_traffic(const launch *l, traffic *into);
void chase_traffic(const launch *l, traffic *into);
void atomics_traffic(const launch *l, traffic *into);
void cost_traffic(const launch *l, traffic *into);
void words_traffic(const launch *l, traffic *into); /* that read one array of 64-bit words */

/* Blocks that the device holds at a time, and how many times a grid fills it. */
uint64_t kernel_wave_blocks(const launch *l);
uint64_t kernel_waves(const launch *l);

/* The share of the multiprocessors that a grid can use. */
double kernel_share(const launch *l);

/* %globaltimer at a host time. */
uint64_t globaltimer(int64_t at);

/* When a block that waits for `ns` begins and ends: blocks that do not fit beside the others come in waves. */
void kernel_block_times(const work *w, uint64_t block, uint64_t ns, int64_t times[2]);

/* %globaltimer as the loop of a block sees it at last, which waits for `ns` since its first read. */
uint64_t kernel_last_read(int64_t end, uint64_t first, uint64_t ns);

/* The kernels over arrays: effects, and bytes behind their pointers. */
void run_triad(work *w);
void run_fill(work *w);
void run_checksum(work *w);
void run_sum(work *w);
uint64_t triad_extent(const launch *l, int argument);
uint64_t words_extent(const launch *l, int argument);
uint64_t checksum_extent(const launch *l, int argument);

/* gvb_fault. */
void run_fault(work *w);
void prepare_fault(item *i, work *w);

/* The kernels of contention, likewise. */
void run_stream(work *w);
void run_l2_read(work *w);
void run_atomics(work *w);
void run_scan(work *w);
void run_cost(work *w);
uint64_t stream_extent(const launch *l, int argument);
uint64_t atomics_extent(const launch *l, int argument);
uint64_t cost_blocks(const launch *l);

/* Those that see when they were served. */
void run_chase(work *w);
void run_gaps(work *w);
int64_t gaps_duration(const launch *l);
uint64_t chase_extent(const launch *l, int argument);
uint64_t gaps_extent(const launch *l, int argument);

/* gvb_fingerprint: its effect, and bytes behind its pointers. */
void run_fingerprint(work *w);
uint64_t fingerprint_extent(const launch *l, int argument);

#endif
