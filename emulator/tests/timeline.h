/* When kernels of several streams end, after one instant at which all of them become ready. In virtual time. */
#ifndef GVB_EMULATOR_TEST_TIMELINE_H
#define GVB_EMULATOR_TEST_TIMELINE_H

#include "harness.h"

enum { STREAMS = 4, MARKS = 16, ALL = 132, MILLISECOND = 1000000, SECOND = 1000000000 };

#define EXACT "clock virtual\njitter 0\nsm_clock 1000000000\n"

extern const gvb_machine_clock *machine;
extern CUdeviceptr counter;
extern float one;
extern CUfunction multiply;
extern CUstream s[STREAMS]; /* non-blocking */
extern CUevent mark[MARKS];

/* Context, clock, events and streams; of priority 0 unless told. */
void prepare(const int *priority);

/* Waves of blocks that each fill so many multiprocessors for 1 ms. */
void compute(CUstream on, unsigned int multiprocessors, unsigned int waves);

/* The next mark. */
void record(CUstream on);
void compute_and_record(CUstream on, unsigned int multiprocessors);

/* What is queued from here on becomes ready at one instant, from which times count. */
void close_gate(void);
void await_gate(CUstream on);
void await_opening(void);

/* On an idle device: lets everything pass; returns the time from which times count. */
int64_t open_gate(void);

/* Nanoseconds after that instant, of a mark that is complete. */
int64_t time_of_mark(int k);

/* Exit status: 0 if the marks lie at these milliseconds. */
_Noreturn void end_at(const double *expected);
#define END_AT(...) end_at((const double[]){__VA_ARGS__})

/* Whether waits for random work on the streams s return when they should: what the model says about ends that are still
 * to come must be a lower bound. `counter` has 8 MiB. */
bool waits_in_time(int rounds);

void scenario(const char *config, void (*body)(void), const char *meaning);

/* Rows of a table name a machine by a set of keys and what it has beside it: of these, EXACT unless it is told. */
void base_is(const char *name, const char *keys);
/* "NAME | KEYS" of the newest machine, by the text that it was made with. */
void print_machine(void);
/* A line "base NAME | KEYS". */
void print_base(void);

/* With TABLE in the environment, the scenarios of this program from here on are rows of a table, of that kind: when the
 * last mark lies. See `row` in tenants.h. */
void scenarios_are_rows(const char *kind);

#endif
