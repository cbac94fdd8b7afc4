/* What devices are to each other: who reaches whose memory. Copies between them are in driver_copy.c. */
#include "driver_call.h"
#include "driver_memory.h"
#include "driver_queue.h"

static uint32_t bit(int device) { return 1u << device; }

bool peer_reaches(CUcontext context, const memory *m) {
  if (m->kind != MEMORY_DEVICE && m->kind != MEMORY_MAPPED) return true;
  if (m->reach & bit(context->device)) return true;
  return m->kind == MEMORY_DEVICE && context_root(context)->peers & bit(m->device);
}

/* Two different devices of the application. */
static CUresult need_pair(CUdevice device, CUdevice peer) {
  CUresult result = need_device(device, NULL);
  if (result == CUDA_SUCCESS) result = need_device(peer, NULL);
  return result == CUDA_SUCCESS && device == peer ? CUDA_ERROR_INVALID_DEVICE : result;
}

CUresult emu_cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer) {
  CUresult result = need_device(device, NULL);
  if (result == CUDA_SUCCESS) result = need_device(peer, NULL);
  if (!can) return CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *can = device != peer && gpu.config.peer_access;
  return result;
}

CUresult emu_cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attribute, CUdevice device, CUdevice peer) {
  CUresult result = need_pair(device, peer);
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS) return result;
  switch ((int)attribute) {
    case CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK:
      *value = 0;
      return CUDA_SUCCESS;
    case CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED:
      *value = gpu.config.peer_access && gpu.config.nvlinks > 0;
      return CUDA_SUCCESS;
    case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED:
      *value = gpu.config.peer_access != 0;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
  }
}

/* The current context, and a peer of another device. */
static CUresult need_peer(CUcontext peer, CUcontext *own) {
  CUresult result = need_context(own);
  if (result != CUDA_SUCCESS) return result;
  if (!peer || peer->magic != MAGIC_CONTEXT || !peer->alive) return CUDA_ERROR_INVALID_CONTEXT;
  *own = context_root(*own);
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags) {
  CUcontext own;
  CUresult result = need_peer(peer, &own);
  if (result != CUDA_SUCCESS) return result;
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (peer->device == own->device) return CUDA_ERROR_INVALID_CONTEXT;
  if (!gpu.config.peer_access) return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
  if (own->peers & bit(peer->device)) return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
  own->peers |= bit(peer->device);
  return CUDA_SUCCESS;
}

CUresult emu_cuCtxDisablePeerAccess(CUcontext peer) {
  CUcontext own;
  CUresult result = need_peer(peer, &own);
  if (result != CUDA_SUCCESS) return result;
  if (!(own->peers & bit(peer->device))) return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
  own->peers &= ~bit(peer->device);
  return CUDA_SUCCESS;
}
