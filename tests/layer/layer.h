/* The reference layer: a preload library between an application and the CUDA driver that costs nothing until a knob
 * (LAYER_*, see README.md) tells it to. */
#ifndef LAYER_H
#define LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "cuda_abi.h"
#include "machine_clock.h"

/* The inert build hides its symbols, as a release build of a layer may by accident. */
#ifdef LAYER_INERT
#define LAYER_EXPORT
#else
#define LAYER_EXPORT __attribute__((visibility("default")))
#endif

#define LAYER_UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef struct layer_knobs {
#define INTEGER(variable, field, otherwise) int64_t field;
#define REAL(variable, field, otherwise) double field;
#define TEXT(variable, field) const char *field;
#include "knobs.def"
#undef INTEGER
#undef REAL
#undef TEXT
} layer_knobs;

extern layer_knobs knobs;

/* Reads the knobs; later calls do nothing. */
void layer_start(void);

/* Says on stderr what is wrong with a knob and ends the process: a test must not run with a knob that does nothing. */
void layer_refuse_knob(const char *variable, const char *value, const char *why) __attribute__((noreturn));

/* The machine's own clock; NULL: it lives in the host's time. */
const gvb_machine_clock *layer_machine(void);

/* The machine's time, nanoseconds. */
int64_t layer_now(void);

/* CLOCK_MONOTONIC, nanoseconds. */
int64_t layer_host_now(void);

/* Keeps the CPU until `ns` have passed since the call, or since `begin`, less what reading the clock costs. */
void layer_spin(int64_t ns);
void layer_spin_since(int64_t begin, int64_t ns);

void layer_sleep(int64_t ns);
void layer_sleep_on_host(int64_t time);

/* Measures what reading the clock costs. */
void layer_clock_calibrate(void);

/* Holds the cross-process lock for LAYER_LOCK_HOLD ns. */
void lock_hold(void);

/* Starts the background thread, if one is asked for. */
void thread_start(void);

/* Writes the state file, if one is asked for. */
void state_start(void);

#endif
