/* cuGetProcAddress: from a static table, never by dlsym, which an interposer would answer in our place. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "driver_call.h"

#define UNSUPPORTED(name) CUresult entry_##name(void);
#include "driver_unsupported.def"
#undef UNSUPPORTED

#define X(name, n, ...) CUresult entry_##name(GVB_P##n(__VA_ARGS__));
#include "../libgvb/cuda_functions.def"
#undef X

typedef struct symbol {
  const char *name;
  void (*address)(void);
} symbol;

static const symbol implemented[] = {
#define X(name, ...) {#name, (void (*)(void))entry_##name},
#include "../libgvb/cuda_functions.def"
#undef X
    {NULL, NULL}};

static const symbol unsupported[] = {
#define UNSUPPORTED(name) {#name, (void (*)(void))entry_##name},
#include "driver_unsupported.def"
#undef UNSUPPORTED
    {NULL, NULL}};

/* Names whose meaning changed with a CUDA version: from `version` on, `name` means `symbol`. Newest first. All other
 * names mean their _v2 where one exists. */
static const struct {
  const char *name;
  unsigned int version;
  const char *symbol;
} meanings[] = {
    {"cuCtxCreate", 12050, "cuCtxCreate_v4"},
    {"cuCtxCreate", 11040, "cuCtxCreate_v3"},
    {"cuEventElapsedTime", 12080, "cuEventElapsedTime_v2"},
    {"cuEventElapsedTime", 0, "cuEventElapsedTime"},
    {"cuGraphAddKernelNode", 12000, "cuGraphAddKernelNode_v2"},
    {"cuGraphAddKernelNode", 0, "cuGraphAddKernelNode"},
    {"cuGraphInstantiate", 12000, "cuGraphInstantiateWithFlags"},
    {"cuDeviceGetUuid", 11040, "cuDeviceGetUuid_v2"},
    {"cuDeviceGetUuid", 0, "cuDeviceGetUuid"},
    {"cuGetProcAddress", 12000, "cuGetProcAddress_v2"},
    {"cuGetProcAddress", 0, "cuGetProcAddress"},
};

static void (*find(const symbol *in, const char *name))(void) {
  while (in->name && strcmp(in->name, name) != 0) in++;
  return in->address;
}

static void (*find_newest(const symbol *in, const char *name))(void) {
  char newer[96];
  snprintf(newer, sizeof newer, "%.88s_v2", name);
  void (*address)(void) = find(in, newer);
  return address ? address : find(in, name);
}

/* Of a name that exists in two versions, what is implemented comes first: not every _v2 replaces its elder. */
static void (*resolve(const char *name, unsigned int version))(void) {
  for (size_t k = 0; k < sizeof meanings / sizeof meanings[0]; k++)
    if (strcmp(meanings[k].name, name) == 0 && version >= meanings[k].version)
      return find(implemented, meanings[k].symbol);
  void (*address)(void) = find_newest(implemented, name);
  return address ? address : find_newest(unsupported, name);
}

static unsigned int first_version(const char *name) {
  static const struct {
    const char *name;
    unsigned int version;
  } since[] = {
#define SINCE(version, name) {#name, version},
#include "driver_since.def"
#undef SINCE
  };
  enum { OLDEST = 2000 };
  for (size_t k = 0; k < sizeof since / sizeof since[0]; k++)
    if (strcmp(since[k].name, name) == 0) return since[k].version;
  return OLDEST;
}

/* _v2, _v3 and so on name a variant, which is what the version is for. */
static bool has_suffix(const char *name) {
  const char *last = strrchr(name, '_');
  return last && last[1] == 'v' && isdigit((unsigned char)last[2]);
}

static CUdriverProcAddressQueryResult look_up(const char *name, unsigned int version, void (**found)(void)) {
  *found = has_suffix(name) ? NULL : resolve(name, version);
  if (!*found) return CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  if (version >= first_version(name)) return CU_GET_PROC_ADDRESS_SUCCESS;
  *found = NULL;
  return CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
}

/* Versions beyond the driver's own are refused, but for -1. Per-thread default streams are the legacy one here. */
static bool may_ask(int version, uint64_t flags) {
  enum { FLAGS = 3 };
  return flags <= FLAGS && version <= (gpu.configured ? (int)gpu.config.driver_version : INT_MAX);
}

CUresult emu_cuGetProcAddress_v2(const char *symbol, void **address, int version, uint64_t flags,
                                 CUdriverProcAddressQueryResult *status) {
  void (*found)(void);
  if (!symbol || !address || !may_ask(version, flags)) return CUDA_ERROR_INVALID_VALUE;
  const CUdriverProcAddressQueryResult how = look_up(symbol, (unsigned int)version, &found);
  memcpy(address, &found, sizeof found);
  if (status) *status = how;
  return CUDA_SUCCESS;
}

CUresult emu_cuGetProcAddress(const char *symbol, void **address, int version, uint64_t flags) {
  void *found;
  if (!address) return CUDA_ERROR_INVALID_VALUE;
  const CUresult result = emu_cuGetProcAddress_v2(symbol, &found, version, flags, NULL);
  if (result != CUDA_SUCCESS) return result;
  if (found) *address = found;
  return found ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
