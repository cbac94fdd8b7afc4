#include "suite.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const check *const families[] = {argument_checks,    device_checks,  routine_checks,    overhead_checks,
                                        fingerprint_checks, failure_checks, scheduling_checks, limit_checks,
                                        isolation_checks,   copy_checks,    contention_checks, party_checks};

enum { FAMILIES = sizeof families / sizeof *families };

void open_device(void) {
  EXPECT_OK(gvb_open(GVB_HANDLE));
  EXPECT_OK(gvb_context(0, GVB_WAIT_SPIN));
}

gvb_interval room_for(const gvb_work *work) {
  static int64_t *rooms[16]; /* kept, so that the leak check looks for libgvb's own */
  static size_t used;
  gvb_interval interval = {.rows = gvb_rows(work)};
  interval.samples = calloc((size_t)(gvb_rows(work) * gvb_columns(work)), sizeof *interval.samples);
  EXPECT(interval.samples != NULL && used < sizeof rooms / sizeof *rooms);
  rooms[used++] = interval.samples;
  return interval;
}

gvb_interval run_once(gvb_work *work) {
  gvb_interval interval = room_for(work);
  EXPECT_OK(gvb_run(work, &interval));
  EXPECT(interval.rows > 0);
  EXPECT(interval.end > interval.begin);
  return interval;
}

static int ascending(const void *left, const void *right) {
  const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

int64_t median(const gvb_interval *interval, int64_t columns, int64_t column) {
  const size_t rows = (size_t)interval->rows;
  int64_t *sorted = calloc(rows, sizeof *sorted);
  EXPECT(sorted != NULL);
  for (size_t i = 0; i < rows; i++) sorted[i] = interval->samples[(int64_t)i * columns + column];
  qsort(sorted, rows, sizeof *sorted, ascending);
  const int64_t middle = sorted[rows / 2];
  free(sorted);
  return middle;
}

static const check *find(const char *name) {
  for (int f = 0; f < FAMILIES; f++)
    for (const check *c = families[f]; c->name != NULL; c++)
      if (strcmp(c->name, name) == 0) return c;
  FAIL("no check is called %s", name);
}

static void write_machine(const char *folder, const char *lines) {
  char path[512];
  snprintf(path, sizeof path, "%s/config", folder);
  FILE *file = fopen(path, "w");
  EXPECT(file != NULL);
  fputs(lines, file);
  fclose(file);
}

static void remove_machine(const char *folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/config", folder);
  unlink(path);
  snprintf(path, sizeof path, "%s/state", folder);
  unlink(path);
  rmdir(folder);
}

static void become(const check *c, const char *folder) {
  if (c->machine != NULL) setenv("GVB_EMULATED", folder, 1);
  if (c->machine == NULL) unsetenv("GVB_EMULATED");
  alarm(60); /* a check that hangs is a check that failed */
  execl("/proc/self/exe", "suite", c->name, (char *)NULL);
  _exit(127);
}

/* Its wait status. */
static int try(const check *c) {
  char folder[] = "/tmp/gvb-test-XXXXXX";
  int status = 0;
  EXPECT(mkdtemp(folder) != NULL);
  if (c->machine != NULL) write_machine(folder, c->machine);
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) become(c, folder);
  EXPECT(waitpid(child, &status, 0) == child);
  remove_machine(folder);
  return status;
}

static int passes(const check *c) {
  int status = try(c);
  for (int attempt = 2; attempt <= ATTEMPTS && WIFEXITED(status) && WEXITSTATUS(status) == LATE; attempt++) {
    printf("late   %s, attempt %d\n", c->name, attempt);
    fflush(stdout);
    usleep(200000);
    status = try(c);
  }
  printf("%-6s %s\n", status == 0 ? "ok" : "FAILED", c->name);
  return status == 0;
}

/* Without an argument every check, with one the check of that name, in this process. */
int main(int argc, char **argv) {
  int passed = 0, failed = 0;
  if (argc > 1) {
    find(argv[1])->test();
    return 0;
  }
  for (int f = 0; f < FAMILIES; f++)
    for (const check *c = families[f]; c->name != NULL; c++) passes(c) ? passed++ : failed++;
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
