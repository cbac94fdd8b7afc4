/* Events. */
#include <stdlib.h>

#include "driver_call.h"
#include "driver_queue.h"

static CUevent spare; /* destroyed: their handles stay what they are until the next is made */

CUresult need_event(CUevent event) {
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  if (event->magic != MAGIC_EVENT) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  return owner_lives(&event->owner) ? CUDA_SUCCESS : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

/* The marker of an earlier record must not report to it any more. */
static void forget_marker(CUevent event) {
  work *w = &gpu.works[event->serial % QUEUE];
  if (event->serial && w->event == event) w->event = NULL;
  event->serial = 0;
}

static CUevent new_event(void) {
  pthread_mutex_lock(&gpu.lock);
  CUevent made = spare;
  if (made) spare = made->next;
  pthread_mutex_unlock(&gpu.lock);
  return made ? made : malloc(sizeof *made);
}

/* Other processes see no times. */
static bool are_flags(unsigned int flags) {
  return flags <= 7 && (!(flags & CU_EVENT_INTERPROCESS) || flags & CU_EVENT_DISABLE_TIMING);
}

CUresult emu_cuEventCreate(CUevent *event, unsigned int flags) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (!event || !are_flags(flags)) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  CUevent made = new_event();
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  *made = (struct CUevent_st){.magic = MAGIC_EVENT, .flags = flags, .owner = context_owner(context)};
  *event = made;
  return CUDA_SUCCESS;
}

CUresult emu_cuEventDestroy_v2(CUevent event) {
  const CUresult result = need_event(event);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  forget_marker(event);
  event->magic = 0;
  event->next = spare;
  spare = event;
  pthread_mutex_unlock(&gpu.lock);
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
  if (result == CUDA_SUCCESS) result = need_event(event);
  if (result != CUDA_SUCCESS) return result;
  if (!context_is(event->owner.context, stream->context)) return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&gpu.lock);
  event_mark(event, stream);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

/* The only flag, 1, is for streams that are captured. */
static CUresult check_flags(unsigned int flags) {
  return flags == 0 ? CUDA_SUCCESS : flags == 1 ? CUDA_ERROR_ILLEGAL_STATE : CUDA_ERROR_INVALID_VALUE;
}

CUresult emu_cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned int flags) {
  const CUresult result = check_flags(flags);
  return result == CUDA_SUCCESS ? emu_cuEventRecord(event, stream) : result;
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
  const CUresult result = need_event(event);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  bool complete = settle_event(event);
  pthread_mutex_unlock(&gpu.lock);
  return complete ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CUresult emu_cuEventSynchronize(CUevent event) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (result == CUDA_SUCCESS) result = need_event(event);
  if (result != CUDA_SUCCESS) return result;
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
  if (result == CUDA_SUCCESS) result = check_flags(flags);
  if (result == CUDA_SUCCESS) result = need_event(event);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  if (event->serial) queue_after(stream, event->serial);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

/* Both of one context, recorded, and with times. */
static bool is_pair(CUevent begin, CUevent end) {
  return context_is(begin->owner.context, end->owner.context) && begin->recorded && end->recorded &&
         !((begin->flags | end->flags) & CU_EVENT_DISABLE_TIMING);
}

CUresult emu_cuEventElapsedTime(float *milliseconds, CUevent begin, CUevent end) {
  CUresult result = need_event(begin);
  if (result == CUDA_SUCCESS) result = need_event(end);
  if (result != CUDA_SUCCESS) return result;
  if (!milliseconds || !is_pair(begin, end)) return CUDA_ERROR_INVALID_HANDLE;
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
