/* Device memory: host mappings that cost nothing until touched, and the machine's account of them. */
#ifndef GVB_EMULATOR_MEMORY_H
#define GVB_EMULATOR_MEMORY_H

#include "driver_process.h"

/* A mapping: one large allocation, or 2 MiB cut into units of 512 B. */
typedef struct block {
  uint64_t base;
  uint64_t bytes;
  uint64_t charged; /* to the machine */
  bool foreign;     /* another process's: see driver_arena.h */
  bool live;        /* false: kept for the next allocation of its size, contents and all */
  memory *whole;
  memory **units; /* unit -> allocation, NULL for a whole block */
  int units_free;
  int hint; /* no free unit below this */
  struct heap *heap;
  struct block *next_free; /* of its size, in its heap */
} block;

enum { HEAP_SIZES = 64, UNIT = 512, UNITS = BLOCK_BYTES / UNIT };

/* Where device memory comes from: the plain heap, or a pool, which keeps what is freed up to `threshold`. */
typedef struct heap {
  int device;
  bool keeps;
  uint64_t threshold;
  uint64_t reserved, reserved_high; /* charged to the machine for it */
  uint64_t used, used_high;
  block *free[HEAP_SIZES]; /* by size */
} heap;

struct CUmemPoolHandle_st {
  heap heap;
  uint64_t most; /* bytes that may be in use */
  bool destroyed;
};

extern heap plain_heaps[DEVICES];
extern struct CUmemPoolHandle_st default_pools[DEVICES];

/* All with gpu.lock held. */

/* The live allocation that holds [address, address + bytes); NULL if none does. */
memory *memory_find(uint64_t address, uint64_t bytes);
block *memory_block(uint64_t address);
int memory_block_count(void);
block *memory_block_at(int k); /* in the order of addresses */
bool memory_insert_block(block *b);
void memory_remove_block(block *b);
memory *memory_initialize(memory *m, uint64_t base, uint64_t bytes, memory_kind kind, block *b);
uint64_t memory_touch(memory *m); /* new version */

/* Charges or credits (negative) memory of a device; false if there is not so much. */
bool memory_charge(int device, int64_t bytes);

/* Blocks newly charged (2 MiB each) are counted in *mapped. */
CUresult heap_allocate(heap *h, uint64_t bytes, memory_kind kind, memory **into, int64_t *mapped);
/* Blocks credited are counted in *unmapped. */
void heap_free(memory *m, int64_t *unmapped);
void heap_trim(heap *h, uint64_t keep);

/* Registers memory that has a mapping of its own (host, vmm). */
memory *memory_register(uint64_t base, uint64_t bytes, memory_kind kind, unsigned int flags);
void memory_unregister(memory *m);

/* Memory of the host that the device reaches. */
static inline bool memory_is_host(const memory *m) {
  return m && (m->kind == MEMORY_HOST || m->kind == MEMORY_REGISTERED);
}

void memory_release_context(CUcontext context);

/* Whether kernels of this context reach the memory: that of a peer only where access was enabled. */
bool peer_reaches(CUcontext context, const memory *m);

#endif
