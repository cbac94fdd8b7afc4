/* What a key may be: the range that keys.def declares, "least to most" of a number, "word or word" of a text. */
#include <stdio.h>
#include <string.h>

#include "common_config.h"

bool range_holds_number(const char *range, double value) {
  double least, most;
  return sscanf(range, "%lf to %lf", &least, &most) == 2 && value >= least && value <= most;
}

bool range_holds_word(const char *range, const char *value) {
  static const char between[] = " or ";
  if (range[0] == 0) return true;
  for (const char *word = range, *end; word; word = end ? end + strlen(between) : NULL) {
    end = strstr(word, between);
    const size_t length = end ? (size_t)(end - word) : strlen(word);
    if (strlen(value) == length && strncmp(word, value, length) == 0) return true;
  }
  return false;
}
