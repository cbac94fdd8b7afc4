#include "driver_launch.h"

#include <sched.h>
#include <string.h>

#include "driver_call.h"
#include "driver_faults.h"
#include "driver_memory.h"
#include "driver_queue.h"

static bool is_shape(const shape *s) {
  static const unsigned int most_grid[3] = {0x7fffffff, 65535, 65535}, most_block[3] = {1024, 1024, 64};
  for (int k = 0; k < 3; k++) {
    if (s->grid[k] == 0 || s->grid[k] > most_grid[k]) return false;
    if (s->block[k] == 0 || s->block[k] > most_block[k]) return false;
  }
  return (uint64_t)s->block[0] * s->block[1] * s->block[2] <= BLOCK_THREADS;
}

static uint64_t argument_bytes(char form) { return form == 'f' ? 4 : 8; }

/* The arguments in a buffer, each aligned to its size: CU_LAUNCH_PARAM_BUFFER_POINTER, _BUFFER_SIZE, _END. */
static bool unpack(const kernel *k, void **extra, launch *into) {
  const char *buffer = NULL;
  uint64_t room = 0, at = 0;
  for (; extra[0]; extra += 2) {
    if (extra[0] == (void *)1) buffer = extra[1];
    if (extra[0] == (void *)2) room = *(size_t *)extra[1];
  }
  for (int a = 0; k->form[a]; a++) {
    const uint64_t bytes = argument_bytes(k->form[a]);
    at = (at + bytes - 1) / bytes * bytes;
    if (!buffer || at + bytes > room) return false;
    memcpy(&into->argument[a], buffer + at, bytes);
    at += bytes;
  }
  return true;
}

static bool copy_arguments(const kernel *k, void **parameters, void **extra, launch *into) {
  if (extra) return !parameters && unpack(k, extra, into);
  for (int a = 0; parameters && k->form[a]; a++) memcpy(&into->argument[a], parameters[a], argument_bytes(k->form[a]));
  return parameters != NULL;
}

CUresult launch_prepare(CUfunction function, const shape *s, void **parameters, void **extra, launch *into) {
  if (!function_lives(function)) return CUDA_ERROR_INVALID_HANDLE;
  if (!is_shape(s) || s->shared > function->dynamic || (parameters && extra)) return CUDA_ERROR_INVALID_VALUE;
  const kernel *k = function->kernel;
  if (!k) return CUDA_ERROR_NOT_SUPPORTED;
  memset(into, 0, sizeof *into);
  into->kernel = k;
  into->blocks = (uint64_t)s->grid[0] * s->grid[1] * s->grid[2];
  into->threads = (uint64_t)s->block[0] * s->block[1] * s->block[2];
  if (!copy_arguments(k, parameters, extra, into)) return CUDA_ERROR_INVALID_VALUE;
  if (k->blocks) into->blocks = k->blocks(into);
  return CUDA_SUCCESS;
}

/* Finds what its pointers reach. A bad one faults on the device: the launch succeeds, and the context is lost. */
static bool find_touches(CUcontext context, const launch *l, work *w) {
  for (int a = 0; l->kernel->form[a]; a++) {
    char form = l->kernel->form[a];
    if ((form != 'p' && form != 'n') || (form == 'n' && l->argument[a] == 0)) continue;
    memory *m = memory_find(l->argument[a], l->kernel->extent(l, a));
    if (!m || !peer_reaches(context, m)) return false;
    w->touches[a] = m;
  }
  return true;
}

/* What lies on another device comes over the link. */
static int64_t remote_bound(CUcontext context, const work *w, int64_t duration) {
  const launch *l = &w->launch;
  double crossing = 0; /* ns */
  for (int a = 0; a < TOUCHES; a++) {
    const memory *m = w->touches[a];
    if (!m || m->device == context->device || !peer_reaches(context, m)) continue;
    if (m->kind != MEMORY_DEVICE && m->kind != MEMORY_MAPPED) continue;
    crossing += (double)l->kernel->extent(l, a) / link_peer_rate(&gpu.config, m->device, context->device) * 1e9;
  }
  if (crossing <= 0) return duration;
  int64_t link = gpu.config.peer_latency + (int64_t)crossing;
  return duration > link ? duration : link;
}

/* Where its stream puts it. */
static launch placed(CUstream stream, const launch *l) {
  launch there = *l;
  there.device = stream->context->device;
  there.on = stream->context->on;
  there.sms = set_is_empty(&there.on) ? gpu.sms[there.device] : set_count(&there.on);
  return there;
}

/* How long it takes alone, at best, and what it moves. */
static int64_t duration_alone(const launch *l, traffic *moves) {
  if (l->kernel->duration) return l->kernel->duration(l);
  l->kernel->traffic(l, moves);
  return moves->compute > moves->hit ? moves->compute : moves->hit;
}

void launch_submit(CUstream stream, const launch *prepared) {
  const launch l = placed(stream, prepared);
  const kernel *k = l.kernel;
  item i = {.engine = ENGINE_COMPUTE, .flags = k->flags, .share = kernel_share(&l)};
  work w = {.time = k->time, .light = k->light, .interactive = k->flags & ITEM_OPEN, .run = k->run, .launch = l};
  i.party = stream->context->green ? (uint32_t)stream->context->id : 0;
  i.on = l.on;
  i.room = (double)set_count(&l.on) / (double)device_facts(l.device)->sm_count;
  if (w.interactive) w.cpu = sched_getcpu();
  if (clock_virtual) w.step = k->step;
  const bool good = find_touches(stream->context, &l, &w);
  const int64_t alone = duration_alone(&l, &i.moves);
  const int64_t duration = good ? remote_bound(stream->context, &w, alone) : alone;
  if (!good || duration > alone) i.moves = (traffic){0}; /* the link decides, or the fault */
  i.cost = k->flags & ITEM_WALL ? duration : noisy(duration);
  if (!good)
    fault_of_pointer(&i, &w);
  else if (k->prepare)
    k->prepare(&i, &w);
  i.wave = (double)i.cost / (double)kernel_waves(&l);
  queue_submit(stream, &i, &w);
}

/* Kernel and stream must be of the context that is current. */
static bool is_at_home(CUfunction function, CUstream stream) {
  CUcontext current = NULL;
  need_context(&current);
  return context_is(stream->context, current) && context_is(function->module->owner.context, current);
}

static CUresult launch_on(CUstream handle, CUfunction function, const shape *s, void **parameters, void **extra) {
  CUstream stream;
  launch l;
  CUresult result = context_stream(handle, &stream);
  if (result == CUDA_SUCCESS) result = launch_prepare(function, s, parameters, extra, &l);
  if (result == CUDA_SUCCESS && !is_at_home(function, stream)) result = CUDA_ERROR_INVALID_HANDLE;
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  launch_submit(stream, &l);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
                            unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,
                            CUstream stream, void **parameters, void **extra) {
  shape s = {{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared};
  return launch_on(stream, function, &s, parameters, extra);
}

CUresult emu_cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra) {
  if (!config || (config->numAttrs > 0 && !config->attrs)) return CUDA_ERROR_INVALID_VALUE;
  shape s = {{config->gridDimX, config->gridDimY, config->gridDimZ},
             {config->blockDimX, config->blockDimY, config->blockDimZ},
             config->sharedMemBytes};
  return launch_on(config->hStream, function, &s, parameters, extra);
}
