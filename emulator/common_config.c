#include "common_config.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum key_type { INTEGER, REAL, TEXT } key_type;

typedef struct key {
  const char *name;
  key_type type;
  size_t offset;
} key;

static const key keys[] = {
#define KEY(field, name, type, value, unit, meaning) {name, type, offsetof(config, field)},
#include "keys.def"
#undef KEY
};

enum { KEYS = sizeof keys / sizeof keys[0], WRONG = 128 };

static const char *const families[RULE_KINDS] = {"latency.", "fail.", "hang.", "sticky.", "inject."};

static void set_defaults(config *into) {
  memset(into, 0, sizeof *into);
#define INTEGER_DEFAULT(field, value) into->field = value;
#define REAL_DEFAULT(field, value) into->field = value;
#define TEXT_DEFAULT(field, value) snprintf(into->field, sizeof into->field, "%s", value);
#define KEY(field, name, type, value, unit, meaning) type##_DEFAULT(field, value)
#include "keys.def"
#undef KEY
}

static bool parse_integer(const char *text, int64_t *value) {
  char *end;
  errno = 0;
  *value = strtoll(text, &end, 0);
  return errno == 0 && end != text && *end == 0;
}

static bool parse_real(const char *text, double *value) {
  char *end;
  errno = 0;
  *value = strtod(text, &end);
  return errno == 0 && end != text && *end == 0 && isfinite(*value);
}

static bool set_key(config *into, const key *k, const char *value) {
  void *field = (char *)into + k->offset;
  if (k->type == INTEGER) return parse_integer(value, field);
  if (k->type == REAL) return parse_real(value, field);
  if (strlen(value) >= CONFIG_TEXT) return false;
  memcpy(field, value, strlen(value) + 1);
  return true;
}

/* "3:2" -> call 3 answers 2; "3+:2" -> and all later calls. */
static bool parse_occasion(const char *text, rule *into) {
  char *end;
  into->number = strtoll(text, &end, 10);
  if (end == text || into->number < 1) return false;
  if (*end == '+') {
    into->onwards = true;
    end++;
  }
  if (*end != ':') return false;
  const char *code = end + 1;
  into->code = (int)strtol(code, &end, 10);
  return end != code && *end == 0 && into->code > 0;
}

static bool parse_rule(rule *r, const char *value, char *wrong) {
  if (r->kind == RULE_INJECT) return injection_parse(value, &r->injection, wrong, WRONG);
  return r->kind == RULE_LATENCY || r->kind == RULE_HANG ? parse_integer(value, &r->number) : parse_occasion(value, r);
}

/* `wrong`: what of the value is bad, if not all of it. */
static bool add_rule(config *into, rule_kind kind, const char *api, const char *value, char *wrong) {
  if (into->rules == CONFIG_RULES || strlen(api) >= CONFIG_TEXT) return false;
  rule *r = &into->rule[into->rules];
  *r = (rule){.kind = kind};
  memcpy(r->api, api, strlen(api) + 1);
  bool good = parse_rule(r, value, wrong);
  if (good) into->rules++;
  return good;
}

/* 1 = set, 0 = the value is bad, -1 = no such key. */
static int set(config *into, const char *name, const char *value, char *wrong) {
  for (int i = 0; i < KEYS; i++)
    if (strcmp(name, keys[i].name) == 0) return set_key(into, &keys[i], value);
  for (int f = 0; f < RULE_KINDS; f++)
    if (strncmp(name, families[f], strlen(families[f])) == 0)
      return add_rule(into, (rule_kind)f, name + strlen(families[f]), value, wrong);
  return -1;
}

static bool read_line(config *into, char *line, const char *path, int number, char *error) {
  char *name = line + strspn(line, " \t");
  name[strcspn(name, "\r\n")] = 0;
  if (*name == 0 || *name == '#') return true;
  char *value = name + strcspn(name, " \t");
  if (*value) *value++ = 0;
  value += strspn(value, " \t");
  char wrong[WRONG];
  snprintf(wrong, sizeof wrong, "%.*s", WRONG - 1, value);
  int outcome = set(into, name, value, wrong);
  if (outcome < 0) snprintf(error, CONFIG_ERROR, "%s:%d: no key is called '%s'", path, number, name);
  if (outcome == 0) snprintf(error, CONFIG_ERROR, "%s:%d: '%s' is no value for %s", path, number, wrong, name);
  return outcome == 1;
}

static bool read_file(config *into, const char *path, char *error) {
  FILE *file = fopen(path, "re");
  if (!file) {
    snprintf(error, CONFIG_ERROR, "%s: %s", path, strerror(errno));
    return false;
  }
  char line[512];
  bool good = true;
  for (int number = 1; good && fgets(line, sizeof line, file); number++)
    good = read_line(into, line, path, number, error);
  fclose(file);
  return good;
}

static bool is_part(double value) { return value > 0 && value <= 1; }

static const char *check_memory(const config *c) {
  if (!is_part(c->dram_saturation) || !is_part(c->dram_reach))
    return "dram_saturation and dram_reach must be in (0, 1]";
  if (c->dram_weight <= 0 || c->dram_write_cost < 1) return "dram_weight must be > 0, dram_write_cost at least 1";
  if (!is_part(c->l2_effective)) return "l2_effective must be in (0, 1]";
  if (!c->l2_random && strcmp(c->l2_policy, "lru") != 0) return "l2_policy must be lru or random";
  if (c->l2_latency < 1 || c->dram_latency < c->l2_latency) return "l2_latency must be > 0, dram_latency at least that";
  if (c->l2_queueing < 0 || c->dram_queueing < 0) return "l2_queueing and dram_queueing must not be negative";
  return NULL;
}

static bool check(config *c, char *error) {
  c->side_by_side = strcmp(c->schedule, "side-by-side") == 0;
  c->is_virtual = strcmp(c->clock, "virtual") == 0;
  c->l2_random = strcmp(c->l2_policy, "random") == 0;
  const char *wrong = NULL;
  if (!c->is_virtual && strcmp(c->clock, "real") != 0) wrong = "clock must be real or virtual";
  if (!c->side_by_side && strcmp(c->schedule, "time-slice") != 0) wrong = "schedule must be time-slice or side-by-side";
  if (c->rate <= 0 || c->throttle_factor <= 0 || c->unfair <= 0) wrong = "rate, throttle.factor and unfair must be > 0";
  if (c->sm_share < 0 || c->sm_share > 1) wrong = "sm_share must be between 0 and 1";
  if (c->jitter < 0 || c->jitter >= 0.5) wrong = "jitter must be in [0, 0.5)";
  if (c->sm_count < 1 || c->lanes_per_sm < 1 || c->sm_clock < 1 || c->blocks_per_sm < 1 || c->threads_per_sm < 1)
    wrong = "sm_count, lanes_per_sm, threads_per_sm, blocks_per_sm and sm_clock must be positive";
  if (c->devices < 1 || c->devices > CONFIG_DEVICES) wrong = "devices must be between 1 and 8";
  if (strcmp(c->nvml_order, "same") != 0 && strcmp(c->nvml_order, "reversed") != 0)
    wrong = "nvml_order must be same or reversed";
  if (c->nvlinks < 0 || c->nvlinks > 18) wrong = "nvlinks must be between 0 and 18";
  if (c->hardware_queues < 1 || c->hardware_queues > 32) wrong = "hardware_queues must be between 1 and 32";
  if (c->dram_bandwidth < 1 || c->l2_bandwidth < 1 || c->h2d_bandwidth < 1 || c->d2h_bandwidth < 1 ||
      c->pageable_bandwidth < 1 || c->peer_bandwidth < 1)
    wrong = "bandwidths must be positive";
  if (!wrong) wrong = check_memory(c);
  if (c->slice_ns < 1000 || c->switch_ns < 0 || c->globaltimer_step < 1)
    wrong =
        "slice_ns >= 1000, switch_ns >= 0, "
        "globaltimer_step >= 1";
  if (c->clock_full == 0) c->clock_full = c->sm_clock;
  if (c->power_full == 0) c->power_full = c->power_limit;
  if (c->clock_full < c->sm_clock / 2 || c->clock_full > c->sm_clock)
    wrong = "clock_full must be between half of sm_clock and sm_clock";
  if (!wrong) wrong = link_settle(c);
  if (wrong) snprintf(error, CONFIG_ERROR, "%s/config: %s", c->directory, wrong);
  return wrong == NULL;
}

/* The last 12 digits of the first UUID, and the bus of the first PCI id, count on. */
static bool identify(config *c, char *error) {
  unsigned int domain, bus, device;
  unsigned long long last;
  const char *tail = strrchr(c->uuid, '-');
  if (!tail || sscanf(tail, "-%12llx", &last) != 1 || sscanf(c->pci_bus, "%x:%x:%x", &domain, &bus, &device) != 3) {
    snprintf(error, CONFIG_ERROR, "%s/config: uuid must end in hexadecimal digits, pci_bus must be like 0000:41:00.0",
             c->directory);
    return false;
  }
  for (int k = 0; k < c->devices; k++) {
    int place = strcmp(c->nvml_order, "reversed") == 0 ? (int)c->devices - 1 - k : k;
    c->nvml[place] = k;
    c->device[k] = (device_config){.sm_count = c->sm_count,
                                   .memory_bytes = c->memory_bytes,
                                   .l2_bytes = c->l2_bytes,
                                   .l2_bandwidth = c->l2_bandwidth,
                                   .dram_bandwidth = c->dram_bandwidth};
    snprintf(c->device[k].uuid, CONFIG_TEXT, "%.*s-%012llx", (int)(tail - c->uuid), c->uuid, last + (unsigned int)k);
    snprintf(c->device[k].pci_bus, CONFIG_TEXT, "%04x:%02x:%02x.0", domain, bus + (unsigned int)place, device);
  }
  return true;
}

bool config_read(config *into, char *error) { return config_load(into, getenv("GVB_EMULATED"), error); }

bool config_load(config *into, const char *directory, char *error) {
  set_defaults(into);
  if (!directory || directory[0] != '/' || strlen(directory) >= CONFIG_PATH - 16) {
    snprintf(error, CONFIG_ERROR, "GVB_EMULATED must be the absolute path of a machine's directory, found '%s'",
             directory ? directory : "");
    return false;
  }
  snprintf(into->directory, sizeof into->directory, "%s", directory);
  char path[CONFIG_PATH];
  snprintf(path, sizeof path, "%.*s/config", CONFIG_PATH - 16, directory);
  return read_file(into, path, error) && check(into, error) && identify(into, error) && config_slice(into, error);
}

#define JSON_INTEGER "integer"
#define JSON_REAL "real"
#define JSON_TEXT "text"
#define ROW(name, type, value, unit, meaning)                                                  \
  "{\"name\": \"" name "\", \"type\": \"" type "\", \"default\": " value ", \"unit\": \"" unit \
  "\", \"meaning\": \"" meaning "\"}"
#define QUOTE(value) #value
#define INTEGER_VALUE(value) QUOTE(value)
#define REAL_VALUE(value) QUOTE(value)
#define TEXT_VALUE(value) "\"" value "\""

#define FAMILY(name, type, value, unit, meaning) ROW(name ".<API>", type, value, unit, meaning)

const char *config_keys_json(void) {
  return "["
#define KEY(field, name, type, value, unit, meaning) ROW(name, JSON_##type, type##_VALUE(value), unit, meaning) ", "
#include "keys.def"
#undef KEY
      FAMILY("latency", "integer", "0", "ns", "added to each call of that exported function") ", "
      FAMILY("fail", "occasion", "\"\"", "", "'n:code': call n of a process answers code; n+: all from n") ", "
      FAMILY("hang", "integer", "0", "", "call n of a process never returns") ", "
      FAMILY("sticky", "occasion", "\"\"", "", "'n:code': call n answers code, then every call of the process") ", "
      FAMILY("inject", "injection", "\"\"", "", "'code=2 after_calls=10 probability=0.1 seed=7 sticky=1'") "]";
}
