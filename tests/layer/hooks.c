/* Knobs that name functions. */
#include "hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LENGTH 64

hook *hook_named(const char *name) {
  if (name[0] != 'c' || name[1] != 'u') return NULL;
  for (hook *h = hooks; h < hooks + HOOKS; h++)
    if (strcmp(h->name, name) == 0) return h;
  return NULL;
}

/* Takes "name" or "name=number" off a list; returns what follows, NULL at its end. */
static const char *take_item(const char *variable, const char *list, hook **h, int64_t *number) {
  char name[NAME_LENGTH];
  const size_t length = strcspn(list, "=,");
  const char *rest = list + length;
  char *end = NULL;
  if (length >= sizeof name) layer_refuse_knob(variable, list, "names no function");
  memcpy(name, list, length);
  name[length] = 0;
  *h = hook_named(name);
  if (*h == NULL) layer_refuse_knob(variable, name, "is no function that the layer hooks");
  if ((number != NULL) != (*rest == '=')) layer_refuse_knob(variable, list, "is not written as in the README");
  if (number != NULL) {
    *number = (int64_t)strtod(rest + 1, &end);
    if (end == rest + 1) layer_refuse_knob(variable, list, "has no number");
    rest = end;
  }
  if (*rest != 0 && *rest != ',') layer_refuse_knob(variable, list, "is not a list with commas");
  return *rest == ',' && rest[1] != 0 ? rest + 1 : NULL;
}

static void set_delays(const char *variable, const char *list, unsigned int paths) {
  while (list != NULL) {
    hook *h;
    int64_t ns;
    list = take_item(variable, list, &h, &ns);
    for (int path = 0; path < LAYER_PATHS; path++)
      if (paths & (1u << path)) h->delay[path] += ns;
  }
}

static void set_uncounted(const char *list) {
  while (list != NULL) {
    hook *h;
    list = take_item("LAYER_MEMORY_SKIP", list, &h, NULL);
    h->counted = false;
  }
}

static void set_locked(const char *list) {
  while (list != NULL) {
    hook *h;
    list = take_item("LAYER_LOCK_IN", list, &h, NULL);
    h->locked = true;
  }
}

/* "cuLaunchKernel=200/300000": each 200th call takes 300 us longer. */
static void set_tail(const char *text) {
  char name[NAME_LENGTH];
  long long every, ns;
  char rest;
  if (sscanf(text, "%63[^=]=%lld/%lld%c", name, &every, &ns, &rest) != 3 || every < 1 || ns < 0)
    layer_refuse_knob("LAYER_TAIL", text, "is not function=every/nanoseconds");
  hook *h = hook_named(name);
  if (h == NULL) layer_refuse_knob("LAYER_TAIL", name, "is no function that the layer hooks");
  h->tail_every = every;
  h->tail_delay = ns;
}

/* Allocations and frees of every kind. */
static const char every_allocation[] =
    "cuMemAlloc_v2,cuMemAllocPitch_v2,cuMemAllocManaged,cuMemAllocAsync,cuMemAllocFromPoolAsync,cuMemCreate,"
    "cuMemFree_v2,cuMemFreeAsync,cuMemRelease";

/* Launches are the shortest of what is timed: they pay for no knob that is not set. */
static void pass_launches(void) {
  static const hook_id launches[] = {HOOK_cuLaunchKernel, HOOK_cuLaunchKernelEx, HOOK_cuGraphLaunch};
  if (knobs.share > 0 || knobs.lose > 0) return;
  for (size_t i = 0; i < sizeof launches / sizeof *launches; i++) hooks[launches[i]].passes = true;
}

void hooks_configure(void) {
  pass_launches();
  set_delays("LAYER_DELAY", knobs.delay, ~0u);
  set_delays("LAYER_DELAY_HANDLE", knobs.delay_handle, 1u << LAYER_HANDLE);
  set_delays("LAYER_DELAY_LINKED", knobs.delay_linked, 1u << LAYER_LINKED);
  set_delays("LAYER_DELAY_QUERY", knobs.delay_query, 1u << LAYER_QUERY);
  if (knobs.tail != NULL) set_tail(knobs.tail);
  if (knobs.ways != NULL && strcmp(knobs.ways, "handle") != 0 && strcmp(knobs.ways, "query") != 0)
    layer_refuse_knob("LAYER_WAYS", knobs.ways, "is neither handle nor query");
  set_uncounted(knobs.memory_skip);
  if (knobs.lock != NULL) set_locked(knobs.lock_in != NULL ? knobs.lock_in : every_allocation);
}
