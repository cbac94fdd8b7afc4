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
  const char *range;
} key;

static const key keys[] = {
#define KEY(field, name, type, value, range, unit, meaning) {name, type, offsetof(config, field), range},
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
#define KEY(field, name, type, value, range, unit, meaning) type##_DEFAULT(field, value)
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

/* What came of one line. */
typedef enum outcome { NO_KEY, NO_VALUE, OUT_OF_RANGE, SET } outcome;

static outcome set_integer(int64_t *field, const char *range, const char *value) {
  if (!parse_integer(value, field)) return NO_VALUE;
  return range_holds_number(range, (double)*field) ? SET : OUT_OF_RANGE;
}

static outcome set_real(double *field, const char *range, const char *value) {
  if (!parse_real(value, field)) return NO_VALUE;
  return range_holds_number(range, *field) ? SET : OUT_OF_RANGE;
}

static outcome set_text(char *field, const char *range, const char *value) {
  if (strlen(value) >= CONFIG_TEXT) return NO_VALUE;
  memcpy(field, value, strlen(value) + 1);
  return range_holds_word(range, value) ? SET : OUT_OF_RANGE;
}

static outcome set_key(config *into, const key *k, const char *value) {
  void *field = (char *)into + k->offset;
  if (k->type == INTEGER) return set_integer(field, k->range, value);
  return k->type == REAL ? set_real(field, k->range, value) : set_text(field, k->range, value);
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
  if (r->kind == RULE_FAIL || r->kind == RULE_STICKY) return parse_occasion(value, r);
  return parse_integer(value, &r->number) && range_holds_number("0 to 1000000000000", (double)r->number);
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

static const key *find_key(const char *name) {
  for (const key *k = keys; k < keys + KEYS; k++)
    if (strcmp(name, k->name) == 0) return k;
  return NULL;
}

static outcome set(config *into, const char *name, const char *value, char *wrong) {
  const key *k = find_key(name);
  if (k) return set_key(into, k, value);
  for (int f = 0; f < RULE_KINDS; f++)
    if (strncmp(name, families[f], strlen(families[f])) == 0)
      return add_rule(into, (rule_kind)f, name + strlen(families[f]), value, wrong) ? SET : NO_VALUE;
  return NO_KEY;
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
  switch (set(into, name, value, wrong)) {
    case NO_KEY:
      snprintf(error, CONFIG_ERROR, "%s:%d: no key is called '%s'", path, number, name);
      return false;
    case NO_VALUE:
      snprintf(error, CONFIG_ERROR, "%s:%d: '%s' is no value for %s", path, number, wrong, name);
      return false;
    case OUT_OF_RANGE:
      snprintf(error, CONFIG_ERROR, "%s:%d: %s is %s, expected %s", path, number, name, wrong, find_key(name)->range);
      return false;
    default:
      return true;
  }
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

/* The last 12 digits of the first UUID, and the bus of the first PCI id, count on. */
static void identify(config *c) {
  unsigned int domain = 0, bus = 0, device = 0;
  const char *tail = strrchr(c->uuid, '-');
  const unsigned long long last = strtoull(tail + 1, NULL, 16);
  sscanf(c->pci_bus, "%x:%x:%x", &domain, &bus, &device);
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
  if (!read_file(into, path, error) || !config_check(into, error)) return false;
  identify(into);
  return config_slice(into, error);
}

#define JSON_INTEGER "integer"
#define JSON_REAL "real"
#define JSON_TEXT "text"
#define ROW(name, type, value, range, unit, meaning)                                             \
  "{\"name\": \"" name "\", \"type\": \"" type "\", \"default\": " value ", \"range\": \"" range \
  "\", \"unit\": \"" unit "\", \"meaning\": \"" meaning "\"}"
#define QUOTE(value) #value
#define INTEGER_VALUE(value) QUOTE(value)
#define REAL_VALUE(value) QUOTE(value)
#define TEXT_VALUE(value) "\"" value "\""

#define FAMILY(name, type, value, unit, meaning) ROW(name ".<API>", type, value, "", unit, meaning)

const char *config_keys_json(void) {
  return "["
#define KEY(field, name, type, value, range, unit, meaning) \
  ROW(name, JSON_##type, type##_VALUE(value), range, unit, meaning) ", "
#include "keys.def"
#undef KEY
      FAMILY("latency", "integer", "0", "ns", "added to each call of that exported function") ", "
      FAMILY("fail", "occasion", "\"\"", "", "'n:code': call n of a process answers code; n+: all from n") ", "
      FAMILY("hang", "integer", "0", "", "call n of a process never returns") ", "
      FAMILY("sticky", "occasion", "\"\"", "", "'n:code': call n answers code, then every call of the process") ", "
      FAMILY("inject", "injection", "\"\"", "", "'code=2 after_calls=10 probability=0.1 seed=7 sticky=1'") "]";
}
