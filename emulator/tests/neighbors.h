/* Tenants that work side by side from one instant on, in virtual time, and what each of them saw. */
#ifndef GVB_EMULATOR_TEST_NEIGHBORS_H
#define GVB_EMULATOR_TEST_NEIGHBORS_H

#include "tenants.h"

/* 1 GHz, an L2 of 1 MiB at 200 GB/s, DRAM of 100 GB/s. */
#define SMALL                                                                               \
  "clock virtual\njitter 0\nschedule side-by-side\nsm_clock 1000000000\nl2_bytes 1048576\n" \
  "dram_bandwidth 100000000000\nl2_bandwidth 200000000000\nkernel_minimum 1000\n"

/* What a tenant does, over and over: a word that names it and bytes of its array. */
typedef struct job {
  const char *work;
  int64_t bytes;
} job;

/* Nanoseconds of a piece of work of each, side by side; false if a tenant failed. */
bool pieces(const char *config, const job *jobs, int count, double *seen);

/* The rate of the first job beside the others, to its rate alone. */
double beside(const char *config, const job *jobs, int count);

/* In a client: what start_client was given. */
int tenant(const char *role);

/* Whether a ratio is the model's within 1 %. SMALL is the base. */
#define RATIO(kind, expected, seen) row(kind, "", expected, seen, 0.01)

#endif
