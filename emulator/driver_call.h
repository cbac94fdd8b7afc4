/* A call of the application: what it costs, and the faults that it meets. Every exported function runs inside one. */
#ifndef GVB_EMULATOR_CALL_H
#define GVB_EMULATOR_CALL_H

#include "driver_process.h"

typedef enum api {
#define X(name, ...) API_##name,
#include "../libgvb/cuda_functions.def"
#undef X
#define UNSUPPORTED(name) API_##name,
#include "driver_unsupported.def"
#undef UNSUPPORTED
  APIS
} api;

typedef struct call {
  api api;
  CUresult result;
  int64_t base;       /* entry, or the end of a wait that the call's work had to come after */
  int64_t cost;       /* it returns at base + cost at the earliest */
  int64_t not_before; /* and not before this */
  bool waited;        /* it waited for work, or asked about it: it answers what has happened by its end */
  int64_t look;       /* the cost of each of those looks that it stands for; 0: it is one call */
  uint32_t stirred;   /* machine->stirred when it was known that they find nothing */
} call;

/* False: a fault has decided the result. */
bool call_enter(call *c, api which);
CUresult call_leave(call *c);

/* For implementations, about the thread's current call. */
void call_cost(int64_t cost);        /* replaces the default cost */
void call_extra(int64_t cost);       /* adds to it */
void call_work_waits(int64_t until); /* its work came after a wait that ended then */
void call_returns_at(int64_t earliest);
void call_between(void); /* the application did something else than call */
/* A look, that will find nothing before `until`, by what the schedule foretold while machine->stirred was this. */
void call_found_nothing(uint64_t about, int64_t until, uint32_t stirred);
void call_waited(void);
int64_t call_end(void); /* when it will return, as far as known */
int64_t call_entry(void);

/* Leaves the file `called.NAME` in the machine's directory. */
void mark_called(const char *name);

/* Multiplies by the configured noise around 1. */
int64_t noisy(int64_t nanoseconds);

/* The noise of this thread from here on. */
void noise_begin(int64_t seed);

/* Waits until a time of the clock: sleeps while it is far, then spins. */
void wait_until(int64_t time);

/* The same for what the schedule foretold while machine->stirred was this: goes on sooner if that may happen sooner. */
void await_foretold(int64_t time, uint32_t stirred);

#endif
