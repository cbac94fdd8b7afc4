/* Death at a store: the schedule's own files, built as for the thread sanitizer, tell each store before it happens, and
 * tests/stores.c answers in the sanitizer's place. */
#ifndef GVB_EMULATOR_TEST_STORES_H
#define GVB_EMULATOR_TEST_STORES_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

/* Stores to this memory count. */
void stores_watch(const void *memory, size_t bytes);

/* Runs `act`, but leaves it before the n-th store; whether it got so far. */
bool dies_at_store(long n, void (*act)(void));

#endif
