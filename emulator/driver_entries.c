/* The exported functions: each is a call around an implementation. */
#include <stdarg.h>

#include "driver_call.h"

/* What stands where a function writes once it has failed, whatever made it fail: so many places, from its first
 * parameter on. All others leave them as they were, unless they say otherwise. */
static const struct {
  int places;
  uint64_t value;
} left[APIS] = {
    [API_cuMemAlloc_v2] = {1, 0},           [API_cuMemAllocPitch_v2] = {1, 0},
    [API_cuMemAllocManaged] = {1, 0},       [API_cuMemAllocAsync] = {1, 0},
    [API_cuMemAllocFromPoolAsync] = {1, 0}, [API_cuMemAllocHost_v2] = {1, 0},
    [API_cuMemHostAlloc] = {1, 0},          [API_cuMemHostGetDevicePointer_v2] = {1, 0},
    [API_cuDeviceTotalMem_v2] = {1, 0},     [API_cuMemGetInfo_v2] = {2, 0},
    [API_cuMemGetAddressRange_v2] = {2, 0}, [API_cuModuleGetGlobal_v2] = {2, 0},
    [API_cuStreamCreate] = {1, UINT64_MAX}, /* no handle, and not NULL */
};

static void leave(const call *c, ...) {
  va_list places;
  if (c->api == API_cuStreamCreate && c->result == CUDA_ERROR_INVALID_VALUE) return; /* it looks at its flags first */
  va_start(places, c);
  for (int k = 0; k < left[c->api].places; k++) {
    uint64_t *place = va_arg(places, uint64_t *);
    if (place) *place = left[c->api].value;
  }
  va_end(places);
}

#define LEAVE(c, ...) leave(c __VA_OPT__(, ) __VA_ARGS__)

/* Each is a hidden entry_NAME with NAME as its exported alias: addresses that we give out ourselves must not be found
 * through the dynamic linker, which would give those of an interposer. */

#define X(name, n, ...)                                                           \
  CUresult entry_##name(GVB_P##n(__VA_ARGS__)) {                                  \
    call c;                                                                       \
    if (call_enter(&c, API_##name)) c.result = emu_##name(GVB_A##n(__VA_ARGS__)); \
    if (c.result != CUDA_SUCCESS) LEAVE(&c, GVB_A##n(__VA_ARGS__));               \
    return call_leave(&c);                                                        \
  }                                                                               \
  GVB_EXPORT CUresult name(GVB_P##n(__VA_ARGS__)) __attribute__((alias("entry_" #name)));
#include "../libgvb/cuda_functions.def"
#undef X

#define UNSUPPORTED(name)                                                \
  CUresult entry_##name(void);                                           \
  CUresult entry_##name(void) {                                          \
    call c;                                                              \
    if (call_enter(&c, API_##name)) c.result = CUDA_ERROR_NOT_SUPPORTED; \
    return call_leave(&c);                                               \
  }                                                                      \
  GVB_EXPORT CUresult name(void) __attribute__((alias("entry_" #name)));
#include "driver_unsupported.def"
#undef UNSUPPORTED
