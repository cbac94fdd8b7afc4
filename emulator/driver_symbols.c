/* cuGetProcAddress: from a static table, never by dlsym, which an interposer would answer in our place. */
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
  int version;
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
static void (*resolve(const char *name, int version))(void) {
  for (size_t k = 0; k < sizeof meanings / sizeof meanings[0]; k++)
    if (strcmp(meanings[k].name, name) == 0 && version >= meanings[k].version)
      return find(implemented, meanings[k].symbol);
  void (*address)(void) = find_newest(implemented, name);
  return address ? address : find_newest(unsupported, name);
}

CUresult emu_cuGetProcAddress_v2(const char *symbol, void **address, int version, uint64_t flags,
                                 CUdriverProcAddressQueryResult *status) {
  (void)flags; /* per-thread default streams are the legacy one here */
  if (!symbol || !address) return CUDA_ERROR_INVALID_VALUE;
  void (*found)(void) = resolve(symbol, version);
  memcpy(address, &found, sizeof found);
  if (status) *status = found ? CU_GET_PROC_ADDRESS_SUCCESS : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  return found || status ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult emu_cuGetProcAddress(const char *symbol, void **address, int version, uint64_t flags) {
  return emu_cuGetProcAddress_v2(symbol, address, version, flags, NULL);
}
