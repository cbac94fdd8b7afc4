#include "driver_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "driver_arena.h"

static block **blocks; /* by address */
static int block_count, block_room;
static uint64_t next_id = 1;

/* ---- the index of mappings by address ---- */

static int position(uint64_t address) { /* of the first block that begins beyond the address */
  int low = 0, high = block_count;
  while (low < high) {
    int middle = (low + high) / 2;
    if (blocks[middle]->base <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool memory_insert_block(block *b) {
  if (block_count == block_room) {
    int room = block_room ? 2 * block_room : 256;
    block **larger = realloc(blocks, (size_t)room * sizeof *blocks);
    if (!larger) return false;
    blocks = larger;
    block_room = room;
  }
  int at = position(b->base);
  memmove(blocks + at + 1, blocks + at, (size_t)(block_count - at) * sizeof *blocks);
  blocks[at] = b;
  block_count++;
  return true;
}

void memory_remove_block(block *b) {
  int at = position(b->base) - 1;
  memmove(blocks + at, blocks + at + 1, (size_t)(block_count - at - 1) * sizeof *blocks);
  block_count--;
}

int memory_block_count(void) { return block_count; }
block *memory_block_at(int k) { return blocks[k]; }

block *memory_block(uint64_t address) {
  int at = position(address) - 1;
  if (at < 0 || address >= blocks[at]->base + blocks[at]->bytes) return NULL;
  return blocks[at];
}

memory *memory_find(uint64_t address, uint64_t bytes) {
  block *b = memory_block(address);
  if (!b || b->foreign) b = arena_foreign(address);
  if (!b || !b->live) return NULL;
  memory *m = b->units ? b->units[(address - b->base) / UNIT] : b->whole;
  if (!m || address < m->base || address - m->base >= m->bytes || bytes > m->bytes - (address - m->base)) return NULL;
  return m;
}

uint64_t memory_touch(memory *m) {
  m->version = __atomic_add_fetch(&gpu.versions, 1, __ATOMIC_RELAXED);
  return m->version;
}

/* ---- the machine's account ---- */

static bool fits(int device, uint64_t bytes) {
  return machine_used(gpu.machine, device) + bytes <= (uint64_t)device_facts(device)->memory_bytes &&
         gpu.slot->seats[device].used + bytes <= gpu.memory_limit[device];
}

bool memory_charge(int device, int64_t bytes) {
  machine *m = gpu.machine;
  machine_lock(m);
  bool good = bytes <= 0 || fits(device, (uint64_t)bytes);
  if (!good) {
    schedule_reap(m, &gpu.config, clock_now());
    good = fits(device, (uint64_t)bytes);
  }
  if (good) gpu.slot->seats[device].used += (uint64_t)bytes;
  machine_unlock(m);
  return good;
}

memory *memory_initialize(memory *m, uint64_t base, uint64_t bytes, memory_kind kind, block *b) {
  CUcontext context = NULL;
  need_context(&context);
  m->base = base;
  m->bytes = bytes;
  m->kind = kind;
  m->device = b->heap ? b->heap->device : context ? context->device : 0;
  m->reach = 1u << m->device;
  m->id = next_id++;
  m->users = 0;
  m->flags = 0;
  m->block = b;
  m->context = context_root(context);
  return m;
}

/* ---- memory with a mapping of its own ---- */

memory *memory_register(uint64_t base, uint64_t bytes, memory_kind kind, unsigned int flags) {
  block *b = calloc(1, sizeof *b);
  memory *m = calloc(1, sizeof *m);
  if (b) *b = (block){.base = base, .bytes = bytes, .live = true, .whole = m};
  if (!b || !m || !memory_insert_block(b)) {
    free(b);
    free(m);
    return NULL;
  }
  memory_initialize(m, base, bytes, kind, b);
  m->flags = flags;
  memory_touch(m);
  return m;
}

void memory_unregister(memory *m) {
  block *b = m->block;
  memory_remove_block(b);
  free(m);
  free(b);
}
