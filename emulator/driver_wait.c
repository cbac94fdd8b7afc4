/* Noise around what is modelled, and waiting for a time. */
#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "driver_call.h"
#include "driver_clock.h"

static _Thread_local uint64_t noise_state;
static _Thread_local bool slack_set;

static uint64_t mixed(uint64_t seed) {
  const uint64_t state = (seed + 1) * 0x9E3779B97F4A7C15ull;
  return state ? state : 1;
}

void noise_begin(int64_t seed) { noise_state = mixed((uint64_t)gpu.config.seed * 1000003 + (uint64_t)seed * 7919); }

static double uniform(void) { /* xorshift64* */
  if (noise_state == 0) {
    uint64_t order = gpu.slot ? gpu.slot->order : 0;
    noise_state = mixed((uint64_t)gpu.config.seed * 1000003 + order * 7919);
  }
  noise_state ^= noise_state >> 12;
  noise_state ^= noise_state << 25;
  noise_state ^= noise_state >> 27;
  return (double)((noise_state * 0x2545F4914F6CDD1Dull) >> 11) / 9007199254740992.0;
}

int64_t noisy(int64_t nanoseconds) {
  if (gpu.config.jitter <= 0) return nanoseconds;
  /* The sum of three uniforms: bell-shaped, standard deviation 1/2, bounded. */
  double bell = uniform() + uniform() + uniform() - 1.5;
  return (int64_t)llround((double)nanoseconds * (1.0 + 2.0 * gpu.config.jitter * bell));
}

enum { MARGIN = 60000 }; /* a sleep may end this much late */

/* When to wake up from a sleep before that time; false: it is too near. */
static bool may_sleep(int64_t time, struct timespec *until) {
  if (time - clock_now() <= 2 * MARGIN) return false;
  if (!slack_set) prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* the default allows 50 us more */
  slack_set = true;
  *until = (struct timespec){(time - MARGIN) / 1000000000, (time - MARGIN) % 1000000000};
  return true;
}

void wait_until(int64_t time) {
  if (clock_virtual) {
    clock_wait(time);
    return;
  }
  struct timespec until;
  if (may_sleep(time, &until))
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) continue;
  while (clock_now() < time) continue;
}

void await_foretold(int64_t time, uint32_t stirred) {
  uint32_t *word = &gpu.machine->stirred;
  struct timespec until;
  if (clock_virtual) {
    clock_await(time, stirred);
    return;
  }
  while (may_sleep(time, &until) &&
         syscall(SYS_futex, word, FUTEX_WAIT_BITSET, stirred, &until, NULL, FUTEX_BITSET_MATCH_ANY) != 0 &&
         errno == EINTR)
    continue;
  while (clock_now() < time && __atomic_load_n(word, __ATOMIC_ACQUIRE) == stirred) continue;
}
