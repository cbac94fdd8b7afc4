/* What a failed check makes of a program: only a wrong time, in real time, lets it run again. */
#include "harness.h"

static void quietly(void) {
  if (!freopen("/dev/null", "w", stdout)) exit(3);
}

_Noreturn static void wrong(const char *machine) {
  quietly();
  new_machine(machine);
  check(false, "contents");
  exit(summary());
}

_Noreturn static void too_late(const char *machine) {
  quietly();
  new_machine(machine);
  check_in_time(false, "a time");
  check_on_host("it is slow", true, "something");
  exit(summary());
}

static void wrong_in_real_time(void) { wrong(""); }
static void late_in_real_time(void) { too_late(""); }
static void late_in_virtual_time(void) { too_late("clock virtual\n"); }

static void late_and_wrong(void) {
  quietly();
  check_in_time(false, "a time");
  check_child(1, "a process");
  exit(summary());
}

static void late_process(void) {
  quietly();
  check_child(LATE, "a process");
  exit(summary());
}

int main(void) {
  check(in_child(wrong_in_real_time) == 1, "wrong contents are a failure at once, in real time too");
  check(in_child(late_in_real_time) == LATE, "a wrong time may be the host's doing");
  check(in_child(late_in_virtual_time) == 1, "not in virtual time");
  check(in_child(late_and_wrong) == 1, "beside a failure it does not count");
  check(in_child(late_process) == LATE, "a process tells by its status that no more than a time was wrong");
  return summary();
}
