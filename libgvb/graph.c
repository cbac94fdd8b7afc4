#include "graph.h"

static int need_graphs(void) {
  GVB_TRY(GVB_NEED(cuGraphCreate));
  GVB_TRY(GVB_NEED(cuGraphAddKernelNode_v2));
  GVB_TRY(GVB_NEED(cuGraphInstantiateWithFlags));
  GVB_TRY(GVB_NEED(cuGraphUpload));
  GVB_TRY(GVB_NEED(cuGraphExecDestroy));
  return GVB_NEED(cuGraphDestroy);
}

static int add_nodes(const gvb_graph *g, const CUDA_KERNEL_NODE_PARAMS_v2 *node, int64_t nodes, bool chain) {
  CUgraphNode last = NULL;
  for (int64_t i = 0; i < nodes; i++) {
    const CUgraphNode before = last;
    GVB_TRY(GVB_CUDA(cuGraphAddKernelNode_v2, &last, g->graph, &before, chain && i > 0, node));
  }
  return GVB_OK;
}

int gvb_graph_make(gvb_graph *g, const CUDA_KERNEL_NODE_PARAMS_v2 *node, int64_t nodes, bool chain) {
  GVB_TRY(need_graphs());
  GVB_TRY(GVB_CUDA(cuGraphCreate, &g->graph, 0));
  GVB_TRY(add_nodes(g, node, nodes, chain));
  GVB_TRY(GVB_CUDA(cuGraphInstantiateWithFlags, &g->exec, g->graph, 0));
  GVB_TRY(GVB_CUDA(cuGraphUpload, g->exec, gvb_gpu.stream));
  return gvb_sync();
}

int gvb_graph_free(gvb_graph *g) {
  int status = GVB_OK;
  if (g->exec != NULL) status = GVB_CUDA(cuGraphExecDestroy, g->exec);
  if (g->graph != NULL) status = gvb_first(status, GVB_CUDA(cuGraphDestroy, g->graph));
  g->exec = NULL;
  g->graph = NULL;
  return status;
}
