/* MIG: the key `mig`, by which a device is cut into instances, each of them a device of the machine. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common_config.h"

enum { SLICES = 8, INSTANCES = 7, KINDS = 2 };

/* A profile of GPU instances: "Supported MIG Profiles" and the output of `nvidia-smi mig -lgip` in the MIG User Guide.
 * It can begin at the memory slices 0, step, 2 x step up to last. */
typedef struct profile {
  int compute, memory; /* slices */
  int sms[KINDS];      /* of H100 and H200, of A100 */
  int step, last;
} profile;

static const profile profiles[] = {
    {1, 1, {16, 14}, 1, 6}, {1, 2, {26, 14}, 2, 6}, {2, 2, {32, 28}, 2, 4},
    {3, 4, {60, 42}, 4, 4}, {4, 4, {64, 56}, 4, 0}, {7, 8, {132, 98}, 8, 0},
};

enum { PROFILES = sizeof profiles / sizeof profiles[0] };

typedef struct layout {
  const profile *of[INSTANCES];
  int start[INSTANCES];
  int count;
} layout;

/* ---- profiles and their names ---- */

static int kind_of(const config *c) { return c->sm_count == 132 ? 0 : c->sm_count == 108 ? 1 : -1; }

/* As in the name: of the whole GiB of the device, rounded. */
static int gigabytes(const config *c, const profile *p) {
  int64_t whole = (c->memory_bytes + (1 << 30) - 1) >> 30;
  return (int)((whole * p->memory + SLICES / 2) / SLICES);
}

static void name_into(const config *c, const profile *p, char *text) {
  snprintf(text, CONFIG_PROFILE, "%dg.%dgb", p->compute, gigabytes(c, p));
}

/* "3", "3g" or "3g.71gb"; NULL if none is called so. */
static const profile *find(const config *c, const char *word, size_t length) {
  char name[CONFIG_PROFILE], given[CONFIG_PROFILE], slices[CONFIG_PROFILE], unit[CONFIG_PROFILE];
  snprintf(given, sizeof given, "%.*s", (int)length, word);
  for (const profile *p = profiles; p < profiles + PROFILES; p++) {
    name_into(c, p, name);
    snprintf(slices, sizeof slices, "%d", p->compute);
    snprintf(unit, sizeof unit, "%dg", p->compute);
    if (strcmp(given, name) == 0 || strcmp(given, slices) == 0 || strcmp(given, unit) == 0) return p;
  }
  return NULL;
}

/* ---- where they lie ---- */

static unsigned int slices_from(int start, const profile *p) { return ((1u << p->memory) - 1) << start; }

/* Places instance k and all after it beside what is taken, if that is possible. */
static bool place(layout *l, int k, unsigned int taken) {
  if (k == l->count) return true;
  for (int start = 0; start <= l->of[k]->last; start += l->of[k]->step) {
    unsigned int wanted = slices_from(start, l->of[k]);
    l->start[k] = start;
    if (!(taken & wanted) && place(l, k + 1, taken | wanted)) return true;
  }
  return false;
}

static void no_profile(const config *c, const char *word, size_t length, char *error) {
  int end = snprintf(error, CONFIG_ERROR, "%s/config: mig: '%.*s' is no profile of this device; there are",
                     c->directory, (int)length, word);
  for (const profile *p = profiles; p < profiles + PROFILES && end < CONFIG_ERROR; p++) {
    char name[CONFIG_PROFILE];
    name_into(c, p, name);
    end += snprintf(error + end, (size_t)(CONFIG_ERROR - end), "%s %s", p == profiles ? "" : ",", name);
  }
}

/* The words are counted although there may be more of them than there is room for. */
static bool read_words(const config *c, layout *l, char *error) {
  l->count = 0;
  for (const char *word = c->mig; *word; word += *word == ',' || *word == '+') {
    size_t length = strcspn(word, ",+");
    const profile *p = find(c, word, length);
    if (!p) {
      no_profile(c, word, length, error);
      return false;
    }
    if (l->count < INSTANCES) l->of[l->count] = p;
    l->count++;
    word += length;
  }
  return true;
}

static bool read_layout(const config *c, layout *l, char *error) {
  if (!read_words(c, l, error)) return false;
  if (l->count > INSTANCES) {
    snprintf(error, CONFIG_ERROR, "%s/config: mig: a device has at most %d instances, found %d in '%s'", c->directory,
             INSTANCES, l->count, c->mig);
    return false;
  }
  if (place(l, 0, 0)) return true;
  snprintf(error, CONFIG_ERROR, "%s/config: mig: '%s' does not fit into the %d memory slices of a device", c->directory,
           c->mig, SLICES);
  return false;
}

/* ---- instances as devices ---- */

/* The identifiers that drivers were seen to give; no document promises them. */
static int instance_id(const profile *p, int start) {
  if (p->memory == 8) return 0;
  return p->memory == 4 ? 1 + start / 4 : p->memory == 2 ? 3 + start / 2 : 7 + start;
}

static void identify(device_config *d, const device_config *parent, int number) {
  const char *rest = strchr(parent->uuid, '-'), *tail = strrchr(parent->uuid, '-');
  unsigned long long last = strtoull(tail + 1, NULL, 16) + 0x1000 + (unsigned int)number;
  snprintf(d->uuid, CONFIG_TEXT, "MIG%.*s-%012llx", (int)(tail - rest), rest, last);
}

static void add_instance(config *c, const profile *p, int start) {
  const int number = c->units++;
  device_config *d = &c->device[number], *parent = &c->device[0];
  *d = *parent;
  identify(d, parent, number);
  name_into(c, p, d->profile);
  d->sm_count = p->sms[kind_of(c)];
  d->memory_bytes = parent->memory_bytes / SLICES * p->memory >> 21 << 21;
  d->l2_bytes = parent->l2_bytes * p->memory / SLICES;
  d->l2_bandwidth = parent->l2_bandwidth * p->memory / SLICES;
  d->dram_bandwidth = parent->dram_bandwidth * p->memory / SLICES;
  d->parent = 0;
  d->compute_slices = p->compute;
  d->memory_slices = p->memory;
  d->gpu_instance = instance_id(p, start);
  c->nvml[number] = number;
}

bool config_slice(config *c, char *error) {
  layout l;
  c->units = (int)c->devices;
  for (int d = 0; d < c->units; d++) c->device[d].parent = d;
  if (!c->mig[0]) return true;
  if (c->devices != 1 || kind_of(c) < 0) {
    snprintf(error, CONFIG_ERROR,
             "%s/config: mig needs one device, with the 132 multiprocessors of H100 and H200 or %s", c->directory,
             "the 108 of A100");
    return false;
  }
  if (!read_layout(c, &l, error)) return false;
  c->mig_mode = 1;
  for (int k = 0; k < l.count; k++) add_instance(c, l.of[k], l.start[k]);
  return true;
}
