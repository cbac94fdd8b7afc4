/* The links of a machine as its configuration describes them: what was negotiated, and which pair of devices has less.
 */
#include <stdio.h>
#include <string.h>

#include "common_config.h"

/* GB/s of one lane, each way, after the line code: PCI Express Base Specification, generations 1 to 6. */
static const double lane_rate[] = {0, 0.25, 0.5, 0.985, 1.969, 3.938, 7.563};

static void scale(int64_t *rate, double part) { *rate = (int64_t)((double)*rate * part + 0.5); }

static bool is_device(const config *c, int number) { return number >= 0 && number < c->devices; }

/* "0-1:0.25", of two devices that are there. */
static bool parse_slow_pair(config *c) {
  int end = -1, *pair = c->peer_slow_pair;
  c->peer_slow_part = 1.0;
  if (c->peer_slow[0] == 0) return true;
  if (sscanf(c->peer_slow, "%d-%d:%lf%n", &pair[0], &pair[1], &c->peer_slow_part, &end) != 3) return false;
  return c->peer_slow[end] == 0 && is_device(c, pair[0]) && is_device(c, pair[1]) && pair[0] != pair[1] &&
         c->peer_slow_part >= 0.001 && c->peer_slow_part <= 1;
}

const char *link_settle(config *c) {
  c->half_duplex = strcmp(c->link_duplex, "half") == 0;
  if (c->pcie_width_now == 0) c->pcie_width_now = c->pcie_width;
  if (c->pcie_generation_now == 0) c->pcie_generation_now = c->pcie_generation;
  if (c->copy_engines != 1 && c->copy_engines % 2) return "copy_engines must be 1, 2, 4, 6 or 8";
  if (c->pcie_width_now > c->pcie_width || c->pcie_generation_now > c->pcie_generation)
    return "pcie_width_now and pcie_generation_now must not be more than pcie_width and pcie_generation";
  if (!parse_slow_pair(c))
    return "peer_slow must be like 0-1:0.25: two devices of the machine, and a part of 0.001 to 1";
  double part = lane_rate[c->pcie_generation_now] / lane_rate[c->pcie_generation] * (double)c->pcie_width_now /
                (double)c->pcie_width;
  scale(&c->h2d_bandwidth, part);
  scale(&c->d2h_bandwidth, part);
  return NULL;
}

double link_host_rate(const config *c) {
  return (double)(c->d2h_bandwidth < c->h2d_bandwidth ? c->d2h_bandwidth : c->h2d_bandwidth);
}

double link_peer_rate(const config *c, int a, int b) {
  bool slow = (a == c->peer_slow_pair[0] && b == c->peer_slow_pair[1]) ||
              (a == c->peer_slow_pair[1] && b == c->peer_slow_pair[0]);
  return (c->nvlinks > 0 ? (double)c->peer_bandwidth : link_host_rate(c)) * (slow ? c->peer_slow_part : 1.0);
}
