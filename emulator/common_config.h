/* The configuration of one emulated machine: the file `config` in the directory that GVB_EMULATED names. */
#ifndef GVB_EMULATOR_CONFIG_H
#define GVB_EMULATOR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common_config_injection.h"

enum {
  CONFIG_DEVICES = 8,
  CONFIG_TEXT = 64,
  CONFIG_RULES = 64,
  CONFIG_PROFILE = 16,
  CONFIG_PATH = 512,
  CONFIG_ERROR = 768
};

typedef enum rule_kind { RULE_LATENCY, RULE_FAIL, RULE_HANG, RULE_STICKY, RULE_INJECT, RULE_KINDS } rule_kind;

/* One line of a per-function family, such as `fail.cuMemAlloc_v2 3:2`. */
typedef struct rule {
  rule_kind kind;
  char api[CONFIG_TEXT];
  int64_t number; /* latency: ns; the others: the first call that it concerns, counted from 1 */
  int code;       /* fail, sticky: the CUresult */
  bool onwards;   /* fail: all later calls too */
  injection injection;
} rule;

/* One device of the machine, or a MIG instance of one: who it is, and what it has. */
typedef struct device_config {
  char uuid[CONFIG_TEXT];
  char pci_bus[CONFIG_TEXT];
  int64_t sm_count;
  int64_t memory_bytes;
  int64_t l2_bytes;
  int64_t l2_bandwidth, dram_bandwidth; /* B/s */
  int parent;                           /* the device that an instance is a part of; else its own number */
  int compute_slices, memory_slices;    /* of an instance; 0: it is none */
  int gpu_instance;                     /* its identifier */
  char profile[CONFIG_PROFILE];         /* such as 3g.71gb */
} device_config;

typedef struct config {
#define INTEGER_FIELD(field) int64_t field;
#define REAL_FIELD(field) double field;
#define TEXT_FIELD(field) char field[CONFIG_TEXT];
#define KEY(field, name, type, value, range, unit, meaning) type##_FIELD(field)
#include "keys.def"
#undef KEY
#undef INTEGER_FIELD
#undef REAL_FIELD
#undef TEXT_FIELD
  bool side_by_side;
  bool is_virtual;
  bool half_duplex;
  int peer_slow_pair[2]; /* the devices between which peer_bandwidth is less */
  double peer_slow_part;
  bool l2_random;                       /* replacement */
  int units;                            /* devices, and then the MIG instances */
  device_config device[CONFIG_DEVICES]; /* in the order of CUDA: the fastest first, of equals the first */
  int nvml[CONFIG_DEVICES];             /* NVML's index -> device: in the order of the bus */
  int rules;
  rule rule[CONFIG_RULES];
  char directory[CONFIG_PATH];
} config;

/* Reads the machine named by GVB_EMULATED. On failure, false and one sentence in `error` (CONFIG_ERROR bytes). */
bool config_read(config *into, char *error);

/* Reads the machine in that directory, likewise. */
bool config_load(config *into, const char *directory, char *error);

/* Of common_config_link.c: derives what was negotiated; a sentence if something is wrong, else NULL. */
const char *link_settle(config *c);

/* B/s: of what goes through the host, and between two devices that reach each other, by NVLink or else PCIe. */
double link_host_rate(const config *c);
double link_peer_rate(const config *c, int a, int b);

/* Cuts the device into the instances that the key `mig` names. On failure likewise. */
bool config_slice(config *c, char *error);

/* Of common_config_check.c: what keys are to each other, and what follows from them. On failure likewise. */
bool config_check(config *c, char *error);

/* Of common_config_range.c: whether a value is in the range that keys.def declares. */
bool range_holds_number(const char *range, double value);
bool range_holds_word(const char *range, const char *value);

/* The keys and families as a JSON array of {name, type, default, range, unit, meaning}. */
const char *config_keys_json(void);

#endif
