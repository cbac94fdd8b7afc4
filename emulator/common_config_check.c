/* What keys must be to each other, beside the range that each has of its own; and what follows from several of them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common_config.h"

enum { SHORTEST_SLICE = 1000, SLOWEST_LINK = 1000000, LAST_BUS = 255 };

static bool complain(char *error, const config *c, const char *sentence) {
  snprintf(error, CONFIG_ERROR, "%.400s/config: %s", c->directory, sentence);
  return false;
}

static void derive(config *c) {
  c->side_by_side = strcmp(c->schedule, "side-by-side") == 0;
  c->is_virtual = strcmp(c->clock, "virtual") == 0;
  c->l2_random = strcmp(c->l2_policy, "random") == 0;
  if (c->clock_full == 0) c->clock_full = c->sm_clock;
  if (c->power_full == 0) c->power_full = c->power_limit;
}

static const char *compute_fault(const config *c) {
  if (c->clock_full < c->sm_clock / 2 || c->clock_full > c->sm_clock)
    return "clock_full must be between half of sm_clock and sm_clock";
  if (c->power_full < c->power) return "power_full (0: power_limit) must be at least power";
  if ((double)c->slice_ns * c->unfair < SHORTEST_SLICE) return "slice_ns x unfair must be at least 1000";
  if (c->sm_share > 0 && c->sm_share * (double)c->sm_count < 0.01)
    return "sm_share must be 0, or leave a hundredth of a multiprocessor";
  return NULL;
}

static const char *memory_fault(const config *c) {
  if (c->context_bytes > c->memory_bytes) return "context_bytes must not be more than memory_bytes";
  if (c->dram_latency < c->l2_latency) return "dram_latency must be at least l2_latency";
  return NULL;
}

static const char *link_fault(config *c) {
  const char *wrong = link_settle(c);
  if (!wrong && (c->h2d_bandwidth < SLOWEST_LINK || c->d2h_bandwidth < SLOWEST_LINK))
    return "h2d_bandwidth and d2h_bandwidth must be at least 1000000 over the link as it was negotiated";
  return wrong;
}

/* GPU-, and then 8, 4, 4, 4 and 12 hexadecimal digits. */
static bool is_uuid(const char *text) {
  static const char form[] = "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (strlen(text) != strlen(form)) return false;
  for (size_t k = 0; form[k]; k++)
    if (form[k] == 'x' ? !isxdigit((unsigned char)text[k]) : text[k] != form[k]) return false;
  return true;
}

static const char *identity_fault(const config *c) {
  unsigned int domain, bus, device, function;
  int end = -1;
  if (!is_uuid(c->uuid)) return "uuid must be like GPU-e0000000-0000-4000-8000-000000000200";
  if (sscanf(c->pci_bus, "%4x:%2x:%2x.%1u%n", &domain, &bus, &device, &function, &end) != 4 || c->pci_bus[end])
    return "pci_bus must be like 0000:41:00.0";
  if (bus + (unsigned int)c->devices - 1 > LAST_BUS) return "pci_bus must leave room for all devices below bus ff";
  return NULL;
}

bool config_check(config *c, char *error) {
  derive(c);
  const char *wrong = compute_fault(c);
  if (!wrong) wrong = memory_fault(c);
  if (!wrong) wrong = identity_fault(c);
  if (!wrong) wrong = link_fault(c);
  return wrong ? complain(error, c, wrong) : true;
}
