#include "tenants.h"

#include <math.h>

void tenants_start(tenants *t, const char *role, int count) {
  char text[96];
  t->count = count;
  for (int k = 0; k < count; k++) {
    snprintf(text, sizeof text, "%s %d %d", role, count, k);
    t->pid[k] = start_client(text, &t->out[k]);
  }
}

bool tenants_collect(tenants *t, int numbers) {
  bool good = true;
  for (int k = 0; k < t->count; k++) {
    int status;
    for (int n = 0; n < numbers; n++) t->seen[k][n] = read_number(t->out[k]);
    waitpid(t->pid[k], &status, 0);
    fclose(t->out[k]);
    good = good && status == 0;
  }
  return good;
}

bool tenants_alike(const tenants *t, int number, double tolerance) {
  const double first = (double)t->seen[0][number];
  for (int k = 1; k < t->count; k++)
    if (fabs((double)t->seen[k][number] - first) > fabs(first) * tolerance) return false;
  return true;
}

void tenant_enter(int count, int rank) {
  const gvb_start start = {count, rank, 0, rank};
  machine = machine_clock();
  machine->enter(&start, NULL);
}

static void print_row(const char *kind, const char *set, double expected, double seen) {
  print_base();
  printf("row %s | %s | ", kind, set);
  print_machine();
  printf(" | %.6g | %.6g\n", expected, seen);
}

void row(const char *kind, const char *set, double expected, double seen, double tolerance) {
  double allowed = expected != 0 ? fabs(expected) * tolerance : tolerance;
  if (getenv("TABLE")) print_row(kind, set, expected, seen);
  check(fabs(seen - expected) <= allowed, "%s, %s: %.9g, expected %.9g", kind, set, seen, expected);
}
