/* Graphs of kernel nodes, launched as a chain in the order in which the nodes were added. */
#include <stdlib.h>
#include <string.h>

#include "driver_call.h"
#include "driver_launch.h"

enum { MAGIC_GRAPH = 0x47525048, MAGIC_EXEC = 0x47455845 };

struct CUgraphNode_st {
  launch launch;
  CUgraphNode next;
};

struct CUgraph_st {
  uint32_t magic;
  CUgraphNode first, last;
  size_t count;
};

struct CUgraphExec_st {
  uint32_t magic;
  size_t count;
  launch launches[];
};

CUresult emu_cuGraphCreate(CUgraph *graph, unsigned int flags) {
  if (!graph || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  *graph = calloc(1, sizeof **graph);
  if (!*graph) return CUDA_ERROR_OUT_OF_MEMORY;
  (*graph)->magic = MAGIC_GRAPH;
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphDestroy(CUgraph graph) {
  if (!graph || graph->magic != MAGIC_GRAPH) return CUDA_ERROR_INVALID_VALUE;
  for (CUgraphNode n = graph->first; n;) {
    CUgraphNode next = n->next;
    free(n);
    n = next;
  }
  graph->magic = 0;
  free(graph);
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count,
                                  const CUDA_KERNEL_NODE_PARAMS_v1 *p) {
  if (!node || !graph || graph->magic != MAGIC_GRAPH || !p || (count > 0 && !after)) return CUDA_ERROR_INVALID_VALUE;
  shape s = {{p->gridDimX, p->gridDimY, p->gridDimZ}, {p->blockDimX, p->blockDimY, p->blockDimZ}};
  CUgraphNode made = calloc(1, sizeof *made);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  CUresult result = launch_prepare(p->func, &s, p->kernelParams, p->extra, &made->launch);
  if (result != CUDA_SUCCESS) {
    free(made);
    return result;
  }
  if (graph->last)
    graph->last->next = made;
  else
    graph->first = made;
  graph->last = made;
  graph->count++;
  *node = made;
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count,
                                     const CUDA_KERNEL_NODE_PARAMS_v2 *p) {
  if (!p) return CUDA_ERROR_INVALID_VALUE;
  if (!p->func) return CUDA_ERROR_NOT_SUPPORTED; /* by CUkernel */
  CUDA_KERNEL_NODE_PARAMS_v1 same = {p->func,      p->gridDimX,  p->gridDimY,       p->gridDimZ,     p->blockDimX,
                                     p->blockDimY, p->blockDimZ, p->sharedMemBytes, p->kernelParams, p->extra};
  return emu_cuGraphAddKernelNode(node, graph, after, count, &same);
}

CUresult emu_cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  if (!graph || graph->magic != MAGIC_GRAPH || !count) return CUDA_ERROR_INVALID_VALUE;
  size_t k = 0;
  for (CUgraphNode n = graph->first; nodes && n && k < *count; n = n->next) nodes[k++] = n;
  *count = nodes ? k : graph->count;
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
  (void)flags;
  if (!exec || !graph || graph->magic != MAGIC_GRAPH) return CUDA_ERROR_INVALID_VALUE;
  CUgraphExec made = calloc(1, sizeof *made + graph->count * sizeof made->launches[0]);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  made->magic = MAGIC_EXEC;
  for (CUgraphNode n = graph->first; n; n = n->next) made->launches[made->count++] = n->launch;
  *exec = made;
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *failed, char *log, size_t length) {
  if (failed) *failed = NULL;
  if (log && length > 0) log[0] = 0;
  return emu_cuGraphInstantiateWithFlags(exec, graph, 0);
}

CUresult emu_cuGraphInstantiate(CUgraphExec *exec, CUgraph graph, CUgraphNode *failed, char *log, size_t length) {
  return emu_cuGraphInstantiate_v2(exec, graph, failed, log, length);
}

CUresult emu_cuGraphUpload(CUgraphExec exec, CUstream handle) {
  CUstream stream;
  if (!exec || exec->magic != MAGIC_EXEC) return CUDA_ERROR_INVALID_VALUE;
  return context_stream(handle, &stream);
}

CUresult emu_cuGraphLaunch(CUgraphExec exec, CUstream handle) {
  CUstream stream;
  if (!exec || exec->magic != MAGIC_EXEC) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  for (size_t k = 0; k < exec->count; k++) launch_submit(stream, &exec->launches[k]);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphExecDestroy(CUgraphExec exec) {
  if (!exec || exec->magic != MAGIC_EXEC) return CUDA_ERROR_INVALID_VALUE;
  exec->magic = 0;
  free(exec);
  return CUDA_SUCCESS;
}
