#include "numa.h"

#include <limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context.h"

/* Of the kernel's ABI (linux/mempolicy.h); the C library has no calls for them. */
enum { MODE_PREFERRED = 1, FLAG_NODE = 1, FLAG_ADDRESS = 2 };
enum { WORD_BITS = sizeof(unsigned long) * CHAR_BIT, MOST_NODES = GVB_NODE_MASK_WORDS * WORD_BITS };

static int node_in(const char *path) {
  int node = GVB_NODE_UNKNOWN;
  FILE *file = fopen(path, "re");
  if (file == NULL) return GVB_NODE_UNKNOWN;
  if (fscanf(file, "%d", &node) != 1) node = GVB_NODE_UNKNOWN;
  fclose(file);
  return node;
}

int gvb_device_node(void) {
  char bus[32], path[96];
  if (gvb_cuda.cuDeviceGetPCIBusId(bus, sizeof bus, gvb_gpu.handle) != CUDA_SUCCESS) return GVB_NODE_UNKNOWN;
  for (char *c = bus; *c != 0; c++)
    if (*c >= 'A' && *c <= 'F') *c += 'a' - 'A';
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/numa_node", bus);
  return node_in(path);
}

void gvb_numa_prefer(int node, gvb_numa_policy *before) {
  unsigned long nodes[GVB_NODE_MASK_WORDS] = {0};
  before->is_known = false;
  if (node < 0 || node >= MOST_NODES) return;
  if (syscall(SYS_get_mempolicy, &before->mode, before->nodes, (unsigned long)MOST_NODES, NULL, 0UL) != 0) return;
  before->is_known = true;
  nodes[node / WORD_BITS] = 1UL << node % WORD_BITS;
  syscall(SYS_set_mempolicy, MODE_PREFERRED, nodes, (unsigned long)MOST_NODES);
}

void gvb_numa_restore(const gvb_numa_policy *before) {
  if (before->is_known) syscall(SYS_set_mempolicy, before->mode, before->nodes, (unsigned long)MOST_NODES);
}

int gvb_numa_node_of(void *address) {
  int node = GVB_NODE_UNKNOWN;
  if (syscall(SYS_get_mempolicy, &node, NULL, 0UL, address, (unsigned long)(FLAG_NODE | FLAG_ADDRESS)) != 0)
    return GVB_NODE_UNKNOWN;
  return node;
}
