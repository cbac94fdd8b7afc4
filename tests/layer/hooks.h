/* The table of hooked functions. Each has one entry point for every way an application can find it, so that a knob can
 * act on one way alone. */
#ifndef LAYER_HOOKS_H
#define LAYER_HOOKS_H

#include "layer.h"

typedef enum layer_path {
  LAYER_LINKED, /* the exported symbol: linked programs, dlsym(RTLD_DEFAULT) */
  LAYER_HANDLE, /* dlsym on a handle of the driver */
  LAYER_QUERY,  /* cuGetProcAddress */
  LAYER_PATHS
} layer_path;

typedef enum hook_id {
#define HOOK(name, ...) HOOK_##name,
#include "hooks.def"
#undef HOOK
  HOOKS
} hook_id;

typedef void layer_function(void);

typedef struct hook {
  const char *name;
  const char *base;
  int since;
  layer_function *entry[LAYER_PATHS];
  layer_function *symbol;            /* what the driver exports under this name, NULL if nothing */
  layer_function *next[LAYER_PATHS]; /* what an entry point passes on to */
  int64_t delay[LAYER_PATHS];
  int64_t tail_every, tail_delay; /* each tail_every-th call takes that much longer; 0: none does */
  int64_t calls;
  bool passes; /* no knob acts on it: what an entry point calls is `next` */
  bool locked;
  bool counted;
} hook;

extern hook hooks[HOOKS];

/* The hook of this exported name, or NULL. */
hook *hook_named(const char *name);

/* Applies the knobs that name functions. */
void hooks_configure(void);

/* Fills `next` of a path that was entered before anything was resolved; false if the driver lacks the function. */
bool hook_resolve(hook *h, layer_path path);

/* The driver's own address of this function, or NULL. Opens the driver. */
layer_function *driver_symbol(const char *name);

/* Makes sure that `symbol` of all hooks is known; false if there is no driver, or if it is not loaded and may not be.
 */
bool driver_find(bool may_load);

/* What happens at every entry point before its function acts. */
static inline layer_function *hook_enter(hook_id id, layer_path path) {
  hook *h = &hooks[id];
  if (LAYER_UNLIKELY(h->next[path] == NULL) && !hook_resolve(h, path)) return NULL;
  if (LAYER_UNLIKELY(h->delay[path] != 0)) layer_spin(h->delay[path]);
  if (LAYER_UNLIKELY(h->tail_every != 0) && __atomic_add_fetch(&h->calls, 1, __ATOMIC_RELAXED) % h->tail_every == 0)
    layer_spin(h->tail_delay);
  if (LAYER_UNLIKELY(h->locked)) lock_hold();
  return h->next[path];
}

#define LAYER_ACT_NEXT(name, n, ...)
#define LAYER_ACT_OWN(name, n, ...) CUresult act_##name(name##_fn *next, GVB_P##n(__VA_ARGS__));
#define HOOK(name, base, since, act, n, ...) LAYER_ACT_##act(name, n, __VA_ARGS__)
#include "hooks.def"
#undef HOOK

#endif
