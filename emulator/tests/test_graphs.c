/* Graphs whose branches run at the same time. In virtual time, exact. */
#include "timeline.h"

static CUgraphNode add(CUgraph graph, unsigned int multiprocessors, const CUgraphNode *after, size_t count) {
  uint64_t iterations = 125000;
  CUgraphNode node;
  void *arguments[] = {&iterations, &one, &one, &counter};
  const CUDA_KERNEL_NODE_PARAMS_v1 p = {multiply, multiprocessors, 1, 1, 256, 1, 1, 0, arguments, NULL};
  MUST(cu.cuGraphAddKernelNode(&node, graph, after, count, &p));
  return node;
}

static void launch_twice(CUgraph graph) {
  CUgraphExec exec;
  MUST(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
  close_gate();
  for (int k = 0; k < 2; k++) {
    MUST(cu.cuGraphLaunch(exec, s[k]));
    record(s[k]);
  }
}

/* 0 -> 1, 0 -> 2 -> 3, and 4 after 1 and 3; a graph is at work once at a time. */
static void two_branches(void) {
  CUgraph graph;
  CUgraphNode n[4];
  prepare(NULL);
  MUST(cu.cuGraphCreate(&graph, 0));
  n[0] = add(graph, ALL / 4, NULL, 0);
  n[1] = add(graph, ALL / 4, &n[0], 1);
  n[2] = add(graph, ALL / 4, &n[0], 1);
  n[3] = add(graph, ALL / 4, &n[2], 1);
  add(graph, ALL / 4, (CUgraphNode[]){n[1], n[3]}, 2);
  launch_twice(graph);
  END_AT(4, 8);
}

/* Roots and leaves without an edge; eight of them, more than an item of the device can wait for. */
static void no_edges(void) {
  CUgraph graph;
  prepare(NULL);
  MUST(cu.cuGraphCreate(&graph, 0));
  for (int k = 0; k < 8; k++) add(graph, ALL / 4, NULL, 0);
  launch_twice(graph);
  END_AT(2, 4);
}

/* 130 kernels of one multiprocessor each. */
static void most_at_a_time(void) {
  CUgraph graph;
  prepare(NULL);
  MUST(cu.cuGraphCreate(&graph, 0));
  for (int k = 0; k < 130; k++) add(graph, 1, NULL, 0);
  launch_twice(graph);
  END_AT(2, 4);
}

static void bad_edges(void) {
  CUgraph graph, other;
  uint64_t iterations = 1;
  CUgraphNode node, made;
  void *arguments[] = {&iterations, &one, &one, &counter};
  prepare(NULL);
  MUST(cu.cuGraphCreate(&graph, 0));
  MUST(cu.cuGraphCreate(&other, 0));
  node = add(graph, 1, NULL, 0);
  const CUDA_KERNEL_NODE_PARAMS_v1 p = {multiply, 1, 1, 1, 32, 1, 1, 0, arguments, NULL};
  bool foreign = cu.cuGraphAddKernelNode(&made, other, &node, 1, &p) == CUDA_ERROR_INVALID_VALUE;
  bool twice = cu.cuGraphAddKernelNode(&made, graph, (CUgraphNode[]){node, node}, 2, &p) == CUDA_ERROR_INVALID_VALUE;
  exit(foreign && twice ? 0 : 1);
}

int main(void) {
  scenario(EXACT, two_branches, "two branches of a graph run at the same time");
  scenario(EXACT, no_edges, "a graph without edges fills the device");
  scenario(EXACT, most_at_a_time, "at most 128 kernels are on the device at a time");
  scenario(EXACT, bad_edges, "no edge from another graph's node, none twice");
  return summary();
}
