/* Bytes by pointer: an open hash table. Not thread-safe. */
#ifndef LAYER_TABLE_H
#define LAYER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct table_entry {
  uint64_t key; /* 0: empty */
  uint64_t bytes;
} table_entry;

typedef struct table {
  table_entry *entries;
  size_t size; /* a power of two, or 0 */
  size_t used;
} table;

/* False if there is no memory for it. A key that is there already gets the new value. */
bool table_put(table *t, uint64_t key, uint64_t bytes);

/* Removes the key; its bytes, or 0 if it is not there. */
uint64_t table_take(table *t, uint64_t key);

#endif
