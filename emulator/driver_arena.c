#include "driver_arena.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below what the host gives by itself, and where sanitizers let an application map. */
static const uint64_t arena_base = 0x7e8000000000;

static int file = -1;
static uint64_t pieces, table_bytes;
static uint32_t *owners; /* of each piece of 2 MiB: the order of a process in the machine; 0 = none yet */

bool arena_in_use(void) { return gpu.config.residual_memory || gpu.config.shared_addresses; }

/* Twice the device, so that a hole that is too small never refuses what the account allows. */
static bool open_arena(void) {
  char path[CONFIG_PATH + 8];
  if (owners) return true;
  snprintf(path, sizeof path, "%s/memory", gpu.config.directory);
  pieces = 2 * (uint64_t)gpu.config.devices * ((uint64_t)gpu.config.memory_bytes / BLOCK_BYTES) + 1;
  table_bytes = (pieces * sizeof *owners / BLOCK_BYTES + 1) * BLOCK_BYTES;
  if (file < 0) file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0 || ftruncate(file, (off_t)(table_bytes + pieces * BLOCK_BYTES)) != 0) return false;
  void *area = mmap(NULL, table_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (area != MAP_FAILED) owners = area;
  return owners != NULL;
}

/* ---- who has what, with the machine's lock held ---- */

static bool lives(uint32_t owner) {
  for (const slot *s = gpu.machine->slots; s < slots_end(gpu.machine); s++)
    if (s->pid && (uint32_t)s->order == owner) return true;
  return false;
}

/* The first of so many pieces in a row that nobody has: the lowest, which somebody else has had. */
static uint64_t find_free(uint64_t count) {
  uint64_t run = 0;
  uint32_t living = 0; /* looking for one at a time is slow, and neighbors have the same owner */
  for (uint64_t p = 0; p < pieces; p++) {
    if (owners[p] && owners[p] != living && lives(owners[p])) living = owners[p];
    run = owners[p] && owners[p] == living ? 0 : run + 1;
    if (run == count) return p + 1 - count;
  }
  return pieces;
}

static uint64_t take(uint64_t count) {
  machine_lock(gpu.machine);
  schedule_reap(gpu.machine, &gpu.config, clock_now());
  const uint64_t first = find_free(count);
  for (uint64_t p = first; first < pieces && p < first + count; p++) owners[p] = (uint32_t)gpu.slot->order;
  machine_unlock(gpu.machine);
  return first;
}

/* ---- mapping ---- */

static uint64_t address_of(uint64_t piece) { return arena_base + piece * BLOCK_BYTES; }
static uint64_t piece_of(uint64_t address) { return (address - arena_base) / BLOCK_BYTES; }

static void *map(uint64_t first, uint64_t count) {
  void *area = mmap((void *)(uintptr_t)address_of(first), count * BLOCK_BYTES, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, file, (off_t)(table_bytes + first * BLOCK_BYTES));
  return area == MAP_FAILED ? NULL : area;
}

/* What was mapped of others there, who have given it back. Queued work may still name it: the structures stay. */
static void forget_foreign(uint64_t base, uint64_t bytes) {
  for (int k = memory_block_count() - 1; k >= 0; k--) {
    block *b = memory_block_at(k);
    if (!b->foreign || b->base >= base + bytes || base >= b->base + b->bytes) continue;
    memory_remove_block(b);
    munmap((void *)(uintptr_t)b->base, b->bytes);
  }
}

void *arena_map(uint64_t bytes) {
  const uint64_t count = bytes / BLOCK_BYTES;
  if (!open_arena()) return NULL;
  const uint64_t first = take(count);
  if (first == pieces) return NULL;
  if (!gpu.config.residual_memory)
    fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(table_bytes + first * BLOCK_BYTES),
              (off_t)bytes);
  forget_foreign(address_of(first), bytes);
  return map(first, count);
}

void arena_unmap(void *area, uint64_t bytes) {
  const uint64_t first = piece_of((uintptr_t)area);
  munmap(area, bytes);
  machine_lock(gpu.machine);
  for (uint64_t p = first; p < first + bytes / BLOCK_BYTES; p++) owners[p] = 0;
  machine_unlock(gpu.machine);
}

/* ---- memory of others ---- */

/* The pieces around one that its owner has in a row; count 0: it is nobody's, or ours. */
static uint64_t run_around(uint64_t piece, uint64_t *first) {
  uint64_t end = piece;
  machine_lock(gpu.machine);
  const uint32_t owner = owners[piece];
  *first = piece;
  if (owner && owner != (uint32_t)gpu.slot->order && lives(owner)) {
    while (*first > 0 && owners[*first - 1] == owner) --*first;
    while (end < pieces && owners[end] == owner) end++;
  }
  machine_unlock(gpu.machine);
  return end - *first;
}

static block *map_foreign(uint64_t first, uint64_t count) {
  void *area = map(first, count);
  memory *m = area ? memory_register((uintptr_t)area, count * BLOCK_BYTES, MEMORY_DEVICE, 0) : NULL;
  if (!m) return NULL;
  m->block->foreign = true;
  return m->block;
}

block *arena_foreign(uint64_t address) {
  uint64_t first;
  if (!gpu.config.shared_addresses || address < arena_base || !gpu.slot || !open_arena()) return NULL;
  if (piece_of(address) >= pieces) return NULL;
  const uint64_t count = run_around(piece_of(address), &first);
  block *known = memory_block(address);
  if (known && count && known->base == address_of(first) && known->bytes == count * BLOCK_BYTES) return known;
  if (known && known->whole->users > 0) return known;
  forget_foreign(address_of(first), (count ? count : 1) * BLOCK_BYTES);
  return count ? map_foreign(first, count) : NULL;
}
