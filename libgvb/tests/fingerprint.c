/* fingerprint: alone, and in two processes that share an emulated GPU. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

enum { MILLISECOND = 1000000, GAP = 20000, COLUMNS = 4, MOST = 2 * 256 };

#define SMALL QUICK "sm_count 4\n"

/* What two processes tell each other. */
typedef struct meeting {
  int32_t ready;
  int64_t at;
  int64_t rows[2];
  int64_t samples[2][MOST * COLUMNS];
} meeting;

static void blocks_where_they_ran(void) {
  gvb_work *work = NULL;
  int seen[4] = {0, 0, 0, 0};
  open_device();
  EXPECT_OK(gvb_prepare_fingerprint(2 * MILLISECOND, GAP, 16, &work));
  EXPECT(gvb_columns(work) == COLUMNS);
  const gvb_interval i = run_once(work);
  EXPECT(i.rows == 16);
  EXPECT(i.end - i.begin >= 2 * MILLISECOND);
  EXPECT(i.notes[0] == 32);
  for (int b = 0; b < 16; b++) {
    const int64_t *row = i.samples + COLUMNS * b;
    EXPECT(row[0] == b && row[1] >= 0 && row[1] < 4);
    EXPECT(row[3] - row[2] >= 2 * MILLISECOND);
    EXPECT_TIME(row[3] - row[2] < 4 * MILLISECOND);
    seen[row[1]]++;
  }
  for (int sm = 0; sm < 4; sm++) EXPECT(seen[sm] == 4);
  EXPECT_OK(gvb_release(work));
}

/* One of the two: both begin at the same time. */
static int run_beside(meeting *m, int which) {
  gvb_work *work = NULL;
  open_device();
  EXPECT_OK(gvb_prepare_fingerprint(30 * MILLISECOND, GAP, 2, &work));
  gvb_interval i = room_for(work);
  if (__atomic_add_fetch(&m->ready, 1, __ATOMIC_SEQ_CST) == 2)
    __atomic_store_n(&m->at, gvb_now() + 20 * MILLISECOND, __ATOMIC_SEQ_CST);
  while ((i.at = __atomic_load_n(&m->at, __ATOMIC_SEQ_CST)) == 0) usleep(1000);
  const int status = gvb_run(work, &i);
  m->rows[which] = i.rows;
  memcpy(m->samples[which], i.samples, (size_t)(i.rows * COLUMNS) * sizeof *i.samples);
  EXPECT_OK(gvb_release(work));
  return status;
}

/* Runs it in two processes; returns what this one's run answered. */
static int meet(meeting **met) {
  meeting *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  EXPECT(m != MAP_FAILED);
  const pid_t child = fork();
  if (child == 0) {
    run_beside(m, 1);
    _exit(0);
  }
  const int status = run_beside(m, 0);
  int ended = 1;
  EXPECT(waitpid(child, &ended, 0) == child && ended == 0);
  *met = m;
  return status;
}

/* Nanoseconds that the first blocks of both ran at once. */
static int64_t together(const meeting *m) {
  int64_t sum = 0;
  for (int64_t i = 0; i < m->rows[0]; i++)
    for (int64_t j = 0; j < m->rows[1]; j++) {
      const int64_t *a = m->samples[0] + COLUMNS * i, *b = m->samples[1] + COLUMNS * j;
      const int64_t begin = a[2] > b[2] ? a[2] : b[2], end = a[3] < b[3] ? a[3] : b[3];
      if (a[0] == 0 && b[0] == 0 && end > begin) sum += end - begin;
    }
  return sum;
}

static void slices(void) {
  meeting *m = NULL;
  EXPECT_OK(meet(&m));
  EXPECT(together(m) == 0);
  for (int k = 0; k < 2; k++) {
    const int64_t *second = m->samples[k] + COLUMNS;
    EXPECT_TIME(m->rows[k] >= 2 * 5 && m->rows[k] <= 2 * 9);
    EXPECT(second[0] == 0);
    EXPECT_TIME(second[3] - second[2] > 1950000 && second[3] - second[2] < 2050000);
  }
}

static void beside(void) {
  meeting *m = NULL;
  EXPECT_OK(meet(&m));
  EXPECT(m->rows[0] == 2 && m->rows[1] == 2);
  EXPECT_TIME(together(m) > 15 * MILLISECOND);
}

static void parts(void) {
  meeting *m = NULL;
  EXPECT_OK(meet(&m));
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++) EXPECT(m->samples[0][COLUMNS * i + 1] != m->samples[1][COLUMNS * j + 1]);
}

static void too_many(void) {
  meeting *m = NULL;
  EXPECT_STATUS(meet(&m), GVB_ERROR_WRONG_RESULT);
  EXPECT_SENTENCE("segments, expected 1 to 256: if the device changes hands that often, take a shorter duration");
}

const check fingerprint_checks[] = {
    {"fingerprint sees every block where it ran", SMALL, blocks_where_they_ran},
    {"two fingerprints under time slices alternate", SMALL, slices},
    {"two fingerprints side by side run together", SMALL "schedule side-by-side\n", beside},
    {"two fingerprints with shares run on multiprocessors of their own", SMALL "schedule side-by-side\nsm_share 0.5\n",
     parts},
    {"a fingerprint cut too often is refused", SMALL "slice_ns 30000\nswitch_ns 10000\n", too_many},
    {NULL, NULL, NULL}};
