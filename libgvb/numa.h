/* Which memory of the host is near the device: pages come from that node while a policy of ours holds. */
#ifndef GVB_NUMA_H
#define GVB_NUMA_H

#include <stdbool.h>

enum { GVB_NODE_UNKNOWN = -1, GVB_NODE_MASK_WORDS = 16 };

/* A thread's memory policy, to be given back. */
typedef struct gvb_numa_policy {
  bool is_known;
  int mode;
  unsigned long nodes[GVB_NODE_MASK_WORDS];
} gvb_numa_policy;

/* The NUMA node of the context's device; GVB_NODE_UNKNOWN where the host does not say. */
int gvb_device_node(void);

/* From here on the thread's new pages come from the node if it has any left; a host without nodes, or a container that
 * forbids it, goes on as it was. */
void gvb_numa_prefer(int node, gvb_numa_policy *before);
void gvb_numa_restore(const gvb_numa_policy *before);

/* The node that a touched page lies on; GVB_NODE_UNKNOWN where the kernel does not say. */
int gvb_numa_node_of(void *address);

#endif
