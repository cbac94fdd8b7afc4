#include "driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

/* glibc 2.34 moved these and gave them a new version; the old one keeps the library loadable before it. */
#if defined(__x86_64__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 34)
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dladdr, dladdr@GLIBC_2.2.5");
__asm__(".symver dlerror, dlerror@GLIBC_2.2.5");
#endif
#endif

#define LIBRARY "libcuda.so.1"

/* cuGetProcAddress answers with the newest variant not younger than this: ours are those of CUDA 12.0. */
#define INTERFACE 12000

/* From then on runtimes ask cuGetProcAddress_v2. */
#define SECOND_LOOK_UP 12000

typedef struct entry {
  const char *name;
  size_t offset;
  bool core;
} entry;

static const entry entries[] = {
#define CORE(name) {#name, offsetof(gvb_driver, name), true},
#define OPTIONAL(name) {#name, offsetof(gvb_driver, name), false},
    GVB_DRIVER_CORE(CORE) GVB_DRIVER_OPTIONAL(OPTIONAL)
#undef CORE
#undef OPTIONAL
};

/* How one resolution finds symbols. */
typedef struct resolver {
  int32_t resolution;
  void *library;
  cuGetProcAddress_v2_fn *query;     /* the driver's own look-up, since CUDA 12 */
  cuGetProcAddress_fn *query_before; /* the same without a status, in CUDA 11 */
  int version, newest;               /* that the look-up is asked for; that the driver has */
  uint64_t flags;
} resolver;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
enum { WAYS = GVB_QUERY + 1 };

static bool touched;
static gvb_driver ways[WAYS];
static bool loaded[WAYS];

void gvb_lock(void) { pthread_mutex_lock(&lock); }

void gvb_unlock(void) { pthread_mutex_unlock(&lock); }

int gvb_driver_touched(void) { return touched; }

/* A data pointer as the function pointer that POSIX promises it is. */
#define AS_FUNCTION(member, address) memcpy(&(member), &(void *){address}, sizeof(void *))

static int find_query(resolver *r) {
  cuDriverGetVersion_fn *get_version = NULL;
  AS_FUNCTION(get_version, dlsym(r->library, "cuDriverGetVersion"));
  AS_FUNCTION(r->query, dlsym(r->library, "cuGetProcAddress_v2"));
  AS_FUNCTION(r->query_before, dlsym(r->library, "cuGetProcAddress"));
  if (get_version == NULL || (r->query == NULL && r->query_before == NULL))
    return gvb_fail(GVB_ERROR_DRIVER, "%s has no cuGetProcAddress, which resolution %d asks", LIBRARY, GVB_QUERY);
  GVB_TRY(gvb_cuda_status("cuDriverGetVersion", get_version(&r->version)));
  r->newest = r->version;
  if (r->version > INTERFACE) r->version = INTERFACE;
  return GVB_OK;
}

static int open_library(int32_t resolution, resolver *r) {
  if (resolution < GVB_HANDLE || resolution > GVB_QUERY)
    return gvb_fail(GVB_ERROR_ARGUMENT, "resolution is %d, expected %d to %d", resolution, GVB_HANDLE, GVB_QUERY);
  touched = true;
  memset(r, 0, sizeof *r);
  r->resolution = resolution;
  r->library = dlopen(LIBRARY, RTLD_NOW | (resolution == GVB_DEFAULT ? RTLD_GLOBAL : RTLD_LOCAL));
  if (r->library == NULL) return gvb_fail(GVB_ERROR_DRIVER, "no CUDA driver: %s", dlerror());
  return resolution == GVB_QUERY ? find_query(r) : GVB_OK;
}

/* cuMemAlloc for cuMemAlloc_v2: the look-up takes base names and a version. */
static void base_name(const char *symbol, char *base, size_t length) {
  snprintf(base, length, "%s", symbol);
  const size_t end = strlen(base);
  if (end > 3 && base[end - 3] == '_' && base[end - 2] == 'v' && base[end - 1] >= '2' && base[end - 1] <= '9')
    base[end - 3] = 0;
}

static void *ask(const resolver *r, const char *symbol) {
  char base[96];
  void *address = NULL;
  CUresult code;
  base_name(symbol, base, sizeof base);
  if (r->query != NULL) {
    CUdriverProcAddressQueryResult found;
    code = r->query(base, &address, r->version, r->flags, &found);
  } else {
    code = r->query_before(base, &address, r->version, r->flags);
  }
  return code == CUDA_SUCCESS ? address : NULL;
}

static void *resolve(const resolver *r, const char *symbol) {
  switch (r->resolution) {
    case GVB_HANDLE:
      return dlsym(r->library, symbol);
    case GVB_DEFAULT:
      return dlsym(RTLD_DEFAULT, symbol);
    default:
      return ask(r, symbol);
  }
}

static int resolve_all(const resolver *r, gvb_driver *found) {
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    void *address = resolve(r, entries[i].name);
    if (address == NULL && entries[i].core) return gvb_fail(GVB_ERROR_DRIVER, "%s has no %s", LIBRARY, entries[i].name);
    memcpy((char *)found + entries[i].offset, &address, sizeof address);
  }
  return GVB_OK;
}

/* Through the handle: no layer answers for it. */
static void find_machine_clock(void *library) {
  gvb_machine_clock_fn *ask_clock = NULL;
  AS_FUNCTION(ask_clock, dlsym(library, GVB_MACHINE_CLOCK));
  gvb_machine = ask_clock != NULL ? ask_clock() : NULL;
}

int gvb_driver_load(int32_t resolution) {
  resolver r;
  gvb_driver found;
  if (resolution >= GVB_HANDLE && resolution <= GVB_QUERY && loaded[resolution]) return GVB_OK;
  GVB_TRY(open_library(resolution, &r));
  GVB_TRY(resolve_all(&r, &found));
  if (gvb_cuda.cuInit == NULL) find_machine_clock(r.library);
  ways[resolution] = found;
  loaded[resolution] = true;
  if (gvb_cuda.cuInit == NULL) gvb_cuda = found;
  return GVB_OK;
}

int gvb_driver_by(int32_t resolution, const gvb_driver **found) {
  GVB_TRY(gvb_open(resolution));
  *found = &ways[resolution];
  return GVB_OK;
}

int gvb_open(int32_t resolution) {
  gvb_lock();
  const int status = gvb_driver_load(resolution);
  gvb_unlock();
  return status;
}

static int find_by(const resolver *r, const char *symbol, void **address) {
  *address = resolve(r, symbol);
  return *address != NULL ? GVB_OK : gvb_fail(GVB_ERROR_DRIVER, "%s has no %s", LIBRARY, symbol);
}

int gvb_driver_find(const char *symbol, int32_t resolution, void **address) {
  resolver r;
  GVB_TRY(open_library(resolution, &r));
  return find_by(&r, symbol, address);
}

const char *gvb_function_name(int32_t index) {
  return index >= 0 && (size_t)index < sizeof entries / sizeof *entries ? entries[index].name : NULL;
}

static int write_file(const char *symbol, void *address, char *path, int64_t length) {
  Dl_info place;
  if (dladdr(address, &place) == 0 || place.dli_fname == NULL)
    return gvb_fail(GVB_ERROR_DRIVER, "no file is known for the address of %s", symbol);
  snprintf(path, (size_t)length, "%s", place.dli_fname);
  return GVB_OK;
}

static int need_place(const char *symbol, const char *path, int64_t length) {
  if (symbol != NULL && path != NULL && length >= 1) return GVB_OK;
  return gvb_fail(GVB_ERROR_ARGUMENT, "symbol or path is NULL, or there is no room for the path");
}

int gvb_served_by(const char *symbol, int32_t resolution, char *path, int64_t length) {
  void *address = NULL;
  GVB_TRY(need_place(symbol, path, length));
  GVB_TRY(gvb_driver_find(symbol, resolution, &address));
  return write_file(symbol, address, path, length);
}

int gvb_served_by_query(const char *symbol, int32_t version, uint64_t flags, char *path, int64_t length) {
  resolver r;
  void *address = NULL;
  GVB_TRY(need_place(symbol, path, length));
  GVB_TRY(open_library(GVB_QUERY, &r));
  r.version = version <= 0 || version > r.newest ? r.newest : version;
  r.flags = flags;
  if (r.version < SECOND_LOOK_UP && r.query_before != NULL) r.query = NULL; /* as runtimes of that age ask */
  GVB_TRY(find_by(&r, symbol, &address));
  return write_file(symbol, address, path, length);
}
