/* Graphs of kernel nodes. What no edge orders may run at the same time: each branch goes through a hardware queue of
 * its own, as far as there are any. A node's dependencies are older than it, so that the order of adding is one of
 * launching. */
#include <stdlib.h>
#include <string.h>

#include "driver_call.h"
#include "driver_launch.h"
#include "driver_queue.h"

enum { MAGIC_GRAPH = 0x47525048, MAGIC_EXEC = 0x47455845 };

struct CUgraphNode_st {
  CUgraph graph;
  launch launch;
  CUgraphNode next;
  size_t index;
  int branch;
  bool is_followed; /* by a node of its branch, or another's */
  uint64_t serial;  /* in an executable graph: of its last launch */
  size_t count;
  size_t after[]; /* indexes */
};

struct CUgraph_st {
  uint32_t magic;
  CUgraphNode first, last;
  size_t count;
  int branches;
};

struct CUgraphExec_st {
  uint32_t magic;
  size_t count, roots, leaves;
  uint64_t last; /* of its launches: one of them is at work at a time */
  CUgraphNode nodes[];
};

CUresult emu_cuGraphCreate(CUgraph *graph, unsigned int flags) {
  if (!graph || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu.initialized) return CUDA_ERROR_NOT_INITIALIZED;
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

static bool are_nodes(CUgraph graph, const CUgraphNode *after, size_t count) {
  for (size_t k = 0; k < count; k++) {
    if (!after[k] || after[k]->graph != graph) return false;
    for (size_t other = 0; other < k; other++)
      if (after[other] == after[k]) return false;
  }
  return true;
}

/* The first that follows a node goes on in its branch. */
static void connect(CUgraphNode made, const CUgraphNode *after, size_t count) {
  bool goes_on = count > 0 && !after[0]->is_followed;
  made->branch = goes_on ? after[0]->branch : made->graph->branches++;
  made->count = count;
  for (size_t k = 0; k < count; k++) {
    made->after[k] = after[k]->index;
    after[k]->is_followed = true;
  }
}

static void append(CUgraph graph, CUgraphNode made) {
  made->index = graph->count++;
  if (graph->last)
    graph->last->next = made;
  else
    graph->first = made;
  graph->last = made;
}

CUresult emu_cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count,
                                  const CUDA_KERNEL_NODE_PARAMS_v1 *p) {
  if (!node || !graph || graph->magic != MAGIC_GRAPH || !p || (count > 0 && !after)) return CUDA_ERROR_INVALID_VALUE;
  if (!are_nodes(graph, after, count)) return CUDA_ERROR_INVALID_VALUE;
  shape s = {{p->gridDimX, p->gridDimY, p->gridDimZ}, {p->blockDimX, p->blockDimY, p->blockDimZ}, p->sharedMemBytes};
  CUgraphNode made = calloc(1, sizeof *made + count * sizeof made->after[0]);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  CUresult result = launch_prepare(p->func, &s, p->kernelParams, p->extra, &made->launch);
  if (result != CUDA_SUCCESS) {
    free(made);
    return result;
  }
  made->graph = graph;
  connect(made, after, count);
  append(graph, made);
  *node = made;
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count,
                                     const CUDA_KERNEL_NODE_PARAMS_v2 *p) {
  if (!p) return CUDA_ERROR_INVALID_VALUE;
  if (!p->func && p->kern) return CUDA_ERROR_NOT_SUPPORTED;
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

static void free_exec(CUgraphExec exec) {
  for (size_t k = 0; k < exec->count; k++) free(exec->nodes[k]);
  exec->magic = 0;
  free(exec);
}

static CUgraphNode copy_of(const struct CUgraphNode_st *n) {
  size_t bytes = sizeof *n + n->count * sizeof n->after[0];
  CUgraphNode made = malloc(bytes);
  return made ? memcpy(made, n, bytes) : NULL;
}

CUresult emu_cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
  enum { FLAGS = 15 }; /* all that there are, without effect here */
  if (flags > FLAGS || !exec || !graph || graph->magic != MAGIC_GRAPH) return CUDA_ERROR_INVALID_VALUE;
  CUgraphExec made = calloc(1, sizeof *made + graph->count * sizeof made->nodes[0]);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  made->magic = MAGIC_EXEC;
  for (CUgraphNode n = graph->first; n; n = n->next) {
    if (!(made->nodes[made->count] = copy_of(n))) {
      free_exec(made);
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->count++;
    made->roots += n->count == 0;
    made->leaves += !n->is_followed;
  }
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

/* Behind the nodes that it depends on, or at the begin of the graph, in the hardware queue of its branch. */
static void launch_node(CUgraphExec exec, CUgraphNode n, CUstream stream) {
  struct CUstream_st branch = {.magic = MAGIC_STREAM,
                               .context = stream->context,
                               .flags = CU_STREAM_NON_BLOCKING,
                               .priority = stream->priority,
                               .queue = (stream->queue + n->branch) % gpu.queues,
                               .last = stream->last};
  for (size_t k = 0; k < n->count; k++) {
    if (k == 0)
      branch.last = exec->nodes[n->after[k]]->serial;
    else
      queue_after(&branch, exec->nodes[n->after[k]]->serial);
  }
  launch_submit(&branch, &n->launch);
  n->serial = branch.last;
}

/* The stream goes on when all that nothing follows has ended. */
static void gather(CUgraphExec exec, CUstream stream) {
  for (size_t k = 0; k < exec->count; k++) {
    CUgraphNode n = exec->nodes[k];
    if (n->is_followed) continue;
    if (exec->leaves == 1)
      stream->last = n->serial;
    else
      queue_after(stream, n->serial);
  }
  if (exec->leaves > 1) queue_marker(stream, NULL);
  exec->last = stream->last;
}

static void launch_graph(CUgraphExec exec, CUstream stream) {
  if (exec->count == 0) return;
  if (exec->last && exec->last != stream->last) queue_after(stream, exec->last);
  if (exec->roots > 1) queue_marker(stream, NULL);
  for (size_t k = 0; k < exec->count; k++) {
    CUgraphNode n = exec->nodes[k];
    if (exec->roots == 1 && n->count == 0) {
      launch_submit(stream, &n->launch);
      n->serial = stream->last;
    } else {
      launch_node(exec, n, stream);
    }
  }
  gather(exec, stream);
}

CUresult emu_cuGraphLaunch(CUgraphExec exec, CUstream handle) {
  CUstream stream;
  if (!exec || exec->magic != MAGIC_EXEC) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = context_stream(handle, &stream);
  if (result != CUDA_SUCCESS) return result;
  pthread_mutex_lock(&gpu.lock);
  launch_graph(exec, stream);
  pthread_mutex_unlock(&gpu.lock);
  return CUDA_SUCCESS;
}

CUresult emu_cuGraphExecDestroy(CUgraphExec exec) {
  if (!exec || exec->magic != MAGIC_EXEC) return CUDA_ERROR_INVALID_VALUE;
  free_exec(exec);
  return CUDA_SUCCESS;
}
