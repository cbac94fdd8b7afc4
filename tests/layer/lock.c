/* One lock for all processes of a layer, in a mapped file. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layer.h"

#define READY 0x4b4c5647u /* "GVLK" */

typedef struct lock_file {
  uint32_t ready;
  pthread_mutex_t mutex;
} lock_file;

static lock_file *shared;

static void initialize(pthread_mutex_t *mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  /* Without robustness a holder that is killed leaves it taken for ever. */
  if (knobs.lock_sticky == 0) pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

/* The file's own lock decides who initializes. */
static lock_file *map(int fd) {
  lock_file *mapped = MAP_FAILED;
  flock(fd, LOCK_EX);
  if (ftruncate(fd, sizeof *mapped) == 0)
    mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED && mapped->ready != READY) {
    initialize(&mapped->mutex);
    mapped->ready = READY;
  }
  flock(fd, LOCK_UN);
  return mapped;
}

static void open_lock(void) {
  const int fd = open(knobs.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) layer_refuse_knob("LAYER_LOCK", knobs.lock, "cannot be opened");
  shared = map(fd);
  close(fd);
  if (shared == MAP_FAILED) layer_refuse_knob("LAYER_LOCK", knobs.lock, "cannot be mapped");
}

/* In virtual time nobody may wait for what the clock does not know: its holder may be waiting for the clock. */
static int take(void) {
  const int64_t step = knobs.lock_hold > 50000 ? knobs.lock_hold / 50 : 1000;
  const gvb_machine_clock *machine = layer_machine();
  int status = machine != NULL ? pthread_mutex_trylock(&shared->mutex) : pthread_mutex_lock(&shared->mutex);
  while (status == EBUSY) {
    machine->wait(machine->now() + step);
    status = pthread_mutex_trylock(&shared->mutex);
  }
  return status;
}

void lock_hold(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_lock);
  if (take() == EOWNERDEAD) pthread_mutex_consistent(&shared->mutex);
  if (knobs.lock_hold > 0) (knobs.lock_sleep ? layer_sleep : layer_spin)(knobs.lock_hold);
  pthread_mutex_unlock(&shared->mutex);
}
