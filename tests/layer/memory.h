/* The memory limit: what is booked, and what is refused. */
#ifndef LAYER_MEMORY_H
#define LAYER_MEMORY_H

#include "hooks.h"

/* Pointers and handles of cuMemCreate are different numbers. */
typedef enum memory_kind { MEMORY_POINTER, MEMORY_HANDLE, MEMORY_KINDS } memory_kind;

/* The bytes that this function's allocation counts for: 0 if nothing is counted. */
uint64_t memory_counted(hook_id id, uint64_t bytes);

/* Takes the bytes off what is left; false if the limit refuses them. 0 is always admitted. */
bool memory_admit(uint64_t counted);

/* What a refused call returns, after LAYER_REFUSE_DELAY. */
CUresult memory_refusal(void);

/* Books an admitted allocation under its pointer or handle, or gives the bytes back if the driver failed. */
CUresult memory_book(memory_kind kind, CUresult code, const unsigned long long *key, uint64_t counted);

/* Takes an allocation out of the books; its bytes. */
uint64_t memory_release(memory_kind kind, unsigned long long key);

/* After the driver's free: gives the bytes back, or books them again if it failed. */
CUresult memory_released(memory_kind kind, CUresult code, unsigned long long key, uint64_t counted);

/* Changes total and free bytes to what the limit leaves; either may be NULL. */
void memory_show(size_t *free_bytes, size_t *total_bytes);

/* Counts in this word, which other processes of the tenant share, instead of in one of this process. */
void memory_share(uint64_t *shared);

#endif
