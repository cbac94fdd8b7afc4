/* Streams and events. */
#include <stdlib.h>
#include <string.h>

#include "driver_call.h"
#include "driver_queue.h"

enum { LOWEST_PRIORITY = 0, HIGHEST_PRIORITY = -5 };

CUresult context_stream(CUstream handle, CUstream *stream) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (result != CUDA_SUCCESS) return result;
  if (!handle || handle == CU_STREAM_LEGACY || handle == CU_STREAM_PER_THREAD) {
    *stream = &context->null_stream;
    return CUDA_SUCCESS;
  }
  if (handle->magic != MAGIC_STREAM) return CUDA_ERROR_INVALID_HANDLE;
  if (!handle->context->alive) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  *stream = handle;
  return CUDA_SUCCESS;
}

CUresult stream_create(CUcontext context, CUstream *stream, unsigned int flags, int priority) {
  CUstream made = calloc(1, sizeof *made);
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
  pthread_mutex_unlock(&gpu.lock);
  stream->magic = 0;
  free(stream);
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

/* ---- events ---- */

/* The marker of an earlier record must not report to it any more. */
static void forget_marker(CUevent event) {
  work *w = &gpu.works[event->serial % QUEUE];
  if (event->serial && w->event == event) w->event = NULL;
  event->serial = 0;
}

CUresult emu_cuEventCreate(CUevent *event, unsigned int flags) {
  CUresult result = need_context(NULL);
  if (!event || flags > 7) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  *event = calloc(1, sizeof **event);
  if (!*event) return CUDA_ERROR_OUT_OF_MEMORY;
  (*event)->magic = MAGIC_EVENT;
  (*event)->flags = flags;
  return CUDA_SUCCESS;
}

CUresult emu_cuEventDestroy_v2(CUevent event) {
  if (!is_event(event)) return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&gpu.lock);
  forget_marker(event);
  pthread_mutex_unlock(&gpu.lock);
  event->magic = 0;
  free(event);
  return CUDA_SUCCESS;
}

void event_mark(CUevent event, CUstream stream) {
  forget_marker(event);
  event->serial = queue_marker(stream, event);
  event->recorded = true;
}

CUresult emu_cuEventRecord(CUevent event, CUstream handle) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS) return result;
  if (!is_event(event)) return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&gpu.lock);
  event_mark(event, stream);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned int flags) {
  return flags ? CUDA_ERROR_NOT_SUPPORTED : emu_cuEventRecord(event, stream);
}

/* Whether it is complete; then its time is final. */
static bool settle_event(CUevent event) {
  if (event->serial == 0) return true;
  int64_t begin, end;
  uint64_t serial = event->serial;
  if (!queue_ended(serial)) return false;
  queue_times(serial, &begin, &end);
  forget_marker(event);
  event->time = end;
  return true;
}

CUresult emu_cuEventQuery(CUevent event) {
  if (!is_event(event)) return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&gpu.lock);
  bool complete = settle_event(event);
  pthread_mutex_unlock(&gpu.lock);
  return complete ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CUresult emu_cuEventSynchronize(CUevent event) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (result != CUDA_SUCCESS) return result;
  if (!is_event(event)) return CUDA_ERROR_INVALID_HANDLE;
  unsigned int flags = event->flags & CU_EVENT_BLOCKING_SYNC ? CU_CTX_SCHED_BLOCKING_SYNC : context->flags;
  pthread_mutex_lock(&gpu.lock);
  if (event->serial) queue_synchronize(event->serial, ITEM_ALONE, flags);
  settle_event(event);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuStreamWaitEvent(CUstream handle, CUevent event, unsigned int flags) {
  CUstream stream;
  CUresult result = context_stream(handle, &stream);
  if (flags > 1) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  if (!is_event(event)) return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&gpu.lock);
  if (event->serial) queue_after(stream, event->serial);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuEventElapsedTime(float *milliseconds, CUevent begin, CUevent end) {
  if (!milliseconds) return CUDA_ERROR_INVALID_VALUE;
  if (!is_event(begin) || !is_event(end)) return CUDA_ERROR_INVALID_HANDLE;
  if (!begin->recorded || !end->recorded || (begin->flags | end->flags) & CU_EVENT_DISABLE_TIMING)
    return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&gpu.lock);
  bool complete = settle_event(begin) && settle_event(end);
  pthread_mutex_unlock(&gpu.lock);
  if (!complete) return CUDA_ERROR_NOT_READY;
  *milliseconds = (float)((double)(end->time - begin->time) / 1e6);
  return CUDA_SUCCESS;
}

CUresult emu_cuEventElapsedTime_v2(float *milliseconds, CUevent begin, CUevent end) {
  return emu_cuEventElapsedTime(milliseconds, begin, end);
}
