/* Several clients of one machine that begin at one instant, and the rows of a table of what they see. Virtual time. */
#ifndef GVB_EMULATOR_TEST_TENANTS_H
#define GVB_EMULATOR_TEST_TENANTS_H

#include "timeline.h"

enum { TENANTS = 32, NUMBERS = 4 };

typedef struct tenants {
  int count;
  pid_t pid[TENANTS];
  FILE *out[TENANTS];
  int64_t seen[TENANTS][NUMBERS];
} tenants;

/* Starts this program again in a role with "count rank" behind it; each calls tenant_enter. */
void tenants_start(tenants *t, const char *role, int count);
/* Reads so many numbers from each; whether all ended by themselves. */
bool tenants_collect(tenants *t, int numbers);

/* Whether one number is the same of all, to a part of it. */
bool tenants_alike(const tenants *t, int number, double tolerance);

void tenant_enter(int count, int rank);

/* One case: a check, and with TABLE in the environment a line `row kind | set | base | keys | expected | seen`: what
 * the programs did, and the machine, the newest, on which they did. The tolerance is a part of the expected value, or
 * absolute where that is 0. */
void row(const char *kind, const char *set, double expected, double seen, double tolerance);

#endif
