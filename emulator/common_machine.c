#include "common_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common_clock.h"
#include "common_journal.h"

enum { VERSION = 14 };
const int64_t *clock_virtual;

/* Virtual time begins there, whole seconds: everything that is periodic has the same phase in each session. */
static const int64_t beginning = 1000000000000;

static const uint64_t magic = 0x4756422d53544154; /* "GVB-STAT" */

uint64_t process_born(pid_t pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  char *field = strrchr(text, ')'); /* the name before it may hold anything */
  if (!field || field[1] == 0 || field[2] == 'Z' || field[2] == 'X') return 0;
  for (int i = 2; i < 22 && field; i++) field = strchr(field + 1, ' ');
  return field ? strtoull(field + 1, NULL, 10) : 0;
}

static void initialize(machine *m, const config *c) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&m->lock, &attributes);
  pthread_mutexattr_destroy(&attributes);
  m->now = beginning;
  m->created = m->time = c->is_virtual ? beginning : clock_host();
  m->devices = c->units;
  for (device *d = m->device; d < m->device + DEVICES; d++) {
    d->owner = d->last = -1;
    d->account[0].until = m->created;
  }
  m->version = VERSION;
  m->size = sizeof *m;
  m->magic = magic;
}

static machine *map(int fd, const char *path, const config *c, char *error) {
  struct stat found;
  bool new_file = fstat(fd, &found) == 0 && found.st_size == 0;
  if (new_file && ftruncate(fd, sizeof(machine)) != 0) {
    snprintf(error, CONFIG_ERROR, "%s: %s", path, strerror(errno));
    return NULL;
  }
  if (!new_file && found.st_size != sizeof(machine)) {
    snprintf(error, CONFIG_ERROR, "%s: %lld bytes, expected %zu: it belongs to another version", path,
             (long long)found.st_size, sizeof(machine));
    return NULL;
  }
  machine *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (m == MAP_FAILED) {
    snprintf(error, CONFIG_ERROR, "%s: %s", path, strerror(errno));
    return NULL;
  }
  /* The magic is written last: a creator that died in between leaves zeros, and we begin again. */
  if (m->magic == 0) initialize(m, c);
  if (m->magic == magic && m->version == VERSION && m->size == sizeof *m) return m;
  snprintf(error, CONFIG_ERROR, "%s: not a state of version %d", path, VERSION);
  munmap(m, sizeof *m);
  return NULL;
}

machine *machine_open(const config *c, char *error) {
  char path[CONFIG_PATH + 8];
  snprintf(path, sizeof path, "%s/config", c->directory);
  int guard = open(path, O_RDONLY | O_CLOEXEC);
  snprintf(path, sizeof path, "%s/state", c->directory);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  machine *m = NULL;
  if (guard >= 0 && fd >= 0 && flock(guard, LOCK_EX) == 0)
    m = map(fd, path, c, error);
  else
    snprintf(error, CONFIG_ERROR, "%s: %s", path, strerror(errno));
  if (fd >= 0) close(fd);
  if (guard >= 0) close(guard); /* releases the file lock */
  clock_virtual = m && c->is_virtual ? &m->now : NULL;
  return m;
}

void machine_lock(machine *m) {
  if (pthread_mutex_lock(&m->lock) != EOWNERDEAD) return;
  pthread_mutex_consistent(&m->lock);
  journal_roll_back(m);
  m->orphaned++;
  m->reaped = 0; /* its own work goes when the schedule has been moved to now */
}

void machine_unlock(machine *m) { pthread_mutex_unlock(&m->lock); }

void machine_stir(machine *m) {
  __atomic_fetch_add(&m->stirred, 1, __ATOMIC_RELEASE);
  for (actor *a = m->actors; a < m->actors + m->cast; a++)
    if (a->stand == ACTOR_WAITS && a->looks && a->until > m->now) a->until = m->now;
  if (!clock_virtual) syscall(SYS_futex, &m->stirred, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static bool alive(const slot *s) {
  if (s->pid == getpid()) return true;
  if (kill(s->pid, 0) != 0 && errno == ESRCH) return false;
  return process_born(s->pid) == s->born;
}

/* `served` stays: what is older than `spans` is not looked at. */
static void leave(seat *t) {
  t->context = false;
  if (!clock_virtual) t->client = false;
  t->used = 0;
  t->oldest = 1;
  t->copies = 0;
  memset(t->waiting, 0, sizeof t->waiting);
  memset(t->queued, 0, sizeof t->queued);
  t->grids = 0;
  t->at_work = false;
  memset(t->busy, 0, sizeof t->busy);
}

static bool had_turn(const device *d, int index) { return d->owner == index || d->last == index; }

static void forget_turns(machine *m, int index) {
  for (device *d = m->device; d < m->device + DEVICES; d++) {
    if (d->owner == index) d->owner = -1;
    if (d->last == index) d->last = -1;
  }
}

/* Virtual time still asks whose it was: when the host ends a process must not show. */
static bool is_remembered(const machine *m, int index) {
  for (int d = 0; d < DEVICES && clock_virtual; d++)
    if (m->slots[index].seats[d].client || had_turn(&m->device[d], index)) return true;
  return false;
}

/* In virtual time what the slot was stays to be asked: is_remembered. The pid goes last: whoever dies before that
 * leaves the slot to the next. */
static void release(machine *m, slot *s) {
  if (s->pid && s->first <= s->head) machine_stir(m);
  s->first = 1;
  s->head = 0;
  s->strike = (strike){0};
  for (int d = 0; d < DEVICES; d++) leave(&s->seats[d]);
  if (!clock_virtual) forget_turns(m, slot_index(m, s));
  __atomic_store_n(&s->pid, 0, __ATOMIC_RELEASE);
}

void machine_reap(machine *m) {
  for (slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid && !alive(s)) release(m, s);
  m->reaped = clock_host();
}

void machine_reap_sometimes(machine *m, int64_t now) {
  if ((clock_virtual ? clock_host() : now) - m->reaped >= REAP_INTERVAL) machine_reap(m);
}

/* Our own pid is one that the program before an exec left. */
static slot *find_free(machine *m, bool remembered_too) {
  for (slot *s = m->slots; s < m->slots + MACHINE_SLOTS; s++)
    if (s->pid == getpid()) return s;
  for (slot *s = m->slots; s < m->slots + MACHINE_SLOTS; s++)
    if (!s->pid && (remembered_too || !is_remembered(m, slot_index(m, s)))) return s;
  return remembered_too ? NULL : find_free(m, true);
}

static void occupy(machine *m, slot *s) {
  release(m, s);
  forget_turns(m, slot_index(m, s));
  memset(s->items, 0, sizeof s->items); /* also: no page fault in the middle of a call later */
  memset(s->seats, 0, sizeof s->seats);
  for (int d = 0; d < DEVICES; d++) s->seats[d].oldest = 1, s->seats[d].part = 1.0;
  s->born = process_born(getpid());
  s->order = ++m->attached;
  s->late_ns = 0;
  s->rank = 0;
  s->server = 0;
  s->pid = getpid();
  if (m->top <= slot_index(m, s)) m->top = slot_index(m, s) + 1;
}

slot *machine_attach(machine *m) {
  machine_reap(m);
  journal_touch(m);
  slot *s = find_free(m, false);
  if (s) occupy(m, s);
  return s;
}

void machine_forget(machine *m) {
  machine_reap(m);
  for (slot *s = m->slots; s < slots_end(m); s++)
    for (int d = 0; d < DEVICES; d++) s->seats[d].client = s->seats[d].context;
}

void machine_detach(machine *m, slot *s) { release(m, s); }

uint64_t machine_used(const machine *m, int device) {
  uint64_t sum = 0;
  for (const slot *s = m->slots; s < slots_end(m); s++)
    if (s->pid) sum += s->seats[device].used;
  return sum;
}
