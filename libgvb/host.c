/* How fast the host's processor is at the moment. */
#include "clock.h"
#include "gvb.h"

enum { STEPS = 8000, TRIES = 5 };

/* Eight independent chains keep a core's arithmetic units full: only then is work on the core's other thread felt. One
 * dependent chain is not slowed by it. The asm keeps the compiler from computing the sums itself. */
static int64_t one_try(void) {
  uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
  const int64_t t0 = gvb_host_clock();
  for (uint64_t i = 0; i < STEPS; i++) {
    a += i, b ^= i, c += 3, d ^= 5, e += i, f ^= i, g += 7, h ^= 9;
    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h));
  }
  return gvb_host_clock() - t0;
}

int64_t gvb_host_pace(void) {
  int64_t shortest = one_try();
  for (int i = 1; i < TRIES; i++) {
    const int64_t took = one_try();
    if (took < shortest) shortest = took;
  }
  return shortest;
}
