/* The links of a machine as its configuration describes them: what was negotiated, and which pair of devices has less.
 */
#include <stdio.h>
#include <string.h>

#include "common_config.h"

/* GB/s of one lane, each way, after the line code: PCI Express Base Specification, generations 1 to 6. */
static const double lane_rate[] = {0, 0.25, 0.5, 0.985, 1.969, 3.938, 7.563};
enum { GENERATIONS = sizeof lane_rate / sizeof lane_rate[0] - 1 };

static bool is_generation(int64_t g) { return g >= 1 && g <= GENERATIONS; }

static void scale(int64_t *rate, double part) { *rate = (int64_t)((double)*rate * part + 0.5); }

/* "0-1:0.25" */
static bool parse_slow_pair(config *c) {
  int end = -1;
  c->peer_slow_part = 1.0;
  if (c->peer_slow[0] == 0) return true;
  int fields =
      sscanf(c->peer_slow, "%d-%d:%lf%n", &c->peer_slow_pair[0], &c->peer_slow_pair[1], &c->peer_slow_part, &end);
  return fields == 3 && c->peer_slow[end] == 0 && c->peer_slow_part > 0 && c->peer_slow_part <= 1;
}

const char *link_settle(config *c) {
  c->half_duplex = strcmp(c->link_duplex, "half") == 0;
  if (c->pcie_width_now == 0) c->pcie_width_now = c->pcie_width;
  if (c->pcie_generation_now == 0) c->pcie_generation_now = c->pcie_generation;
  if (!c->half_duplex && strcmp(c->link_duplex, "full") != 0) return "link_duplex must be full or half";
  if (c->copy_engines != 1 && (c->copy_engines < 2 || c->copy_engines > 8 || c->copy_engines % 2))
    return "copy_engines must be 1, 2, 4, 6 or 8";
  if (!is_generation(c->pcie_generation) || !is_generation(c->pcie_generation_now) || c->pcie_width < 1 ||
      c->pcie_width_now < 1)
    return "pcie_generation must be between 1 and 6, pcie_width positive";
  if (!parse_slow_pair(c)) return "peer_slow must be like 0-1:0.25, with a part in (0, 1]";
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
