/* The entry points, three for each row of hooks.def, and the table that holds them. */
#include "hooks.h"

#define CALL_NEXT(name, n, ...) next(GVB_A##n(__VA_ARGS__))
#define CALL_OWN(name, n, ...) \
  (hooks[HOOK_##name].passes ? next(GVB_A##n(__VA_ARGS__)) : act_##name(next, GVB_A##n(__VA_ARGS__)))

#define ENTRY(storage, function, path, name, act, n, ...)         \
  storage CUresult function(GVB_P##n(__VA_ARGS__));               \
  storage CUresult function(GVB_P##n(__VA_ARGS__)) {              \
    name##_fn *next = (name##_fn *)hook_enter(HOOK_##name, path); \
    if (next == NULL) return CUDA_ERROR_NOT_FOUND;                \
    return CALL_##act(name, n, __VA_ARGS__);                      \
  }

#define HOOK(name, base, since, act, n, ...)                               \
  ENTRY(LAYER_EXPORT, name, LAYER_LINKED, name, act, n, __VA_ARGS__)       \
  ENTRY(static, handle_##name, LAYER_HANDLE, name, act, n, __VA_ARGS__)    \
  ENTRY(static, query_##name, LAYER_QUERY, name, act, n, __VA_ARGS__)      \
  /* A row that differs from the driver's declaration does not compile. */ \
  static name##_fn *const declared_##name __attribute__((unused)) = &name;
#include "hooks.def"
#undef HOOK

hook hooks[HOOKS] = {
#define HOOK(function, base_name, version, ...)                                        \
  [HOOK_##function] = {.name = #function,                                              \
                       .base = #base_name,                                             \
                       .since = version,                                               \
                       .counted = true,                                                \
                       .entry = {[LAYER_LINKED] = (layer_function *)function,          \
                                 [LAYER_HANDLE] = (layer_function *)handle_##function, \
                                 [LAYER_QUERY] = (layer_function *)query_##function}},
#include "hooks.def"
#undef HOOK
};
