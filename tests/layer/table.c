#include "table.h"

#include <stdlib.h>

#define FIRST_SIZE 1024

static size_t home(const table *t, uint64_t key) { return (size_t)((key * 0x9E3779B97F4A7C15u) >> 32) & (t->size - 1); }

static table_entry *find(const table *t, uint64_t key) {
  size_t i = home(t, key);
  while (t->entries[i].key != 0 && t->entries[i].key != key) i = (i + 1) & (t->size - 1);
  return &t->entries[i];
}

static bool grow(table *t) {
  table larger = {.size = t->size == 0 ? FIRST_SIZE : 2 * t->size, .used = t->used};
  larger.entries = calloc(larger.size, sizeof *larger.entries);
  if (larger.entries == NULL) return false;
  for (size_t i = 0; i < t->size; i++)
    if (t->entries[i].key != 0) *find(&larger, t->entries[i].key) = t->entries[i];
  free(t->entries);
  *t = larger;
  return true;
}

bool table_put(table *t, uint64_t key, uint64_t bytes) {
  if (2 * (t->used + 1) > t->size && !grow(t)) return false;
  table_entry *e = find(t, key);
  if (e->key == 0) t->used++;
  *e = (table_entry){key, bytes};
  return true;
}

/* Moves later entries of the same run into the hole, so that no search ends early. */
static void close_hole(table *t, size_t hole) {
  const size_t mask = t->size - 1;
  for (size_t i = (hole + 1) & mask; t->entries[i].key != 0; i = (i + 1) & mask) {
    const size_t wanted = home(t, t->entries[i].key);
    if (((i - wanted) & mask) < ((i - hole) & mask)) continue;
    t->entries[hole] = t->entries[i];
    hole = i;
  }
  t->entries[hole] = (table_entry){0, 0};
}

uint64_t table_take(table *t, uint64_t key) {
  if (t->size == 0) return 0;
  table_entry *e = find(t, key);
  if (e->key == 0) return 0;
  const uint64_t bytes = e->bytes;
  t->used--;
  close_hole(t, (size_t)(e - t->entries));
  return bytes;
}
