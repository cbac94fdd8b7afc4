/* The state file: what a system's proof reads to know that the layer is in force. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

typedef struct state {
  uint32_t magic;
  uint32_t version;
  int32_t pid;
  uint32_t unused;
  uint64_t memory_limit;
  uint64_t share_percent;
  uint64_t memory_used; /* of all processes, with LAYER_MEMORY_SCOPE=tenant */
} state;

_Static_assert(offsetof(state, pid) == 8 && offsetof(state, memory_limit) == 16 &&
                   offsetof(state, share_percent) == 24 && offsetof(state, memory_used) == 32,
               "the layout that README.md gives");

#define MAGIC 0x4c425647u /* the bytes G V B L */
#define VERSION 1

/* The file stays open, with a lock that tells how many processes live: the first one finds none and counts from 0. */
static state *map(const char *path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(state)) != 0) layer_refuse_knob("LAYER_STATE", path, "cannot be written");
  state *mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED && flock(fd, LOCK_EX | LOCK_NB) == 0) mapped->memory_used = 0;
  flock(fd, LOCK_SH);
  if (mapped == MAP_FAILED) layer_refuse_knob("LAYER_STATE", path, "cannot be mapped");
  return mapped;
}

void state_start(void) {
  if (knobs.state == NULL) return;
  state *s = map(knobs.state);
  s->magic = MAGIC;
  s->version = VERSION;
  s->pid = (int32_t)getpid();
  s->memory_limit = (uint64_t)knobs.memory_limit;
  s->share_percent = (uint64_t)(knobs.share * 100 + 0.5);
  if (knobs.memory_scope != NULL && strcmp(knobs.memory_scope, "tenant") == 0) memory_share(&s->memory_used);
}
