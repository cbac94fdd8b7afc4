/* What the configuration says about each of the driver's functions, and which call of it that concerns. */
#include "driver_rules.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver_clock.h"
#include "driver_faults.h"
#include "driver_injection.h"

static const char *const api_names[APIS] = {
#define X(name, ...) [API_##name] = #name,
#include "../libgvb/cuda_functions.def"
#undef X
#define UNSUPPORTED(name) [API_##name] = #name,
#include "driver_unsupported.def"
#undef UNSUPPORTED
};

static const rule *rules[APIS][RULE_KINDS];
static atomic_int_fast64_t counts[APIS]; /* of calls so far */

/* ---- configuration ---- */

static int find_api(const char *name) {
  for (int a = 0; a < APIS; a++)
    if (strcmp(api_names[a], name) == 0) return a;
  return -1;
}

static bool check_rules(const config *c, char *error) {
  for (int k = 0; k < c->rules; k++) {
    if (find_api(c->rule[k].api) >= 0) continue;
    snprintf(error, CONFIG_ERROR, "%.400s/config: the driver exports no function '%s'", c->directory, c->rule[k].api);
    return false;
  }
  return true;
}

bool rules_apply(void) {
  if (!check_rules(&gpu.config, gpu.config_error)) return false;
  for (const rule *r = gpu.config.rule; r < gpu.config.rule + gpu.config.rules; r++)
    rules[find_api(r->api)][r->kind] = r;
  return true;
}

const char *process_complaint(const char *directory) {
  static config tried;
  static char error[CONFIG_ERROR];
  return config_load(&tried, directory, error) && check_rules(&tried, error) ? "" : error;
}

const char *process_function(int index) { return index >= 0 && index < APIS ? api_names[index] : NULL; }

/* ---- the call ---- */

int64_t rules_latency(api a) { return rules[a][RULE_LATENCY] ? rules[a][RULE_LATENCY]->number : 0; }

static bool has_rule(api a) {
  for (int k = 0; k < RULE_KINDS; k++)
    if (rules[a][k]) return true;
  return false;
}

static void hang(void) {
  clock_leave();
  for (;;) pause();
}

static void inject(call *c, const injection *i) {
  c->result = (CUresult)i->code;
  if (i->sticky) fault_raise(c->result);
}

/* Counts are per process, from 1. */
static bool concerns(const rule *r, int64_t number) {
  return r && (number == r->number || (r->onwards && number > r->number));
}

void rules_meet(call *c) {
  const rule *const *of = rules[c->api], *r = of[RULE_STICKY];
  const int64_t number = atomic_fetch_add_explicit(&counts[c->api], 1, memory_order_relaxed) + 1;
  if (number == 1 && has_rule(c->api)) mark_called(api_names[c->api]);
  if (concerns(of[RULE_HANG], number)) hang();
  if (r && number == r->number) fault_raise((CUresult)r->code);
  if (concerns(of[RULE_FAIL], number)) c->result = (CUresult)of[RULE_FAIL]->code;
  r = of[RULE_INJECT];
  if (r && injection_meets(c->api, &r->injection, number)) inject(c, &r->injection);
}

/* ---- calls that stand for many ---- */

/* After call `number`: how many are sure not to meet it. */
static int64_t free_of(const rule *r, int64_t number) {
  if (!r || r->kind == RULE_LATENCY) return INT64_MAX - 1;
  if (r->kind == RULE_INJECT) return number < r->injection.after_calls ? r->injection.after_calls - number : 0;
  if (number < r->number) return r->number - number - 1;
  return r->onwards ? 0 : INT64_MAX - 1;
}

int64_t rules_free(api a) {
  int64_t least = INT64_MAX - 1;
  for (int k = 0; k < RULE_KINDS; k++) {
    const int64_t n = free_of(rules[a][k], atomic_load_explicit(&counts[a], memory_order_relaxed));
    if (n < least) least = n;
  }
  return least + 1;
}

void rules_pass(api a, int64_t more) {
  atomic_fetch_add_explicit(&counts[a], more, memory_order_relaxed);
  injection_pass(a, more);
}
