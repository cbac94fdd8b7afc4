/* Streams. */
#include <stdlib.h>

#include "driver_call.h"
#include "driver_queue.h"

enum { LOWEST_PRIORITY = 0, HIGHEST_PRIORITY = -5 };

static CUstream spare;

CUresult context_stream(CUstream handle, CUstream *stream) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (result != CUDA_SUCCESS) return result;
  if (!handle || handle == CU_STREAM_LEGACY || handle == CU_STREAM_PER_THREAD) {
    *stream = &context->null_stream;
    return CUDA_SUCCESS;
  }
  if (handle->magic != MAGIC_STREAM) return CUDA_ERROR_INVALID_CONTEXT;
  if (!handle->context->alive) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  *stream = handle;
  return CUDA_SUCCESS;
}

void stream_free(CUstream stream) {
  stream->magic = 0;
  stream->next = spare;
  spare = stream;
}

static CUstream new_stream(void) {
  CUstream made = spare;
  if (!made) return calloc(1, sizeof *made);
  spare = made->next;
  *made = (struct CUstream_st){0};
  return made;
}

CUresult stream_create(CUcontext context, CUstream *stream, unsigned int flags, int priority) {
  pthread_mutex_lock(&gpu.lock);
  CUstream made = new_stream();
  pthread_mutex_unlock(&gpu.lock);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  made->magic = MAGIC_STREAM;
  made->context = context;
  made->flags = flags;
  made->priority = priority > LOWEST_PRIORITY    ? LOWEST_PRIORITY
                   : priority < HIGHEST_PRIORITY ? HIGHEST_PRIORITY
                                                 : priority;
  pthread_mutex_lock(&gpu.lock);
  made->queue = ++context->created % gpu.queues;
  made->next = context->streams;
  context->streams = made;
  pthread_mutex_unlock(&gpu.lock);
  *stream = made;
  return CUDA_SUCCESS;
}

CUresult emu_cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (!stream || flags > CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
  return result == CUDA_SUCCESS ? stream_create(context, stream, flags, priority) : result;
}

CUresult emu_cuStreamCreate(CUstream *stream, unsigned int flags) {
  return emu_cuStreamCreateWithPriority(stream, flags, 0);
}

/* Its work goes on. */
CUresult emu_cuStreamDestroy_v2(CUstream handle) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS) return result;
  if (stream == &stream->context->null_stream) return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&gpu.lock);
  CUstream *link = &stream->context->streams;
  while (*link && *link != stream) link = &(*link)->next;
  if (*link) *link = stream->next;
  stream_free(stream);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

/* What the legacy stream has to wait for is in other streams too: a marker gathers it. */
static uint64_t last_of(CUstream stream) {
  if (stream == &stream->context->null_stream && stream->context->streams) return queue_marker(stream, NULL);
  return stream->last;
}

CUresult emu_cuStreamSynchronize(CUstream handle) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  queue_synchronize(last_of(stream), ITEM_ALONE, stream->context->flags);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuStreamQuery(CUstream handle) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  bool ended = queue_ended(stream->last);
  if (ended) stream->last = 0; /* the next query need not look at the machine */
  pthread_mutex_unlock(&gpu.lock);
  return ended ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CUresult emu_cuStreamGetPriority(CUstream handle, int *priority) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (!priority) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *priority = stream->priority;
  return result;
}

CUresult emu_cuStreamGetFlags(CUstream handle, unsigned int *flags) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (!flags) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *flags = stream->flags;
  return result;
}

CUresult emu_cuStreamGetCtx(CUstream handle, CUcontext *context) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *context = stream->context;
  return result;
}

CUresult emu_cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status) {
  CUstream stream;
  if (!status) return CUDA_ERROR_INVALID_VALUE;
  *status = CU_STREAM_CAPTURE_STATUS_NONE;
  return context_stream(handle, &stream);
}

static void call_host(work *w) { w->host.function(w->host.argument); }

CUresult emu_cuLaunchHostFunc(CUstream handle, gvb_host_function *function, void *argument) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (!function) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  item i = {.engine = ENGINE_NONE};
  work w = {.time = WORK_AT_BEGIN, .interactive = true, .run = call_host, .host = {function, argument}};
  pthread_mutex_lock(&gpu.lock);
  queue_submit(stream, &i, &w);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}
