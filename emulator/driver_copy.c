/* Copies and fills. */
#include <math.h>
#include <string.h>

#include "driver_call.h"
#include "driver_effects.h"
#include "driver_memory.h"
#include "driver_queue.h"
#include "driver_traffic.h"

enum { CHUNK = 64 * KIB, LIGHT_BYTES = 16 * KIB, PAGE = 4096 };

/* What an address is, and how much of it may be copied. */
typedef struct place {
  memory *memory; /* NULL: pageable host memory */
  bool device;
} place;

static bool locate(uint64_t address, uint64_t bytes, place *p) {
  p->memory = memory_find(address, bytes);
  p->device = p->memory && p->memory->kind != MEMORY_HOST && p->memory->kind != MEMORY_REGISTERED;
  return p->memory || (address && !memory_block(address)); /* in a mapping of ours, not in an allocation: invalid */
}

/* Only a changed destination counts as written, so that the same input, copied again, leaves computed results valid. */
static void run_copy(work *w) {
  char *to = (char *)(uintptr_t)w->copy.to;
  const char *from = (const char *)(uintptr_t)w->copy.from;
  bool changed = false;
  for (uint64_t done = 0; done < w->copy.bytes; done += CHUNK) {
    size_t n = w->copy.bytes - done < CHUNK ? (size_t)(w->copy.bytes - done) : CHUNK;
    if (memcmp(to + done, from + done, n) == 0) continue;
    memmove(to + done, from + done, n);
    changed = true;
  }
  if (changed && w->touches[0]) memory_touch(w->touches[0]);
}

static void run_fill(work *w) {
  const fill *f = &w->fill;
  if (f->width == 1)
    memset((void *)(uintptr_t)f->to, (int)f->value, f->count);
  else
    for (uint64_t k = 0; k < f->count; k++) ((uint32_t *)(uintptr_t)f->to)[k] = f->value;
  memory_touch(w->touches[0]);
}

static int64_t transfer(double bytes, double bandwidth) {
  return noisy(gpu.config.copy_latency + (int64_t)llround(bytes / bandwidth * 1e9 / gpu.config.rate));
}

/* From one device to another: through a port of each, NVLink's where there is one, else through their links to the
 * host; staged there unless peers reach each other and access was enabled. */
static item peer_item(CUcontext context, int to, int from, double bytes) {
  const config *c = &gpu.config;
  bool direct = c->peer_access && context->peers >> (to == context->device ? from : to) & 1;
  bool linked = direct && c->nvlinks > 0;
  double host = link_host_rate(c), rate = direct ? link_peer_rate(c, to, from) : host;
  return (item){
      .engine = ENGINE_PEER,
      .share = fmin(1.0, rate / (linked ? (double)c->peer_bandwidth : host)),
      .port = {machine_port(from, linked ? PORT_OUT : PORT_D2H), machine_port(to, linked ? PORT_IN : PORT_H2D)},
      .cost = transfer(bytes, rate) + c->peer_latency};
}

/* Between host and device; what goes from host to host crosses the link too. */
static item host_item(CUcontext context, const place *to, const place *from, double bytes) {
  const config *c = &gpu.config;
  double link = (double)(to->device ? c->h2d_bandwidth : c->d2h_bandwidth);
  double rate = to->memory && from->memory ? link : fmin(link, (double)c->pageable_bandwidth);
  int device = to->device ? to->memory->device : from->device ? from->memory->device : context->device;
  return (item){.engine = to->device ? ENGINE_H2D : ENGINE_D2H,
                .share = rate / link,
                .port = {machine_port(device_facts(device)->parent, to->device ? PORT_H2D : PORT_D2H)},
                .cost = transfer(bytes, rate)};
}

static item copy_item(CUcontext context, const place *to, const place *from, uint64_t bytes) {
  if (!to->device || !from->device) return host_item(context, to, from, (double)bytes);
  if (to->memory->device != from->memory->device)
    return peer_item(context, to->memory->device, from->memory->device, (double)bytes);
  double bandwidth = (double)device_facts(to->memory->device)->dram_bandwidth;
  item i = {.engine = ENGINE_COMPUTE, .share = 1.0, .cost = transfer(2.0 * (double)bytes, bandwidth)};
  traffic_copy(2.0 * (double)bytes, (double)bytes, i.cost, &i.moves);
  return i;
}

/* The fault corrupt_copy: this one loses its last page. Copies inside a device do not count. */
static uint64_t delivered(const place *to, const place *from, uint64_t bytes) {
  static int64_t copies;
  bool inside = to->device == from->device && (!to->device || to->memory->device == from->memory->device);
  if (inside || ++copies != gpu.config.corrupt_copy) return bytes;
  return bytes > PAGE ? bytes - PAGE : 0;
}

/* Pageable memory may be reused by the application as soon as the call returns. */
static CUresult copy_on(CUstream stream, uint64_t to, uint64_t from, uint64_t bytes, bool wait) {
  place target, source;
  if (!locate(to, bytes, &target) || !locate(from, bytes, &source)) return CUDA_ERROR_INVALID_VALUE;
  item i = copy_item(stream->context, &target, &source, bytes);
  bool pageable = !target.memory || !source.memory;
  work w = {.run = run_copy,
            .light = bytes <= LIGHT_BYTES,
            .copy = {to, from, delivered(&target, &source, bytes)},
            .touches = {target.memory, source.memory}};
  uint64_t serial = queue_submit(stream, &i, &w);
  if (wait || !target.memory)
    queue_synchronize(serial, ITEM_ALONE, stream->context->flags);
  else if (pageable)
    effects_finish(serial, ITEM_ALONE);
  return CUDA_SUCCESS;
}

static CUresult copy_checked(CUstream handle, uint64_t to, uint64_t from, uint64_t bytes, bool wait, bool to_device,
                             bool from_device) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS || bytes == 0) return result;
  pthread_mutex_lock(&gpu.lock);
  if ((to_device && !memory_find(to, bytes)) || (from_device && !memory_find(from, bytes)))
    result = CUDA_ERROR_INVALID_VALUE;
  else
    result = copy_on(stream, to, from, bytes, wait);
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

#define HOST(pointer) ((uint64_t)(uintptr_t)(pointer))

CUresult emu_cuMemcpy(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
  return copy_checked(NULL, destination, source, bytes, true, false, false);
}
CUresult emu_cuMemcpyAsync(CUdeviceptr destination, CUdeviceptr source, size_t bytes, CUstream stream) {
  return copy_checked(stream, destination, source, bytes, false, false, false);
}
CUresult emu_cuMemcpyHtoD_v2(CUdeviceptr destination, const void *source, size_t bytes) {
  return copy_checked(NULL, destination, HOST(source), bytes, true, true, false);
}
CUresult emu_cuMemcpyDtoH_v2(void *destination, CUdeviceptr source, size_t bytes) {
  return copy_checked(NULL, HOST(destination), source, bytes, true, false, true);
}
CUresult emu_cuMemcpyDtoD_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
  return copy_checked(NULL, destination, source, bytes, false, true, true);
}
CUresult emu_cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void *source, size_t bytes, CUstream stream) {
  return copy_checked(stream, destination, HOST(source), bytes, false, true, false);
}
CUresult emu_cuMemcpyDtoHAsync_v2(void *destination, CUdeviceptr source, size_t bytes, CUstream stream) {
  return copy_checked(stream, HOST(destination), source, bytes, false, false, true);
}
CUresult emu_cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes, CUstream stream) {
  return copy_checked(stream, destination, source, bytes, false, true, true);
}

/* Where both memories are follows from their addresses; the contexts name what they must be of. */
static CUresult copy_between(CUdeviceptr destination, CUcontext to, CUdeviceptr source, CUcontext from, size_t bytes,
                             CUstream stream, bool wait) {
  CUresult result = need_context(NULL);
  if (result != CUDA_SUCCESS) return result;
  if (!to || !from || to->magic != MAGIC_CONTEXT || from->magic != MAGIC_CONTEXT) return CUDA_ERROR_INVALID_CONTEXT;
  return copy_checked(stream, destination, source, bytes, wait, true, true);
}

CUresult emu_cuMemcpyPeer(CUdeviceptr destination, CUcontext to, CUdeviceptr source, CUcontext from, size_t bytes) {
  return copy_between(destination, to, source, from, bytes, NULL, true);
}
CUresult emu_cuMemcpyPeerAsync(CUdeviceptr destination, CUcontext to, CUdeviceptr source, CUcontext from, size_t bytes,
                               CUstream stream) {
  return copy_between(destination, to, source, from, bytes, stream, false);
}

static CUresult fill_on(CUstream handle, const fill *f) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  uint64_t bytes = f->count * (uint64_t)f->width;
  if (result != CUDA_SUCCESS || bytes == 0) return result;
  if (f->to % (uint64_t)f->width) return CUDA_ERROR_INVALID_VALUE;
  item i = {.engine = ENGINE_COMPUTE,
            .share = 1.0,
            .cost = transfer((double)bytes, (double)device_facts(stream->context->device)->dram_bandwidth)};
  work w = {.run = run_fill, .light = bytes <= LIGHT_BYTES, .fill = *f};
  traffic_copy((double)bytes, (double)bytes, i.cost, &i.moves);
  pthread_mutex_lock(&gpu.lock);
  w.touches[0] = memory_find(f->to, bytes);
  if (w.touches[0])
    queue_submit(stream, &i, &w);
  else
    result = CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_unlock(&gpu.lock);
  return result;
}

CUresult emu_cuMemsetD8Async(CUdeviceptr destination, unsigned char value, size_t count, CUstream stream) {
  return fill_on(stream, &(fill){destination, count, value, 1});
}
CUresult emu_cuMemsetD32Async(CUdeviceptr destination, unsigned int value, size_t count, CUstream stream) {
  return fill_on(stream, &(fill){destination, count, value, 4});
}
CUresult emu_cuMemsetD8_v2(CUdeviceptr destination, unsigned char value, size_t count) {
  return emu_cuMemsetD8Async(destination, value, count, NULL);
}
CUresult emu_cuMemsetD32_v2(CUdeviceptr destination, unsigned int value, size_t count) {
  return emu_cuMemsetD32Async(destination, value, count, NULL);
}
