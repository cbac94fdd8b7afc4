/* How an application comes to the layer's functions: dlsym, the exported symbols, cuGetProcAddress. */
#include <dlfcn.h>
#include <string.h>

#include "hooks.h"

#define DRIVER "libcuda.so.1"
#define PER_THREAD_STREAM 2 /* flag of cuGetProcAddress */

typedef void *dlsym_function(void *handle, const char *name);

static dlsym_function *true_dlsym;
static void *driver;

/* dlsym by its version, since by its name it is ours. */
static dlsym_function *find_dlsym(void) {
  static const char *const versions[] = {"GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.34", "GLIBC_2.27"};
  for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
    void *found = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    if (found != NULL) return (dlsym_function *)found;
  }
  layer_refuse_knob("LD_PRELOAD", "libgvblayer.so", "finds no dlsym in this C library");
}

static void start(void) {
  layer_start();
  if (true_dlsym == NULL) true_dlsym = find_dlsym();
}

/* Without a lock: threads that come here at once write the same values. */
bool driver_find(bool may_load) {
  start();
  if (__atomic_load_n(&driver, __ATOMIC_ACQUIRE) != NULL) return true;
  void *handle = dlopen(DRIVER, RTLD_LAZY | RTLD_LOCAL | (may_load ? 0 : RTLD_NOLOAD));
  if (handle == NULL) return false;
  for (hook *h = hooks; h < hooks + HOOKS; h++) {
    h->symbol = (layer_function *)true_dlsym(handle, h->name);
    h->next[LAYER_HANDLE] = h->symbol;
    h->next[LAYER_LINKED] = h->symbol;
  }
  __atomic_store_n(&driver, handle, __ATOMIC_RELEASE);
  return true;
}

layer_function *driver_symbol(const char *name) {
  return driver_find(true) ? (layer_function *)true_dlsym(driver, name) : NULL;
}

bool hook_resolve(hook *h, layer_path path) { return driver_find(true) && h->next[path] != NULL; }

static bool hooks_off(void) { return knobs.hooks != NULL; }

/* A layer of one way alone stands in none of the others: half a door. */
static bool stands_in(const char *way) { return knobs.ways == NULL || strcmp(knobs.ways, way) == 0; }

/* The answer that differs from the C library's, or NULL. RTLD_NEXT is never ours: it asks for what comes after the
 * caller. Nor is RTLD_DEFAULT, unless hooks are off: it finds the exported symbols by itself. */
static void *own_answer(void *handle, const char *name) {
  const hook *h;
  if (handle == RTLD_NEXT || (h = hook_named(name)) == NULL) return NULL;
  if (handle == RTLD_DEFAULT) return hooks_off() && driver_find(false) ? (void *)h->symbol : NULL;
  /* The look-up itself comes by dlsym, whichever way a layer stands in. */
  const char *way = strncmp(name, "cuGetProcAddress", 16) == 0 ? "query" : "handle";
  if (hooks_off() || !stands_in(way) || !driver_find(false) || h->symbol == NULL) return NULL;
  /* A function of this name in another library than the driver is left alone. */
  return true_dlsym(handle, name) == (void *)h->symbol ? (void *)h->entry[LAYER_HANDLE] : NULL;
}

/* The C library looks at the return address to know who asks, which matters for RTLD_NEXT and RTLD_DEFAULT: the last
 * call must be a jump, which compilers make of it at -O2. */
LAYER_EXPORT void *dlsym(void *restrict handle, const char *restrict name) {
  start();
  void *answer = own_answer(handle, name);
  if (answer != NULL) return answer;
  return true_dlsym(handle, name);
}

/* By address where the driver hands out what it exports, by name and version where it hands out something else. A
 * per-thread-stream variant is another function, so a name does not stand for it. */
static hook *hook_queried(layer_function *found, const char *symbol, int version, uint64_t flags) {
  hook *best = NULL;
  for (hook *h = hooks; h < hooks + HOOKS; h++) {
    if (h->symbol == found) return h;
    if (strcmp(h->base, symbol) == 0 && h->since <= version && (best == NULL || h->since > best->since)) best = h;
  }
  return flags & PER_THREAD_STREAM ? NULL : best;
}

/* Half a door within the look-up: an older interface, or a variant for other streams, is left to the driver. */
static bool answers(int version, uint64_t flags) {
  return !hooks_off() && stands_in("query") && version >= knobs.query_since && (flags == 0 || knobs.query_plain == 0);
}

static void replace(void **address, const char *symbol, int version, uint64_t flags) {
  layer_function *found = (layer_function *)*address;
  hook *h = found != NULL && answers(version, flags) ? hook_queried(found, symbol, version, flags) : NULL;
  if (h == NULL) return;
  h->next[LAYER_QUERY] = found;
  *address = (void *)h->entry[LAYER_QUERY];
}

CUresult act_cuGetProcAddress(cuGetProcAddress_fn *next, const char *symbol, void **address, int version,
                              uint64_t flags) {
  const CUresult code = next(symbol, address, version, flags);
  if (code == CUDA_SUCCESS) replace(address, symbol, version, flags);
  return code;
}

CUresult act_cuGetProcAddress_v2(cuGetProcAddress_v2_fn *next, const char *symbol, void **address, int version,
                                 uint64_t flags, CUdriverProcAddressQueryResult *status) {
  const CUresult code = next(symbol, address, version, flags, status);
  if (code == CUDA_SUCCESS) replace(address, symbol, version, flags);
  return code;
}
