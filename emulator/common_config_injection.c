#include "common_config_injection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64 };
static const char separators[] = " \t,";

/* ---- reading a rule ---- */

static bool read_integer(const char *text, int64_t least, int64_t most, int64_t *into) {
  char *end;
  errno = 0;
  *into = strtoll(text, &end, 10);
  return errno == 0 && end != text && *end == 0 && *into >= least && *into <= most;
}

static bool read_probability(const char *text, double *into) {
  char *end;
  *into = strtod(text, &end);
  return end != text && *end == 0 && *into >= 0 && *into <= 1;
}

static bool read_word(char *word, injection *into) {
  char *value = strchr(word, '=');
  if (!value) return false;
  *value++ = 0;
  bool good = false;
  if (strcmp(word, "code") == 0) good = read_integer(value, 1, 99999, &into->code);
  if (strcmp(word, "after_calls") == 0) good = read_integer(value, 0, INT64_MAX, &into->after_calls);
  if (strcmp(word, "probability") == 0) good = read_probability(value, &into->probability);
  if (strcmp(word, "seed") == 0) good = read_integer(value, 0, INT64_MAX, &into->seed);
  if (strcmp(word, "sticky") == 0) good = read_integer(value, 0, 1, &into->sticky);
  return good;
}

static void copy(char *into, size_t room, const char *from, size_t length) {
  if (length >= room) length = room - 1;
  memcpy(into, from, length);
  into[length] = 0;
}

bool injection_parse(const char *text, injection *into, char *wrong, int room) {
  char word[WORD];
  *into = (injection){.probability = 1.0, .seed = 1};
  for (const char *at = text + strspn(text, separators); *at; at += strspn(at, separators)) {
    const size_t length = strcspn(at, separators);
    copy(wrong, (size_t)room, at, length);
    copy(word, sizeof word, at, length);
    if (length >= sizeof word || !read_word(word, into)) return false;
    at += length;
  }
  if (into->code == 0) copy(wrong, (size_t)room, text, strlen(text));
  return into->code != 0;
}

/* ---- drawing ---- */

static uint64_t mixed(uint64_t z) { /* the finaliser of SplitMix64 */
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

static double draw(uint64_t seed, uint64_t process, uint64_t call) {
  const uint64_t step = 0x9E3779B97F4A7C15ull;
  const uint64_t stream = mixed(mixed((seed + 1) * step) + (process + 1) * step);
  return (double)(mixed(stream + call * step) >> 11) / 9007199254740992.0;
}

bool injection_hits(const injection *i, uint64_t origin, int64_t call) {
  return i->code != 0 && draw((uint64_t)i->seed, origin, (uint64_t)call) < i->probability;
}
