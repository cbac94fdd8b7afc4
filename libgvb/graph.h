/* Graphs of equal kernel nodes: a chain, or side by side. */
#ifndef GVB_GRAPH_H
#define GVB_GRAPH_H

#include <stdbool.h>

#include "context.h"

typedef struct gvb_graph {
  CUgraph graph;
  CUgraphExec exec; /* NULL: none */
} gvb_graph;

/* Instantiated and uploaded; the nodes keep the values that the parameters point to now. */
int gvb_graph_make(gvb_graph *g, const CUDA_KERNEL_NODE_PARAMS_v2 *node, int64_t nodes, bool chain);
int gvb_graph_free(gvb_graph *g);

#endif
