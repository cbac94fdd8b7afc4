/* Kernels of one process at the same time: multiprocessors, priorities, hardware queues. In virtual time, exact. */
#include "tenants.h"

/* ---- multiprocessors ---- */

static void two_halves(void) {
  prepare(NULL);
  close_gate();
  compute_and_record(s[0], ALL / 2);
  compute_and_record(s[1], ALL / 2);
  END_AT(1, 1);
}

static void one_stream(void) {
  prepare(NULL);
  close_gate();
  compute_and_record(s[0], ALL / 2);
  compute_and_record(s[0], ALL / 2);
  END_AT(1, 2);
}

static void four_quarters(void) {
  prepare(NULL);
  close_gate();
  for (int k = 0; k < 3 * STREAMS; k++) compute_and_record(s[k % STREAMS], ALL / 4);
  END_AT(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
}

static void four_wholes(void) {
  prepare(NULL);
  close_gate();
  for (int k = 0; k < STREAMS; k++) compute_and_record(s[k], ALL);
  END_AT(1, 2, 3, 4);
}

/* The whole one has half of the device until the half one ends; the third one comes after it. */
static void what_is_left(void) {
  prepare(NULL);
  close_gate();
  compute_and_record(s[0], ALL / 2);
  compute_and_record(s[1], ALL);
  compute_and_record(s[2], ALL / 2);
  END_AT(1, 1.5, 2.5);
}

static void legacy_stream(void) {
  CUstream blocking;
  prepare(NULL);
  MUST(cu.cuStreamCreate(&blocking, 0));
  close_gate();
  await_gate(blocking);
  compute_and_record(blocking, ALL / 4);
  compute_and_record(NULL, ALL / 4);
  compute_and_record(blocking, ALL / 4);
  compute_and_record(s[0], ALL / 4);
  END_AT(1, 2, 3, 1);
}

/* ---- priorities ---- */

static void range(void) {
  int least = 1, greatest = 1, found[STREAMS];
  prepare((const int[]){7, -9, -3, 0});
  MUST(cu.cuCtxGetStreamPriorityRange(&least, &greatest));
  for (int k = 0; k < STREAMS; k++) MUST(cu.cuStreamGetPriority(s[k], &found[k]));
  exit(least == 0 && greatest == -5 && found[0] == 0 && found[1] == -5 && found[2] == -3 && found[3] == 0 ? 0 : 1);
}

static void high_is_next(void) {
  prepare((const int[]){0, 0, -1, -5});
  close_gate();
  for (int k = 0; k < STREAMS; k++) compute_and_record(s[k], ALL);
  END_AT(3, 4, 2, 1);
}

/* One that comes late waits for the multiprocessors of the wave that is running, not for the kernel. */
static void high_comes_late(void) {
  prepare((const int[]){0, -5, 0, 0});
  close_gate();
  compute(s[0], ALL, 4);
  record(s[0]);
  compute(s[2], ALL, 1);
  record(s[2]);
  await_opening();
  machine->wait(machine->now() + MILLISECOND + MILLISECOND / 2);
  compute_and_record(s[1], ALL);
  END_AT(5, 6, 3);
}

/* ---- hardware queues ---- */

static void depth_first(int streams) {
  prepare(NULL);
  close_gate();
  for (int k = 0; k < 2 * streams; k++) compute_and_record(s[k / 2], ALL / 4);
}

static void two_queues(void) {
  depth_first(2);
  END_AT(1, 2, 1, 2);
}

/* The second kernel waits for the first, and the other stream behind it in the queue. */
static void one_queue(void) {
  depth_first(2);
  END_AT(1, 2, 2, 3);
}

static void one_connection(void) {
  setenv("CUDA_DEVICE_MAX_CONNECTIONS", "1", 1);
  one_queue();
}

static void one_queue_breadth_first(void) {
  prepare(NULL);
  close_gate();
  for (int k = 0; k < 4; k++) compute_and_record(s[k % 2], ALL / 4);
  END_AT(1, 1, 2, 2);
}

static void three_streams(void) {
  depth_first(3);
  END_AT(1, 2, 1, 2, 2, 3);
}

/* The ninth stream from a first one, by two kernels of that and one of its own. */
static void ninth_stream(void) {
  CUstream ninth;
  depth_first(1);
  for (int k = STREAMS; k < 9; k++) MUST(cu.cuStreamCreate(&ninth, CU_STREAM_NON_BLOCKING));
  await_gate(ninth);
  compute_and_record(ninth, ALL / 4);
}

static void eight_connections(void) {
  unsetenv("CUDA_DEVICE_MAX_CONNECTIONS");
  ninth_stream();
  END_AT(1, 2, 2);
}

static void many_connections(void) {
  setenv("CUDA_DEVICE_MAX_CONNECTIONS", "32", 1);
  ninth_stream();
  END_AT(1, 2, 1);
}

/* ---- waiting ---- */

static void prepare_for_anything(void) {
  prepare((const int[]){0, -5, -2, 0});
  MUST(cu.cuMemAlloc_v2(&counter, 8 << 20));
}

static void waits(void) {
  prepare_for_anything();
  exit(waits_in_time(300) ? 0 : 1);
}

static int watch_waits(int rank) {
  prepare_for_anything();
  machine->enter(&(gvb_start){2, rank, 0, rank}, NULL);
  printf("%d\n", waits_in_time(100));
  machine->leave();
  return 0;
}

/* ---- several processes ---- */

enum { DEPTH = 4 };

/* "4 33 1": launches on four streams, in kernels of 33 multiprocessors, as rank 1 of two; no streams: waits. */
static int role(const char *text) {
  int streams, part, rank, ended = 0;
  if (sscanf(text, "%d %d %d", &streams, &part, &rank) != 3) return 3;
  if (streams == 0) return watch_waits(rank);
  prepare(NULL);
  machine->enter(&(gvb_start){2, rank, 0, rank}, NULL);
  const int64_t begin = machine->now();
  for (int k = 0; machine->now() - begin < SECOND; k = (k + 1) % (streams * DEPTH)) {
    MUST(cu.cuEventSynchronize(mark[k]));
    ended++;
    compute(s[k % streams], (unsigned int)part, 1);
    MUST(cu.cuEventRecord(mark[k], s[k % streams]));
  }
  MUST(cu.cuCtxSynchronize());
  machine->leave();
  printf("%d\n", ended - streams * DEPTH); /* the first events were never recorded */
  return 0;
}

static void two_processes(const char *config, const char *first, const char *second, int64_t ended[2]) {
  FILE *out[2];
  pid_t pid[2];
  new_machine(config);
  pid[0] = start_client(first, &out[0]);
  pid[1] = start_client(second, &out[1]);
  for (int k = 0; k < 2; k++) {
    ended[k] = read_number(out[k]);
    waitpid(pid[k], NULL, 0);
    fclose(out[k]);
  }
}

static void rates(const char *config, const char *roles[2], const char *kinds[2], const double expected[2]) {
  int64_t n[2];
  two_processes(config, roles[0], roles[1], n);
  for (int k = 0; k < 2; k++) row(kinds[k], "", expected[k], (double)n[k], 0.01);
}

#define RATES(config, first, second, first_kind, second_kind, first_rate, second_rate)      \
  rates(config, (const char *[]){first, second}, (const char *[]){first_kind, second_kind}, \
        (const double[]){first_rate, second_rate})

static void processes(void) {
  int64_t n[2];
  RATES(EXACT "switch_ns 0\n", "4 33 0", "4 33 1", "quarters in 1 s, four streams, first of two tenants",
        "quarters in 1 s, four streams, the second", 2000, 2000);
  RATES(EXACT "switch_ns 0\n", "4 33 0", "1 132 1", "quarters in 1 s, four streams beside one",
        "wholes in 1 s, one stream beside four", 2000, 500);
  RATES(EXACT "schedule side-by-side\n", "4 33 0", "1 132 1", "quarters in 1 s, four streams beside one",
        "wholes in 1 s, one stream beside four", 2000, 500);
  RATES(EXACT "schedule side-by-side\n", "1 33 0", "3 44 1", "quarters in 1 s, one stream beside three",
        "thirds in 1 s, three streams beside a quarter", 1000, 2250);
  two_processes(EXACT, "0 0 0", "0 0 1", n);
  check(n[0] == 1 && n[1] == 1, "waits return when they should beside another process in turns");
  two_processes(EXACT "schedule side-by-side\n", "0 0 0", "0 0 1", n);
  check(n[0] == 1 && n[1] == 1, "and side by side");
}

int main(int argc, char **argv) {
  if (argc > 1) return role(argv[1]);
  scenarios_are_rows("streams");
  scenario(EXACT, two_halves, "kernels of half the device run at the same time in two streams");
  scenario(EXACT, one_stream, "kernels of half the device run one after the other in one stream");
  scenario(EXACT, four_quarters, "four streams of quarters have four times the rate of one");
  scenario(EXACT, four_wholes, "kernels that fill the device gain nothing");
  scenario(EXACT, what_is_left, "a kernel takes what others leave, and more when they end");
  scenario(EXACT, legacy_stream, "the legacy stream waits for blocking streams, and they for it");
  scenarios_are_rows("priorities");
  scenario(EXACT, range, "priorities from 0 to -5, others moved into that");
  scenario(EXACT, high_is_next, "a higher priority goes first");
  scenario(EXACT, high_comes_late, "a higher priority that comes late goes first at the end of the running wave");
  scenarios_are_rows("hardware queues");
  scenario(EXACT "hardware_queues 2\n", two_queues, "two streams on two queues");
  scenario(EXACT "hardware_queues 1\n", one_queue, "two streams on one queue: false dependency");
  scenario(EXACT, one_connection, "two streams with CUDA_DEVICE_MAX_CONNECTIONS=1");
  scenario(EXACT, eight_connections, "the ninth stream without CUDA_DEVICE_MAX_CONNECTIONS shares a queue");
  scenario(EXACT, many_connections, "the ninth stream with CUDA_DEVICE_MAX_CONNECTIONS=32 has its own");
  scenario(EXACT "hardware_queues 1\n", one_queue_breadth_first, "no false dependency if the kernels come in turn");
  scenario(EXACT "hardware_queues 2\n", three_streams, "the third stream shares the first one's queue");
  scenario(EXACT, waits, "waits return when they should, whatever is at work");
  scenario(EXACT "hardware_queues 1\n", waits, "and with one queue");
  processes();
  return summary();
}
