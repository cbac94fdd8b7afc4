/* Contexts: the primary one and created ones, and which is current in a thread. */
#include <stdlib.h>
#include <string.h>

#include "driver_call.h"
#include "driver_effects.h"
#include "driver_faults.h"
#include "driver_green.h"
#include "driver_memory.h"
#include "driver_queue.h"

enum { DEPTH = 32, API_VERSION = 3020 };

static struct CUctx_st primary[DEVICES]; /* by the machine's number */
static int retained[DEVICES];
static uint64_t created;
static _Thread_local CUcontext stack[DEPTH];
static _Thread_local int depth;

CUresult need_context(CUcontext *context) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (depth == 0 || !stack[depth - 1]) return CUDA_ERROR_INVALID_CONTEXT;
  if (!stack[depth - 1]->alive) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  if (context) *context = stack[depth - 1];
  return CUDA_SUCCESS;
}

/* Of the ways to wait for the device one at most. */
static bool are_flags(unsigned int flags) {
  const unsigned int waiting = flags & CU_CTX_SCHED_MASK;
  return (flags & ~(unsigned int)CU_CTX_FLAGS_MASK) == 0 && (waiting & (waiting - 1)) == 0;
}

static bool is_context(CUcontext context) { return context && context->magic == MAGIC_CONTEXT; }
static bool is_primary(CUcontext context) { return context == &primary[context->device] || context->green; }

uint64_t context_new_id(void) { return ++created; }

CUcontext context_root(CUcontext context) { return context && context->green ? context->green->primary : context; }

owner context_owner(CUcontext context) { return (owner){context_root(context), context_root(context)->id}; }
bool owner_lives(const owner *o) { return o->context->alive && o->context->id == o->id; }
bool context_is(CUcontext one, CUcontext other) { return context_root(one) == context_root(other); }

/* ---- birth and death, with gpu.lock held ---- */

static CUresult bring_up(CUcontext context, int device, unsigned int flags) {
  if (gpu.contexts[device] == 0 && !memory_charge(device, gpu.config.context_bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
  call_extra(gpu.config.context_create / (gpu.server ? 2 : 1)); /* an MPS server holds the device already */
  gpu.contexts[device]++;
  gpu.slot->seats[device].context = gpu.slot->seats[device].client = true;
  context->magic = MAGIC_CONTEXT;
  context->device = device;
  context->peers = 0;
  context->flags = flags;
  context->on = gpu.on[device];
  context->green = NULL;
  context->id = ++created;
  context->streams = NULL;
  context->created = 0;
  context->null_stream = (struct CUstream_st){.magic = MAGIC_STREAM, .context = context};
  context->alive = true;
  effects_start_threads();
  return CUDA_SUCCESS;
}

static void take_down(CUcontext context) {
  queue_wait(gpu.slot->head, (scope)context->device);
  call_extra(gpu.config.context_destroy);
  memory_release_context(context);
  while (context->streams) {
    CUstream s = context->streams;
    context->streams = s->next;
    stream_free(s);
  }
  context->alive = false;
  if (--gpu.contexts[context->device] > 0) return;
  fault_forget(); /* all contexts of the process had it */
  gpu.slot->seats[context->device].context = false;
  gpu.slot->seats[context->device].client = clock_virtual != NULL;
  memory_charge(context->device, -gpu.config.context_bytes);
}

static CUresult release_primary(int device) {
  if (retained[device] == 0) return CUDA_ERROR_INVALID_CONTEXT;
  if (--retained[device] == 0 && primary[device].alive) take_down(&primary[device]);
  return CUDA_SUCCESS;
}

/* ---- the primary contexts ---- */

CUresult emu_cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice ordinal) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  if (!primary[device].alive) result = bring_up(&primary[device], device, primary[device].flags);
  if (result == CUDA_SUCCESS) {
    retained[device]++;
    *context = &primary[device];
  }
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

CUresult emu_cuDevicePrimaryCtxRelease_v2(CUdevice ordinal) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  result = release_primary(device);
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

/* Those who have retained it release it all the same. */
CUresult emu_cuDevicePrimaryCtxReset_v2(CUdevice ordinal) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  if (primary[device].alive) take_down(&primary[device]);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuDevicePrimaryCtxSetFlags_v2(CUdevice ordinal, unsigned int flags) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (result != CUDA_SUCCESS) return result;
  if (!are_flags(flags)) return CUDA_ERROR_INVALID_VALUE;
  primary[device].flags = flags;
  return CUDA_SUCCESS;
}

CUresult emu_cuDevicePrimaryCtxGetState(CUdevice ordinal, unsigned int *flags, int *active) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (!flags || !active) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  *flags = primary[device].flags;
  *active = primary[device].alive;
  return CUDA_SUCCESS;
}

CUresult emu_cuDevicePrimaryCtxRelease(CUdevice device) { return emu_cuDevicePrimaryCtxRelease_v2(device); }
CUresult emu_cuDevicePrimaryCtxReset(CUdevice device) { return emu_cuDevicePrimaryCtxReset_v2(device); }
CUresult emu_cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned int flags) {
  return emu_cuDevicePrimaryCtxSetFlags_v2(device, flags);
}

/* ---- created contexts ---- */

CUresult emu_cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice ordinal) {
  int device;
  CUresult result = need_device(ordinal, &device);
  if (!context || !are_flags(flags)) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  if (depth == DEPTH) return CUDA_ERROR_OUT_OF_MEMORY;
  CUcontext made = calloc(1, sizeof *made); /* never freed: a thread may still have it current */
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  pthread_mutex_lock(&gpu.lock);
  result = bring_up(made, device, flags);
  pthread_mutex_unlock(&gpu.lock);
  if (result != CUDA_SUCCESS) {
    free(made);
    return result;
  }
  stack[depth++] = made;
  *context = made;
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxCreate_v3(CUcontext *context, void *affinity, int affinities, unsigned int flags, CUdevice device) {
  if (affinity || affinities) return CUDA_ERROR_NOT_SUPPORTED;
  return emu_cuCtxCreate_v2(context, flags, device);
}

CUresult emu_cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *parameters, unsigned int flags, CUdevice device) {
  if (parameters) return CUDA_ERROR_NOT_SUPPORTED;
  return emu_cuCtxCreate_v2(context, flags, device);
}

CUresult emu_cuCtxDestroy_v2(CUcontext context) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  if (!is_context(context) || is_primary(context) || !context->alive) return CUDA_ERROR_INVALID_CONTEXT;
  pthread_mutex_lock(&gpu.lock);
  take_down(context);
  pthread_mutex_unlock(&gpu.lock);
  if (depth > 0 && stack[depth - 1] == context) depth--;
  return CUDA_SUCCESS;
}

/* ---- the current context ---- */

/* A destroyed one becomes current too: what is asked of it then says so. */
CUresult emu_cuCtxSetCurrent(CUcontext context) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (context && !is_context(context)) return CUDA_ERROR_INVALID_CONTEXT;
  if (depth == 0) depth = 1;
  stack[depth - 1] = context;
  if (!context) depth--;
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxGetCurrent(CUcontext *context) {
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  *context = depth > 0 ? stack[depth - 1] : NULL;
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxPushCurrent_v2(CUcontext context) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  if (!is_context(context)) return CUDA_ERROR_INVALID_CONTEXT;
  if (depth == DEPTH) return CUDA_ERROR_OUT_OF_MEMORY;
  stack[depth++] = context;
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxPopCurrent_v2(CUcontext *context) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (depth == 0) return CUDA_ERROR_INVALID_CONTEXT;
  depth--;
  if (context) *context = stack[depth];
  return CUDA_SUCCESS;
}

/* ---- facts about it ---- */

CUresult emu_cuCtxGetDevice(CUdevice *device) {
  const CUresult result = need_context(NULL);
  if (!device) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS && result != CUDA_ERROR_CONTEXT_IS_DESTROYED) return result;
  *device = device_ordinal(stack[depth - 1]->device);
  return CUDA_SUCCESS;
}

/* With unified addresses each maps memory of the host. */
CUresult emu_cuCtxGetFlags(unsigned int *flags) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (!flags) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *flags = context->flags | CU_CTX_MAP_HOST;
  return result;
}

CUresult emu_cuCtxGetApiVersion(CUcontext context, unsigned int *version) {
  CUresult result = context ? CUDA_SUCCESS : need_context(NULL);
  if (!version) return CUDA_ERROR_INVALID_VALUE;
  if (context && !(is_context(context) && context->alive)) return CUDA_ERROR_INVALID_CONTEXT;
  if (result == CUDA_SUCCESS) *version = API_VERSION;
  return result;
}

CUresult emu_cuCtxGetId(CUcontext context, unsigned long long *id) {
  CUcontext own = context;
  CUresult result = context ? CUDA_SUCCESS : need_context(&own);
  if (!id) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  if (!is_context(own)) return CUDA_ERROR_INVALID_CONTEXT;
  *id = own->id;
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  const CUresult result = need_context(NULL);
  if (result != CUDA_SUCCESS) return result;
  if (least) *least = 0;
  if (greatest) *greatest = -5;
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxSynchronize(void) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  if (context->green)
    queue_synchronize(green_marker(context->green), ITEM_ALONE, context->flags);
  else
    queue_synchronize(gpu.slot->head, (scope)context->device, context->flags);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}
