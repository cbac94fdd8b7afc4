/* Fatal faults of the device: when they happen, and whom they reach. With the machine's lock held. */
#ifndef GVB_EMULATOR_FAULTS_H
#define GVB_EMULATOR_FAULTS_H

#include "common_machine.h"

/* A process is at fault: it and all that the fault reaches answer `code` from `at` on. */
void faults_strike(machine *m, const config *c, slot *s, int code, int64_t at);

/* Hands on what items raised that ended at t, and takes what the struck have queued off the device. */
void faults_settle(machine *m, const config *c, int64_t t);

/* Before which no work is taken off a device by a fault that is queued now. */
int64_t faults_first(machine *m, const config *c);

/* Notes a fault, or with code 0 that there is none. */
void set_strike(strike *s, int code, int64_t at);

/* When a fault reaches the slot: exact once it has happened, else a lower bound; NEVER: none is to come. */
int64_t faults_next(machine *m, const config *c, const slot *s);

#endif
