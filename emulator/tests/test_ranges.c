/* Every key has a range: what lies outside is refused in one sentence, and at either end a machine works. In virtual
 * time. */
#include <dlfcn.h>

#include "timeline.h"

typedef struct key {
  const char *name, *type, *range;
} key;

static const key keys[] = {
#define KEY(field, name, type, value, range, unit, meaning) {name, #type, range},
#include "../keys.def"
#undef KEY
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static const char *complaint_about(const char *config) {
  static const char *(*complaint)(const char *);
  new_machine(config);
  *(void **)&complaint = dlsym(cuda_library, "gvb_emulated_complaint");
  return complaint(machine_directory());
}

static bool is_refused(const key *k, const char *value) {
  char text[200], sentence[200];
  snprintf(text, sizeof text, "%s %s", k->name, value);
  snprintf(sentence, sizeof sentence, "%s is %s, expected %s", k->name, value, k->range);
  return strstr(complaint_about(text), sentence) != NULL;
}

/* The number nearest outside: its least digit is one more. */
static void outside(char *value, size_t room, double bound, int step, bool whole) {
  if (whole)
    snprintf(value, room, "%.0f", bound + step * (bound > 1e15 ? 4096.0 : 1.0));
  else
    snprintf(value, room, "%.6f", bound + step * 0.000001);
}

static void refuse_outside(void) {
  int refused = 0, texts = 0;
  for (const key *k = keys; k < keys + KEYS; k++) {
    double least, most;
    char below[64], above[64];
    texts += strcmp(k->type, "TEXT") == 0;
    if (sscanf(k->range, "%lf to %lf", &least, &most) != 2) continue;
    const bool whole = strcmp(k->type, "INTEGER") == 0;
    outside(below, sizeof below, least, -1, whole), outside(above, sizeof above, most, 1, whole);
    const bool good = is_refused(k, below) && (most > 9e18 || is_refused(k, above)); /* no number is larger than that */
    if (!good) printf("%s: %s or %s is taken\n", k->name, below, above);
    refused += good;
  }
  check(refused == KEYS - texts, "each of %d numbers is refused below and above its range", refused);
}

static bool is_taken(const key *k, const char *word, size_t length) {
  char text[200];
  snprintf(text, sizeof text, "%s %.*s", k->name, (int)length, word);
  return complaint_about(text)[0] == 0;
}

/* Each word of the range is one, and what lies between two of them, or only begins like one, is none. */
static bool words_hold(const key *k) {
  char beginning[64];
  bool good = is_refused(k, "neither") && is_refused(k, k->range) && is_refused(k, "or");
  for (const char *word = k->range, *end; word; word = end ? end + 4 : NULL) {
    end = strstr(word, " or ");
    const size_t length = end ? (size_t)(end - word) : strlen(word);
    snprintf(beginning, sizeof beginning, "%.*s", (int)length - 1, word);
    good = good && is_taken(k, word, length) && is_refused(k, beginning) && (!end || is_refused(k, word));
  }
  return good;
}

static void refuse_words(void) {
  for (const key *k = keys; k < keys + KEYS; k++)
    if (strstr(k->range, " or ")) check(words_hold(k), "%s: %s, and no other word", k->name, k->range);
}

/* ---- a machine at either end ---- */

static void work(void) {
  alarm(20);
  void *host;
  CUdeviceptr memory;
  size_t bytes = 1 << 16, free_bytes, total;
  open_context();
  MUST(cu.cuMemGetInfo_v2(&free_bytes, &total));
  if (cu.cuMemAlloc_v2(&memory, bytes) != CUDA_SUCCESS) exit(0); /* the context has all of it */
  MUST(cu.cuMemHostAlloc(&host, bytes, 0));
  uint64_t iterations = 100, words = bytes / 8, value = 1;
  float factor = 1.0f;
  launch("gvb_fma", 64, 128, (void *[]){&iterations, &factor, &factor, &memory});
  launch("gvb_fill", 64, 128, (void *[]){&memory, &words, &value});
  MUST(cu.cuMemcpyHtoDAsync_v2(memory, host, bytes, stream));
  MUST(cu.cuMemcpyDtoHAsync_v2(host, memory, bytes, stream));
  MUST(cu.cuMemsetD8Async(memory, 1, bytes, stream));
  MUST(cu.cuStreamSynchronize(stream));
  MUST(cu.cuMemFree_v2(memory));
  exit(0);
}

/* With what else must be so that the two may stand together. */
static const char *beside(const char *name) {
  static const struct {
    const char *name, *text;
  } others[] = {{"sm_clock", "clock_full 0\n"},
                {"slice_ns", "unfair 1\n"},
                {"unfair", "slice_ns 2000000\n"},
                {"power", "power_full 10000000\n"},
                {"power_limit", "power 0\n"},
                {"memory_bytes", "context_bytes 0\n"},
                {"context_bytes", "memory_bytes 100000000000000\n"},
                {"l2_latency", "dram_latency 1000000\n"},
                {"dram_latency", "l2_latency 1\n"},
                {"pcie_generation", "pcie_generation_now 0\n"},
                {"pcie_generation_now", "pcie_generation 6\n"},
                {"pcie_width_now", "pcie_width 32\n"}};
  for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
    if (strcmp(others[k].name, name) == 0) return others[k].text;
  return "";
}

static void works_at(const key *k, const char *value) {
  char text[300];
  snprintf(text, sizeof text, "clock virtual\n%s%s %s\n", beside(k->name), k->name, value);
  const char *wrong = complaint_about(text);
  const bool good = *wrong == 0 ? in_child(work) == 0 : strstr(wrong, "clock_full must be") != NULL;
  check(good, "%s %s: %s", k->name, value, *wrong ? wrong : "a machine works");
}

static void work_at_the_ends(void) {
  for (const key *k = keys; k < keys + KEYS; k++) {
    char least[64], most[64];
    if (sscanf(k->range, "%63s to %63s", least, most) != 2 || strcmp(k->name, "clock") == 0) continue;
    works_at(k, least);
    works_at(k, most);
  }
}

int main(void) {
  open_driver();
  refuse_words();
  refuse_outside();
  work_at_the_ends();
  return summary();
}
