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
void traffic_stream(const launch *l, double bytes, double written, traffic *into) {
  const config *c = &gpu.config;
  const device_config *d = device_facts(l->device);
  double part = part_of(l), drawn = fmin(c->dram_reach, part / c->dram_saturation);
  into->bytes = into->set = bytes;
  into->base = l->argument[0];
  into->passes = 1;
  into->writes = bytes > 0 ? written / bytes : 0;
  into->knee = drawn * c->dram_saturation / part;
  into->miss = lasting(bytes, (double)d->dram_bandwidth * drawn);
  into->hit = lasting(bytes, (double)d->l2_bandwidth * part);
  if (into->hit > into->miss) into->hit = into->miss;
  if (!c->l2_random && bytes > (double)d->l2_bytes * c->l2_effective)
    into->hit = into->miss; /* as early as it can end */
}

void traffic_copy(double bytes, double written, int64_t duration, traffic *into) {
  *into = (traffic){.bytes = bytes, .writes = written / bytes, .knee = 1.0, .hit = duration, .miss = duration};
}

void triad_traffic(const launch *l, traffic *into) {
  double bytes = sizeof(float) * (double)l->argument[4];
  traffic_stream(l, 3 * bytes, bytes, into);
}

void fill_traffic(const launch *l, traffic *into) {
  double bytes = 8.0 * (double)l->argument[1];
  traffic_stream(l, bytes, bytes, into);
}

void words_traffic(const launch *l, traffic *into) { traffic_stream(l, 8.0 * (double)l->argument[1], 0, into); }
