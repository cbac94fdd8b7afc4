/* Which functions that the configuration has a rule for were called: a file of each in the machine's directory, so that
 * whoever set the rule learns that it concerned nobody. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "driver_call.h"

void mark_called(const char *name) {
  char path[CONFIG_PATH + CONFIG_TEXT];
  snprintf(path, sizeof path, "%s/called.%s", gpu.config.directory, name);
  int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
}
