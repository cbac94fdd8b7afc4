/* Heaps: blocks of device memory, whole or cut into units. */
#include <stdlib.h>
#include <sys/mman.h>

#include "driver_arena.h"
#include "driver_memory.h"

enum { SMALL = 1 << 20, KEPT = 1024 };

heap plain_heaps[DEVICES];
struct CUmemPoolHandle_st default_pools[DEVICES];

__attribute__((constructor)) static void make_heaps(void) {
  for (int d = 0; d < DEVICES; d++) {
    plain_heaps[d].device = default_pools[d].heap.device = d;
    default_pools[d].heap.keeps = true;
    default_pools[d].most = UINT64_MAX;
  }
}

static int kept; /* blocks that are not live */

/* ---- blocks of a heap ---- */

static bool charge_block(heap *h, block *b) {
  if (!memory_charge(h->device, (int64_t)b->bytes)) return false;
  b->charged = b->bytes;
  h->reserved += b->bytes;
  if (h->reserved > h->reserved_high) h->reserved_high = h->reserved;
  return true;
}

static void credit_block(heap *h, block *b) {
  memory_charge(h->device, -(int64_t)b->charged);
  h->reserved -= b->charged;
  b->charged = 0;
}

static block **free_list(heap *h, uint64_t bytes) { return &h->free[(bytes / BLOCK_BYTES) % HEAP_SIZES]; }

static block *take_free(heap *h, uint64_t bytes) {
  for (block **link = free_list(h, bytes); *link; link = &(*link)->next_free) {
    block *b = *link;
    if (b->bytes != bytes) continue;
    *link = b->next_free;
    kept--;
    return b;
  }
  return NULL;
}

static void *map_aligned(uint64_t bytes) {
  if (arena_in_use()) return arena_map(bytes);
  char *area =
      mmap(NULL, bytes + BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return NULL;
  uint64_t before = -(uintptr_t)area % BLOCK_BYTES;
  if (before) munmap(area, before);
  munmap(area + before + bytes, BLOCK_BYTES - before);
  return area + before;
}

static void unmap(void *area, uint64_t bytes) {
  if (arena_in_use())
    arena_unmap(area, bytes);
  else
    munmap(area, bytes);
}

static block *new_block(heap *h, uint64_t bytes) {
  block *b = calloc(1, sizeof *b);
  void *area = b ? map_aligned(bytes) : NULL;
  if (!area) {
    free(b);
    return NULL;
  }
  *b = (block){.base = (uintptr_t)area, .bytes = bytes, .heap = h};
  if (memory_insert_block(b)) return b;
  unmap(area, bytes);
  free(b);
  return NULL;
}

static void drop_block(block *b) {
  memory_remove_block(b);
  unmap((void *)(uintptr_t)b->base, b->bytes);
  free(b->units);
  free(b->whole);
  free(b);
}

/* A live, charged block. *mapped grows by what had to be charged. */
static CUresult get_block(heap *h, uint64_t bytes, block **into, int64_t *mapped) {
  block *b = take_free(h, bytes);
  if (!b && !(b = new_block(h, bytes))) return CUDA_ERROR_OUT_OF_MEMORY;
  if (b->charged == 0) {
    bool charged = charge_block(h, b);
    if (!charged && h->keeps) {
      heap_trim(h, 0);
      charged = charge_block(h, b);
    }
    if (!charged) {
      drop_block(b);
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *mapped += (int64_t)(bytes / BLOCK_BYTES);
  }
  b->live = true;
  *into = b;
  return CUDA_SUCCESS;
}

static void put_block(block *b, int64_t *unmapped) {
  heap *h = b->heap;
  b->live = false;
  free(b->units);
  b->units = NULL;
  if (!h->keeps || h->reserved - h->used > h->threshold) {
    *unmapped += (int64_t)(b->charged / BLOCK_BYTES);
    credit_block(h, b);
  }
  if ((kept >= KEPT || arena_in_use()) && b->charged == 0) {
    drop_block(b);
    return;
  }
  b->next_free = *free_list(h, b->bytes);
  *free_list(h, b->bytes) = b;
  kept++;
}

void heap_trim(heap *h, uint64_t keep) {
  for (int k = 0; k < HEAP_SIZES; k++)
    for (block *b = h->free[k]; b && h->reserved > keep; b = b->next_free)
      if (b->charged) credit_block(h, b);
}

/* ---- allocations ---- */

/* A block that comes back with its contents comes back with their version. */
static CUresult allocate_large(heap *h, uint64_t bytes, memory_kind kind, memory **into, int64_t *mapped) {
  block *b;
  uint64_t rounded = (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  CUresult result = get_block(h, rounded, &b, mapped);
  if (result != CUDA_SUCCESS) return result;
  if (!b->whole) {
    b->whole = calloc(1, sizeof *b->whole);
    if (!b->whole) {
      put_block(b, mapped);
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memory_touch(b->whole);
  }
  *into = memory_initialize(b->whole, b->base, bytes, kind, b);
  h->used += rounded;
  return CUDA_SUCCESS;
}

static int find_units(block *b, int count) {
  int run = 0;
  bool hole = false;
  for (int u = b->hint; u < UNITS; u++) {
    if (!b->units[u] && !hole) {
      b->hint = u;
      hole = true;
    }
    run = b->units[u] ? 0 : run + 1;
    if (run == count) return u - count + 1;
  }
  return -1;
}

static CUresult small_block(heap *h, int count, block **into, int *unit, int64_t *mapped) {
  for (int k = memory_block_count() - 1; k >= 0; k--) {
    block *b = memory_block_at(k);
    if (b->heap != h || !b->live || !b->units || b->units_free < count) continue;
    *unit = find_units(b, count);
    *into = b;
    if (*unit >= 0) return CUDA_SUCCESS;
  }
  block *b;
  CUresult result = get_block(h, BLOCK_BYTES, &b, mapped);
  if (result != CUDA_SUCCESS) return result;
  free(b->whole);
  b->whole = NULL;
  b->units = calloc(UNITS, sizeof *b->units);
  if (!b->units) {
    put_block(b, mapped);
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  b->units_free = UNITS;
  b->hint = 0;
  *into = b;
  *unit = 0;
  return CUDA_SUCCESS;
}

static CUresult allocate_small(heap *h, uint64_t bytes, memory_kind kind, memory **into, int64_t *mapped) {
  block *b;
  int count = (int)((bytes + UNIT - 1) / UNIT), unit;
  memory *m = calloc(1, sizeof *m);
  if (!m) return CUDA_ERROR_OUT_OF_MEMORY;
  CUresult result = small_block(h, count, &b, &unit, mapped);
  if (result != CUDA_SUCCESS) {
    free(m);
    return result;
  }
  for (int u = unit; u < unit + count; u++) b->units[u] = m;
  b->units_free -= count;
  *into = memory_initialize(m, b->base + (uint64_t)unit * UNIT, bytes, kind, b);
  memory_touch(m);
  h->used += (uint64_t)count * UNIT;
  return CUDA_SUCCESS;
}

CUresult heap_allocate(heap *h, uint64_t bytes, memory_kind kind, memory **into, int64_t *mapped) {
  if (bytes > (uint64_t)device_facts(h->device)->memory_bytes) return CUDA_ERROR_OUT_OF_MEMORY;
  CUresult result =
      bytes > SMALL ? allocate_large(h, bytes, kind, into, mapped) : allocate_small(h, bytes, kind, into, mapped);
  if (h->used > h->used_high) h->used_high = h->used;
  return result;
}

static void free_small(memory *m, int64_t *unmapped) {
  block *b = m->block;
  int unit = (int)((m->base - b->base) / UNIT), count = (int)((m->bytes + UNIT - 1) / UNIT);
  for (int u = unit; u < unit + count; u++) b->units[u] = NULL;
  b->units_free += count;
  if (unit < b->hint) b->hint = unit;
  b->heap->used -= (uint64_t)count * UNIT;
  free(m);
  if (b->units_free == UNITS) put_block(b, unmapped);
}

void heap_free(memory *m, int64_t *unmapped) {
  if (m->block->units) {
    free_small(m, unmapped);
  } else {
    m->block->heap->used -= m->block->bytes;
    put_block(m->block, unmapped);
  }
}

static memory *first_of(CUcontext context) {
  for (int k = 0; k < memory_block_count(); k++) {
    block *b = memory_block_at(k);
    if (!b->live || !b->heap) continue;
    if (b->whole && !b->units && b->whole->context == context) return b->whole;
    for (int u = 0; b->units && u < UNITS; u++)
      if (b->units[u] && b->units[u]->context == context) return b->units[u];
  }
  return NULL;
}

void memory_release_context(CUcontext context) {
  int64_t unmapped = 0;
  memory *m;
  while ((m = first_of(context))) heap_free(m, &unmapped);
  heap_trim(&default_pools[context->device].heap, 0);
}
