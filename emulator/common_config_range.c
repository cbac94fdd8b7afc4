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
  const size_t length = strlen(value);
  if (range[0] == 0) return true;
  for (const char *word = range; word; word = strstr(word, between)) {
    if (word != range) word += strlen(between);
    if (strncmp(word, value, length) == 0 && (word[length] == 0 || strncmp(word + length, between, 4) == 0))
      return true;
  }
  return false;
}
