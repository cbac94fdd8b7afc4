#include "memory.h"

#include <pthread.h>
#include <string.h>

#include "table.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static table booked[MEMORY_KINDS];

static uint64_t here; /* bytes of this process */
static uint64_t *in_use = &here;
static uint64_t refusals;
static uint64_t releases;

static bool mode_is(const char *mode) { return knobs.memory_mode != NULL && strcmp(knobs.memory_mode, mode) == 0; }

static bool counting(void) { return knobs.memory_limit > 0 || knobs.memory_walk > 0; }

static bool fits(uint64_t used, uint64_t bytes) {
  const uint64_t limit = (uint64_t)knobs.memory_limit;
  if (limit == 0 || mode_is("none")) return true;
  if (mode_is("single")) return bytes <= limit;
  if (mode_is("off-by-one-chunk")) return used < limit;
  return used + bytes <= limit + (mode_is("leaky") ? (uint64_t)knobs.memory_slack : 0);
}

static void count_back(uint64_t bytes) {
  __atomic_sub_fetch(in_use, bytes, __ATOMIC_RELAXED);
  if (in_use != &here) __atomic_sub_fetch(&here, bytes, __ATOMIC_RELAXED);
}

/* Checked and added in one step, so that processes of one tenant do not overshoot together. */
static bool count(uint64_t bytes, bool whatever) {
  uint64_t used = __atomic_load_n(in_use, __ATOMIC_RELAXED);
  do {
    if (!whatever && !fits(used, bytes)) return false;
  } while (!__atomic_compare_exchange_n(in_use, &used, used + bytes, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  if (in_use != &here) __atomic_add_fetch(&here, bytes, __ATOMIC_RELAXED);
  return true;
}

/* What a layer pays that keeps its allocations in a list. */
static void walk(void) {
  if (knobs.memory_walk == 0) return;
  pthread_mutex_lock(&lock);
  const size_t live = booked[MEMORY_POINTER].used + booked[MEMORY_HANDLE].used;
  pthread_mutex_unlock(&lock);
  if (live > 0) layer_spin(knobs.memory_walk * (int64_t)live);
}

uint64_t memory_counted(hook_id id, uint64_t bytes) { return counting() && hooks[id].counted ? bytes : 0; }

bool memory_admit(uint64_t counted) {
  if (counted == 0) return true;
  walk();
  if (count(counted, false)) return true;
  const uint64_t refusal = __atomic_add_fetch(&refusals, 1, __ATOMIC_RELAXED);
  return knobs.refuse_miss > 0 && refusal % (uint64_t)knobs.refuse_miss == 0 && count(counted, true);
}

CUresult memory_refusal(void) {
  if (knobs.refuse_delay > 0) layer_spin(knobs.refuse_delay);
  return (CUresult)knobs.refuse_code;
}

static void put(memory_kind kind, unsigned long long key, uint64_t bytes) {
  pthread_mutex_lock(&lock);
  const bool kept = table_put(&booked[kind], key, bytes);
  pthread_mutex_unlock(&lock);
  if (!kept) count_back(bytes);
}

CUresult memory_book(memory_kind kind, CUresult code, const unsigned long long *key, uint64_t counted) {
  if (counted == 0) return code;
  if (code == CUDA_SUCCESS)
    put(kind, *key, counted);
  else
    count_back(counted);
  return code;
}

/* Before the driver's free: after it, another thread may be given the same address. */
uint64_t memory_release(memory_kind kind, unsigned long long key) {
  if (!counting()) return 0;
  walk();
  pthread_mutex_lock(&lock);
  const uint64_t bytes = table_take(&booked[kind], key);
  pthread_mutex_unlock(&lock);
  return bytes;
}

static bool forgets(void) {
  const uint64_t release = __atomic_add_fetch(&releases, 1, __ATOMIC_RELAXED);
  return knobs.memory_forget > 0 && release % (uint64_t)knobs.memory_forget == 0;
}

CUresult memory_released(memory_kind kind, CUresult code, unsigned long long key, uint64_t counted) {
  if (counted == 0) return code;
  if (code != CUDA_SUCCESS)
    put(kind, key, counted);
  else if (!forgets())
    count_back(counted);
  return code;
}

void memory_show(size_t *free_bytes, size_t *total_bytes) {
  if (knobs.memory_limit == 0 || knobs.memory_view == 0) return;
  const size_t limit = (size_t)knobs.memory_limit;
  const size_t used = (size_t)__atomic_load_n(in_use, __ATOMIC_RELAXED);
  const size_t left = used < limit ? limit - used : 0;
  if (total_bytes != NULL) *total_bytes = limit;
  if (free_bytes != NULL && left < *free_bytes) *free_bytes = left;
}

void memory_share(uint64_t *shared) {
  __atomic_add_fetch(shared, here, __ATOMIC_RELAXED);
  in_use = shared;
}

/* A process that ends gives back what it held; one that is killed does not, as in layers that never look. */
__attribute__((destructor)) static void give_back(void) {
  if (in_use != &here) __atomic_sub_fetch(in_use, here, __ATOMIC_RELAXED);
}
