/* Device memory in a file of the machine's directory, for two faults of isolation: what a process leaves there is seen
 * by the next that gets it (residual_memory), or memory is at one address for all and open to all (shared_addresses).
 * Without either it is the process's own, and clean. All with gpu.lock held. */
#ifndef GVB_EMULATOR_ARENA_H
#define GVB_EMULATOR_ARENA_H

#include "driver_memory.h"

bool arena_in_use(void);

/* So many bytes (whole blocks of 2 MiB) that nobody has; NULL on failure. */
void *arena_map(uint64_t bytes);
void arena_unmap(void *area, uint64_t bytes);

/* With shared_addresses: the memory of another process around an address, mapped here too; NULL if there is none. */
block *arena_foreign(uint64_t address);

#endif
