/* Static partitions: multiprocessors in chunks, each of one partition at most, that clients choose by name. */
#include <signal.h>
#include <stdlib.h>

#include "common_config.h"
#include "common_sets.h"
#include "mps.h"
#include "mps_daemon.h"

enum { PARTITIONS = 64, NAME = 16 };

typedef struct partition {
  char device[CONFIG_TEXT]; /* "" = none */
  char name[NAME];
  int first, chunks;
} partition;

typedef struct user {
  pid_t pid;
  const partition *of;
} user;

static partition partitions[PARTITIONS];
static user users[MPS_CLIENTS];
static config machine;

static int chunk_size(void) { return machine.compute_capability >= 90 ? 8 : 4; }

static bool is_at(const partition *p, const char *device) { return *device && strcmp(p->device, device) == 0; }

static partition *named(const char *device, const char *name) {
  for (partition *p = partitions; p < partitions + PARTITIONS; p++)
    if (is_at(p, device) && strcmp(p->name, name) == 0) return p;
  return NULL;
}

static const device_config *device_named(const char *uuid) {
  for (int d = 0; d < machine.devices; d++)
    if (strcmp(machine.device[d].uuid, uuid) == 0) return &machine.device[d];
  return NULL;
}

static int chunks_of(const device_config *d) { return (int)d->sm_count / chunk_size(); }

static bool is_used(const partition *p) {
  for (const user *u = users; u < users + MPS_CLIENTS; u++)
    if (u->of == p && u->pid && kill(u->pid, 0) == 0) return true;
  return false;
}

/* ---- the commands ---- */

static bool is_taken(const char *device, int chunk) {
  for (const partition *p = partitions; p < partitions + PARTITIONS; p++)
    if (is_at(p, device) && chunk >= p->first && chunk < p->first + p->chunks) return true;
  return false;
}

/* The first of so many free chunks in a row; -1: there are none. */
static int find_room(const device_config *d, int chunks) {
  int run = 0;
  for (int chunk = 0; chunk < chunks_of(d); chunk++) {
    run = is_taken(d->uuid, chunk) ? 0 : run + 1;
    if (run == chunks) return chunk + 1 - chunks;
  }
  return -1;
}

static partition *unused_entry(void) {
  for (partition *p = partitions; p < partitions + PARTITIONS; p++)
    if (!p->device[0]) return p;
  return NULL;
}

static void add(const char *uuid, int chunks, char *reply) {
  static int made;
  const device_config *d = device_named(uuid);
  partition *p = unused_entry();
  int first = d && chunks > 0 ? find_room(d, chunks) : -1;
  if (!d) {
    snprintf(reply, MPS_RECORD, "1Failed to create a partition: there is no device %.60s\n", uuid);
  } else if (first < 0 || !p) {
    snprintf(reply, MPS_RECORD, "1Failed to create a partition of %d chunks: the device has %d, of %d SMs each\n",
             chunks, chunks_of(d), chunk_size());
  } else {
    *p = (partition){.first = first, .chunks = chunks};
    snprintf(p->device, sizeof p->device, "%s", d->uuid);
    snprintf(p->name, sizeof p->name, "P%d", ++made);
    snprintf(reply, MPS_RECORD, "0Partition %s/%s created\n", p->device, p->name);
  }
}

static void take_away(const char *device, const char *name, char *reply) {
  partition *p = named(device, name);
  if (!p) {
    snprintf(reply, MPS_RECORD, "1Failed to remove: %.60s has no partition %.60s\n", device, name);
  } else if (is_used(p)) {
    snprintf(reply, MPS_RECORD, "1Failed to remove: %s/%s has clients\n", device, name);
  } else {
    snprintf(reply, MPS_RECORD, "0Partition %s/%s removed\n", p->device, p->name);
    p->device[0] = 0;
  }
}

static int list_device(const device_config *d, char *text, size_t room) {
  int used = 0, length;
  for (int chunk = 0; chunk < chunks_of(d); chunk++) used += is_taken(d->uuid, chunk);
  length = snprintf(text, room, "%-42s %-10s %6d %6d %6d %6d %s\n", d->uuid, "-", chunks_of(d) - used, used,
                    (chunks_of(d) - used) * chunk_size(), used * chunk_size(), "-");
  for (const partition *p = partitions; p < partitions + PARTITIONS && (size_t)length < room; p++)
    if (is_at(p, d->uuid))
      length += snprintf(text + length, room - (size_t)length, "%-42s %-10s %6s %6d %6s %6d %s\n", p->device, p->name,
                         "-", p->chunks, "-", p->chunks * chunk_size(), is_used(p) ? "yes" : "no");
  return length;
}

static void list(char *reply) {
  int length =
      snprintf(reply, MPS_RECORD, "0%-42s %-10s %6s %6s %6s %6s %s\n%-42s %-10s %6s %6s %6s %6s\n%.96s\n", "GPU",
               "Partition", "free", "used", "free", "used", "Clients", "", "", "chunks", "chunks", "SMs", "SMs",
               "------------------------------------------------------------------------------------------------");
  for (int d = 0; d < machine.devices && length < MPS_RECORD; d++)
    length += list_device(&machine.device[d], reply + length, MPS_RECORD - (size_t)length);
}

static void enter(pid_t pid, const partition *p) {
  for (user *u = users; u < users + MPS_CLIENTS; u++) {
    if (u->pid && u->pid != pid && kill(u->pid, 0) == 0) continue;
    *u = (user){pid, p};
    return;
  }
}

/* A client asks for its multiprocessors: the first, and how many. */
static void give(const char *device, const char *name, pid_t client, char *reply) {
  const partition *p = named(device, name);
  strcpy(reply, "1");
  if (!p) return;
  enter(client, p);
  snprintf(reply, MPS_RECORD, "0%d %d", p->first * chunk_size(), p->chunks * chunk_size());
}

static void complain(const char *why, char *reply) {
  snprintf(reply, MPS_RECORD, "1there are no static partitions: %.600s\n", why);
}

/* Whether this machine has them; else why not. */
static bool is_possible(bool enabled, char *reply) {
  char error[CONFIG_ERROR];
  if (!enabled)
    complain("start the daemon with -S", reply);
  else if (!machine.devices && !config_read(&machine, error))
    complain(error, reply);
  else if (machine.compute_capability < 80 || machine.sm_count > SET_MOST)
    complain("they need compute capability 8.0, and at most 256 multiprocessors", reply);
  else
    return true;
  return false;
}

bool partitions_obey(const char *command, bool enabled, char *reply) {
  char device[CONFIG_TEXT], name[CONFIG_TEXT];
  int number;
  if (strncmp(command, "sm_partition ", 13) != 0 && strcmp(command, "lspart") != 0) return false;
  if (!is_possible(enabled, reply)) return true;
  if (strcmp(command, "lspart") == 0)
    list(reply);
  else if (sscanf(command, "sm_partition add %63s %d", device, &number) == 2)
    add(device, number, reply);
  else if (sscanf(command, "sm_partition rm %63[^/ ]/%63s", device, name) == 2 ||
           sscanf(command, "sm_partition rm %63s %63s", device, name) == 2)
    take_away(device, name, reply);
  else if (sscanf(command, "sm_partition get %63[^/ ]/%63s %d", device, name, &number) == 3)
    give(device, name, (pid_t)number, reply);
  else
    strcpy(reply, "1usage: sm_partition add <device UUID> <chunks>, sm_partition rm <device UUID> <partition>\n");
  return true;
}
