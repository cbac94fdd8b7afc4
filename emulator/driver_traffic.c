/* What kernels move, and how long their accesses take alone. */
#include "driver_traffic.h"

#include <math.h>

/* The part of a device's multiprocessors that the process may use. */
static double part_of(const launch *l) { return (double)l->sms / (double)device_facts(l->device)->sm_count; }

static int64_t lasting(double bytes, double bandwidth) {
  return gpu.config.kernel_minimum + (int64_t)llround(bytes / bandwidth * 1e9 / gpu.rate);
}

/* Bandwidth goes by multiprocessors, so that the shares of several clients add up to the device; that of the DRAM up to
 * where so many of them fill it. */
static void stream(const launch *l, double bytes, double written, traffic *into) {
  const config *c = &gpu.config;
  const device_config *d = device_facts(l->device);
  double part = part_of(l), drawn = fmin(c->dram_reach, part / c->dram_saturation);
  into->bytes = bytes;
  into->writes = bytes > 0 ? written / bytes : 0;
  into->knee = drawn * c->dram_saturation / part;
  into->miss = lasting(bytes, (double)d->dram_bandwidth * drawn);
  into->hit = lasting(bytes, (double)d->l2_bandwidth * part);
  if (into->hit > into->miss) into->hit = into->miss;
}

/* That goes through a set again and again. One that L2 cannot hold is never found there under lru: then the end at best
 * is known. */
static void pass_over(const launch *l, double set, double written, uint64_t passes, traffic *into) {
  const config *c = &gpu.config;
  stream(l, set * (double)passes, written * (double)passes, into);
  into->base = l->argument[0];
  into->set = set;
  into->passes = passes ? (double)passes : 1.0;
  if (!c->l2_random && set > (double)device_facts(l->device)->l2_bytes * c->l2_effective) into->hit = into->miss;
}

void traffic_copy(double bytes, double written, int64_t duration, traffic *into) {
  *into = (traffic){.bytes = bytes, .writes = written / bytes, .knee = 1.0, .hit = duration, .miss = duration};
}

void triad_traffic(const launch *l, traffic *into) {
  double bytes = sizeof(float) * (double)l->argument[4];
  pass_over(l, 3 * bytes, bytes, 1, into);
}

void fill_traffic(const launch *l, traffic *into) {
  double bytes = 8.0 * (double)l->argument[1];
  pass_over(l, bytes, bytes, 1, into);
}

void words_traffic(const launch *l, traffic *into) { pass_over(l, 8.0 * (double)l->argument[1], 0, 1, into); }

void stream_traffic(const launch *l, traffic *into) {
  static const struct {
    double moved, written; /* arrays */
  } ops[] = {{1, 0}, {1, 1}, {2, 1}, {3, 1}};
  const uint64_t op = l->argument[0];
  const double array = op < 4 ? 8.0 * (double)l->argument[4] : 0;
  const double moved = op < 4 ? ops[op].moved * array : 0, written = op < 4 ? ops[op].written * array : 0;
  pass_over(l, moved, written, l->argument[5], into);
  into->base = l->argument[1];
}

void l2_read_traffic(const launch *l, traffic *into) {
  pass_over(l, 8.0 * (double)l->argument[1], 0, l->argument[2], into);
}

/* Each access moves a sector of 32 bytes, and an address takes one addition per clock. */
void atomics_traffic(const launch *l, traffic *into) {
  const double addresses = l->argument[1] ? (double)l->argument[1] : 1;
  const double all = (double)l->blocks * (double)l->threads * (double)l->argument[2];
  stream(l, 32 * all, 32 * all, into);
  into->base = l->argument[0];
  into->set = 128 * addresses;
  into->passes = fmax(1.0, all / addresses);
  into->compute = gpu.config.kernel_minimum + (int64_t)llround(all / fmin(addresses, (double)l->blocks) /
                                                               (double)gpu.config.sm_clock * 1e9 / gpu.rate);
}

/* One access after the other. */
void chase_traffic(const launch *l, traffic *into) {
  const double lines = (double)l->argument[1], warm = (double)l->argument[3], all = warm + (double)l->argument[4];
  const config *c = &gpu.config;
  into->waits = true;
  into->base = l->argument[0];
  into->set = lines * (double)l->argument[2];
  into->passes = lines > 0 ? fmax(all / lines, 1.0) : 1.0;
  into->knee = 1.0;
  into->hit = c->kernel_minimum + (int64_t)llround(all * (double)c->l2_latency / gpu.rate);
  into->miss = c->kernel_minimum + (int64_t)llround(all * (double)c->dram_latency / gpu.rate);
  into->uncounted = all > 0 ? warm / all : 0;
}

/* So much arithmetic on so many multiprocessors, and so many bytes of DRAM meanwhile. */
void cost_traffic(const launch *l, traffic *into) {
  const config *c = &gpu.config;
  const double used = fmin((double)l->blocks, (double)l->sms);
  const double flops = 2 * (double)c->lanes_per_sm * (double)c->sm_clock * used;
  if (l->argument[1]) stream(l, (double)l->argument[1], 0, into);
  into->hit = into->miss;
  into->set = 0;
  into->compute = lasting((double)l->argument[0], flops);
}
