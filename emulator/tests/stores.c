#include "stores.h"

#include <stdint.h>
#include <string.h>

static uintptr_t begin, end;
static long left; /* until the store at which it dies; 0 = it lives */
static jmp_buf out;

void stores_watch(const void *memory, size_t bytes) {
  begin = (uintptr_t)memory;
  end = begin + bytes;
}

bool dies_at_store(long n, void (*act)(void)) {
  left = n;
  if (setjmp(out)) return true;
  act();
  left = 0;
  return false;
}

static void store(const void *at) {
  if ((uintptr_t)at < begin || (uintptr_t)at >= end || left == 0) return;
  if (--left == 0) longjmp(out, 1);
}

/* ---- what the compiler calls ---- */

#define SILENT(name, ...) \
  void name(__VA_ARGS__); \
  void name(__VA_ARGS__) {}
#define TELLS(name)    \
  void name(void *at); \
  void name(void *at) { store(at); }

SILENT(__tsan_init, void)
SILENT(__tsan_func_entry, void)
SILENT(__tsan_func_exit, void)
SILENT(__tsan_atomic_signal_fence, void)
SILENT(__tsan_read1, void)
SILENT(__tsan_read2, void)
SILENT(__tsan_read4, void)
SILENT(__tsan_read8, void)
SILENT(__tsan_read16, void)
SILENT(__tsan_unaligned_read2, void)
SILENT(__tsan_unaligned_read4, void)
SILENT(__tsan_unaligned_read8, void)
SILENT(__tsan_unaligned_read16, void)
SILENT(__tsan_read_range, void)
TELLS(__tsan_write1)
TELLS(__tsan_write2)
TELLS(__tsan_write4)
TELLS(__tsan_write8)
TELLS(__tsan_write16)
TELLS(__tsan_unaligned_write2)
TELLS(__tsan_unaligned_write4)
TELLS(__tsan_unaligned_write8)
TELLS(__tsan_unaligned_write16)
TELLS(__tsan_write_range)

#define ATOMIC(bits, type)                                                    \
  void __tsan_atomic##bits##_store(volatile type *at, type value, int);       \
  void __tsan_atomic##bits##_store(volatile type *at, type value, int o) {    \
    (void)o;                                                                  \
    store((const void *)at);                                                  \
    *at = value;                                                              \
  }                                                                           \
  type __tsan_atomic##bits##_load(const volatile type *at, int);              \
  type __tsan_atomic##bits##_load(const volatile type *at, int o) {           \
    (void)o;                                                                  \
    return *at;                                                               \
  }                                                                           \
  type __tsan_atomic##bits##_fetch_add(volatile type *at, type more, int);    \
  type __tsan_atomic##bits##_fetch_add(volatile type *at, type more, int o) { \
    (void)o;                                                                  \
    store((const void *)at);                                                  \
    type old = *at;                                                           \
    *at = old + more;                                                         \
    return old;                                                               \
  }
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

/* Some compilers call these too. */
#define WHOLE(name, plain, type)                  \
  void *name(void *at, type from, size_t bytes);  \
  void *name(void *at, type from, size_t bytes) { \
    store(at);                                    \
    return plain(at, from, bytes);                \
  }
WHOLE(__tsan_memcpy, memcpy, const void *)
WHOLE(__tsan_memmove, memmove, const void *)
WHOLE(__tsan_memset, memset, int)
