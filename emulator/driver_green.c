/* Green contexts, and the resources that they are made from. */
#include "driver_green.h"

#include <stdlib.h>
#include <string.h>

#include "driver_call.h"
#include "driver_queue.h"

struct CUdevResourceDesc_st {
  uint32_t magic;
  int device;
  sm_set on;
};

/* ---- resources ---- */

/* What we keep in the part of a resource that is the driver's own. */
typedef struct hidden {
  uint32_t magic;
  int32_t device;
  uint64_t split; /* whose result it is; 0 = none's, and it can be split */
  sm_set on;
} hidden;

static hidden look_into(const CUdevResource *r) {
  hidden found;
  memcpy(&found, r->_internal_padding, sizeof found);
  return found;
}

/* Smallest partition and step, by architecture ("Green Contexts" in the CUDA Driver API). The flag's are pairs. */
static unsigned int granularity(bool smallest, bool fine) {
  int64_t capability = gpu.config.compute_capability;
  if (fine || capability < 80) return 2;
  return capability >= 90 ? 8 : smallest ? 4 : 2;
}

static void describe(CUdevResource *r, int device, uint64_t split, const sm_set *on) {
  const hidden kept = {MAGIC_RESOURCE, device, split, *on};
  memset(r, 0, sizeof *r);
  if (set_is_empty(on)) return; /* CU_DEV_RESOURCE_TYPE_INVALID */
  r->type = CU_DEV_RESOURCE_TYPE_SM;
  r->sm = (CUdevSmResource){(unsigned int)set_count(on), granularity(true, false), granularity(false, false)};
  memcpy(r->_internal_padding, &kept, sizeof kept);
}

/* All that this process may use of a device. */
static sm_set whole(int device) {
  sm_set all = gpu.on[device];
  if (set_is_empty(&all)) set_add(&all, 0, (int)gpu.sms[device]);
  return all;
}

static CUresult resource_of(int device, const sm_set *on, CUdevResource *resource, CUdevResourceType type) {
  if (!resource) return CUDA_ERROR_INVALID_VALUE;
  if (type != CU_DEV_RESOURCE_TYPE_SM) return CUDA_ERROR_INVALID_RESOURCE_TYPE;
  if (gpu.sms[device] > SET_MOST) return CUDA_ERROR_NOT_SUPPORTED;
  const sm_set all = whole(device);
  describe(resource, device, 0, set_is_empty(on) ? &all : on);
  return CUDA_SUCCESS;
}

CUresult emu_cuDeviceGetDevResource(CUdevice ordinal, CUdevResource *resource, CUdevResourceType type) {
  int device;
  CUresult result = need_device(ordinal, &device);
  return result == CUDA_SUCCESS ? resource_of(device, &gpu.on[device], resource, type) : result;
}

CUresult emu_cuCtxGetDevResource(CUcontext context, CUdevResource *resource, CUdevResourceType type) {
  CUresult result = CUDA_SUCCESS;
  if (!context) result = need_context(&context);
  if (result != CUDA_SUCCESS) return result;
  if (context->magic != MAGIC_CONTEXT || !context->alive) return CUDA_ERROR_INVALID_CONTEXT;
  return resource_of(context->device, &context->on, resource, type);
}

static bool is_green(CUgreenCtx green) { return green && green->magic == MAGIC_GREEN && green->context.alive; }

CUresult emu_cuGreenCtxGetDevResource(CUgreenCtx green, CUdevResource *resource, CUdevResourceType type) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!is_green(green)) return CUDA_ERROR_INVALID_CONTEXT;
  return resource_of(green->context.device, &green->context.on, resource, type);
}

static CUresult need_resource(const CUdevResource *r, hidden *found) {
  if (!r) return CUDA_ERROR_INVALID_VALUE;
  if (r->type != CU_DEV_RESOURCE_TYPE_SM) return CUDA_ERROR_INVALID_RESOURCE_TYPE;
  *found = look_into(r);
  return found->magic == MAGIC_RESOURCE ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* Groups of `size`, from the first multiprocessor on: two splits of one resource overlap. */
static void cut(const hidden *of, unsigned int size, unsigned int groups, CUdevResource *result,
                CUdevResource *remaining) {
  static uint64_t splits;
  const uint64_t split = __atomic_add_fetch(&splits, 1, __ATOMIC_RELAXED);
  const unsigned int step = gpu.config.split_overlaps ? size / 2 : size, used = groups * size;
  for (unsigned int k = 0; k < groups; k++) {
    sm_set part = set_part(&of->on, (int)(k * step), (int)size);
    describe(&result[k], of->device, split, &part);
  }
  if (!remaining) return;
  sm_set rest = set_part(&of->on, (int)used, set_count(&of->on) - (int)used);
  describe(remaining, of->device, split, &rest);
}

CUresult emu_cuDevSmResourceSplitByCount(CUdevResource *result, unsigned int *groups, const CUdevResource *input,
                                         CUdevResource *remaining, unsigned int flags, unsigned int minimum) {
  hidden of;
  CUresult found = need_resource(input, &of);
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (found != CUDA_SUCCESS) return found;
  if (flags & CU_DEV_SM_RESOURCE_SPLIT_MAX_POTENTIAL_CLUSTER_SIZE) return CUDA_ERROR_NOT_SUPPORTED;
  const bool fine = flags & CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING;
  const unsigned int all = (unsigned int)set_count(&of.on), step = granularity(false, fine);
  if (!groups || (result && *groups == 0) || flags > 3 || minimum > all) return CUDA_ERROR_INVALID_VALUE;
  unsigned int size = (minimum + step - 1) / step * step;
  if (size < granularity(true, fine)) size = granularity(true, fine);
  if (of.split != 0 || size > all) return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
  if (!result || *groups > all / size) *groups = all / size;
  if (result) cut(&of, size, *groups, result, remaining);
  return CUDA_SUCCESS;
}

/* Several must come from one split of one device. */
static CUresult join(const CUdevResource *resources, unsigned int count, hidden *into) {
  CUresult result = need_resource(&resources[0], into);
  for (unsigned int k = 1; result == CUDA_SUCCESS && k < count; k++) {
    hidden next;
    result = need_resource(&resources[k], &next);
    if (result != CUDA_SUCCESS) break;
    if (next.device != into->device || next.split != into->split || next.split == 0)
      return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
    into->on = set_union(&into->on, &next.on);
  }
  return result;
}

/* Never freed: CUDA has no call for that. */
CUresult emu_cuDevResourceGenerateDesc(CUdevResourceDesc *description, CUdevResource *resources, unsigned int count) {
  hidden all;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!description || !resources || count == 0) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = join(resources, count, &all);
  if (result != CUDA_SUCCESS) return result;
  CUdevResourceDesc made = calloc(1, sizeof *made);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  *made = (struct CUdevResourceDesc_st){MAGIC_RESOURCE, all.device, all.on};
  *description = made;
  return CUDA_SUCCESS;
}

/* ---- contexts ---- */

/* Never freed: a thread may still have it current, and streams of it may outlive it. */
static CUgreenCtx make(CUcontext primary, const sm_set *on) {
  CUgreenCtx made = calloc(1, sizeof *made);
  if (!made) return NULL;
  CUcontext context = &made->context;
  made->magic = MAGIC_GREEN;
  made->primary = primary;
  *context = (struct CUctx_st){.magic = MAGIC_CONTEXT,
                               .alive = true,
                               .device = primary->device,
                               .flags = primary->flags,
                               .id = context_new_id(),
                               .on = *on,
                               .green = made};
  context->null_stream = (struct CUstream_st){.magic = MAGIC_STREAM, .context = context};
  made->gate = made->gatherer = context->null_stream;
  made->gate.flags = made->gatherer.flags = CU_STREAM_NON_BLOCKING;
  return made;
}

/* NULL: all of the device. */
static bool is_for(CUdevResourceDesc description, int device) {
  return !description || (description->magic == MAGIC_RESOURCE && description->device == device);
}

CUresult emu_cuGreenCtxCreate(CUgreenCtx *green, CUdevResourceDesc description, CUdevice ordinal, unsigned int flags) {
  int device;
  CUcontext primary;
  CUresult result = need_device(ordinal, &device);
  if (result != CUDA_SUCCESS) return result;
  if (!green || !is_for(description, device) || flags != CU_GREEN_CTX_DEFAULT_STREAM) return CUDA_ERROR_INVALID_VALUE;
  result = emu_cuDevicePrimaryCtxRetain(&primary, ordinal);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  *green = make(primary, description ? &description->on : &gpu.on[device]);
  pthread_mutex_unlock(&gpu.lock);
  if (*green) return CUDA_SUCCESS;
  emu_cuDevicePrimaryCtxRelease_v2(ordinal);
  return CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult emu_cuGreenCtxDestroy(CUgreenCtx green) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!is_green(green)) return CUDA_ERROR_INVALID_CONTEXT;
  pthread_mutex_lock(&gpu.lock);
  queue_wait(green_marker(green), ITEM_ALONE);
  green->context.alive = false;
  pthread_mutex_unlock(&gpu.lock);
  return emu_cuDevicePrimaryCtxRelease_v2(device_ordinal(green->context.device));
}

CUresult emu_cuCtxFromGreenCtx(CUcontext *context, CUgreenCtx green) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  if (!is_green(green)) return CUDA_ERROR_INVALID_CONTEXT;
  *context = &green->context;
  return CUDA_SUCCESS;
}

CUresult emu_cuGreenCtxGetId(CUgreenCtx green, unsigned long long *id) {
  CUcontext context;
  if (!id) return CUDA_ERROR_INVALID_VALUE;
  if (!green && need_context(&context) == CUDA_SUCCESS) green = context->green;
  if (!is_green(green)) return CUDA_ERROR_INVALID_CONTEXT;
  *id = green->context.id;
  return CUDA_SUCCESS;
}

/* ---- streams and events ---- */

CUresult emu_cuGreenCtxStreamCreate(CUstream *stream, CUgreenCtx green, unsigned int flags, int priority) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!is_green(green)) return CUDA_ERROR_INVALID_CONTEXT;
  if (!stream || flags != CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = stream_create(&green->context, stream, flags, priority);
  if (result == CUDA_SUCCESS) (*stream)->last = green->gate.last;
  return result;
}

CUresult emu_cuStreamGetGreenCtx(CUstream handle, CUgreenCtx *green) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (!green) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *green = stream->context->green;
  return result;
}

uint64_t green_marker(CUgreenCtx green) {
  queue_after(&green->gatherer, green->context.null_stream.last);
  for (CUstream s = green->context.streams; s; s = s->next) queue_after(&green->gatherer, s->last);
  return queue_marker(&green->gatherer, NULL);
}

CUresult emu_cuGreenCtxRecordEvent(CUgreenCtx green, CUevent event) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!is_green(green)) return CUDA_ERROR_INVALID_CONTEXT;
  const CUresult result = need_event(event);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  green_marker(green);
  event_mark(event, &green->gatherer);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

static void hold_back(CUgreenCtx green, uint64_t serial) {
  queue_after(&green->gate, serial);
  queue_marker(&green->gate, NULL);
  queue_after(&green->context.null_stream, green->gate.last);
  for (CUstream s = green->context.streams; s; s = s->next) queue_after(s, green->gate.last);
}

CUresult emu_cuGreenCtxWaitEvent(CUgreenCtx green, CUevent event) {
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!is_green(green)) return CUDA_ERROR_INVALID_CONTEXT;
  const CUresult result = need_event(event);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  if (event->serial) hold_back(green, event->serial);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}
