/* Reading the knobs. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"

layer_knobs knobs;

extern char **environ;

void layer_refuse_knob(const char *variable, const char *value, const char *why) {
  dprintf(STDERR_FILENO, "gvblayer: %s: \"%s\" %s\n", variable, value, why);
  _exit(2);
}

/* Unset and empty mean the same, so that a system definition may leave one out. */
static const char *text(const char *variable) {
  const char *value = getenv(variable);
  return value != NULL && *value != 0 ? value : NULL;
}

static double number(const char *variable, double otherwise) {
  const char *value = text(variable);
  if (value == NULL) return otherwise;
  char *end;
  const double read = strtod(value, &end);
  if (*end != 0 || !(read >= 0)) layer_refuse_knob(variable, value, "is no number from 0");
  return read;
}

static bool is_knob(const char *setting) {
  static const char *const variables[] = {
#define INTEGER(variable, ...) variable,
#define REAL INTEGER
#define TEXT INTEGER
#include "knobs.def"
#undef INTEGER
#undef REAL
#undef TEXT
  };
  const size_t length = strcspn(setting, "=");
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
    if (strlen(variables[i]) == length && strncmp(variables[i], setting, length) == 0) return true;
  return false;
}

static void refuse_unknown(void) {
  for (char **setting = environ; setting != NULL && *setting != NULL; setting++)
    if (strncmp(*setting, "LAYER_", 6) == 0 && !is_knob(*setting))
      layer_refuse_knob("environment", *setting, "is no knob of the reference layer");
}

static void refuse_other(const char *variable, const char *value, const char *words) {
  char all[64];
  if (value == NULL) return;
  snprintf(all, sizeof all, "%s", words);
  for (char *word = strtok(all, " "); word != NULL; word = strtok(NULL, " "))
    if (strcmp(word, value) == 0) return;
  snprintf(all, sizeof all, "is none of: %s", words);
  layer_refuse_knob(variable, value, all);
}

static void check(void) {
  refuse_other("LAYER_HOOKS", knobs.hooks, "none");
  refuse_other("LAYER_MEMORY_MODE", knobs.memory_mode, "exact leaky off-by-one-chunk single none");
  refuse_other("LAYER_MEMORY_SCOPE", knobs.memory_scope, "process tenant");
  refuse_other("LAYER_LIMITER", knobs.limiter, "time blocks");
  if (knobs.memory_scope != NULL && strcmp(knobs.memory_scope, "tenant") == 0 && knobs.state == NULL)
    layer_refuse_knob("LAYER_MEMORY_SCOPE", "tenant", "needs LAYER_STATE, the file that holds the count");
}

static void read_knobs(void) {
  refuse_unknown();
#define INTEGER(variable, field, otherwise) knobs.field = (int64_t)number(variable, (double)(otherwise));
#define REAL(variable, field, otherwise) knobs.field = number(variable, otherwise);
#define TEXT(variable, field) knobs.field = text(variable);
#include "knobs.def"
#undef INTEGER
#undef REAL
#undef TEXT
  check();
  if (knobs.hooks != NULL) knobs = (layer_knobs){.hooks = knobs.hooks, .constructor_sleep = knobs.constructor_sleep};
  hooks_configure();
  layer_clock_calibrate();
}

void layer_start(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_knobs);
}

__attribute__((constructor)) static void construct(void) {
  layer_start();
  layer_sleep(knobs.constructor_sleep);
}
