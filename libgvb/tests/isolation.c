/* own, intrude, plant and scan, on an emulated GPU of 4 GiB. */
#include "suite.h"

#define SMALL QUICK "memory_bytes 4294967296\n"

enum { BYTES = 64 << 20, FIRST = BYTES / 16, SEED = 7, MARKER = 0x5eed };

static gvb_work *owning(int64_t *address) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_own(BYTES, SEED, &work));
  const gvb_interval i = run_once(work);
  EXPECT(i.samples[0] == 0);
  *address = i.notes[0];
  return work;
}

static gvb_interval intruding(int32_t writes, int64_t address) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_intrude(writes, (uint64_t)address, FIRST, SEED, &work));
  const gvb_interval i = run_once(work);
  (void)gvb_release(work); /* after a fault the context frees nothing any more */
  return i;
}

static void reads_what_is_there(void) {
  int64_t address = 0;
  open_device();
  gvb_work *mine = owning(&address);
  const gvb_interval i = intruding(0, address + BYTES / 2);
  EXPECT(i.samples[0] == 0 && i.samples[1] == 512 && i.samples[2] == 0 && i.samples[3] == 512);
  const gvb_interval other = intruding(0, address + BYTES / 4); /* its words are others */
  EXPECT(other.samples[0] == 0 && other.samples[1] == 0 && other.samples[2] == 0 && other.samples[3] == 0);
  EXPECT(run_once(mine).samples[0] == 0);
  EXPECT_OK(gvb_release(mine));
}

static void writes_are_found(void) {
  int64_t address = 0;
  open_device();
  gvb_work *mine = owning(&address);
  const gvb_interval i = intruding(1, address + BYTES / 2);
  EXPECT(i.samples[0] == 0 && i.samples[2] == 0);
  EXPECT(run_once(mine).samples[0] == 512);
  EXPECT_OK(gvb_release(mine));
}

static void is_turned_away(void) {
  open_device();
  const gvb_interval i = intruding(0, 1LL << 40);
  EXPECT(i.samples[0] == 1 && i.samples[1] == 0);
  EXPECT(i.samples[2] == 700 && i.samples[3] == 0);
}

static gvb_interval scanned(void) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_scan(GVB_QUERY, 1LL << 30, MARKER, &work));
  const gvb_interval i = run_once(work);
  EXPECT_OK(gvb_release(work));
  return i;
}

/* What the process itself has freed is its own, and comes back as it was. */
static void scan_finds_what_was_planted(void) {
  gvb_work *work = NULL;
  open_device();
  EXPECT(scanned().samples[1] == 0);
  EXPECT_OK(gvb_prepare_plant(1 << 30, MARKER, &work));
  EXPECT(run_once(work).samples[0] == 1 << 27);
  EXPECT(scanned().samples[1] == 0);
  EXPECT_OK(gvb_release(work));
  const gvb_interval i = scanned();
  EXPECT(i.samples[0] == 1 << 30 && (i.samples[1] == 0 || i.samples[1] == 1 << 27));
}

const check isolation_checks[] = {
    {"intrude reads what is there", SMALL, reads_what_is_there},
    {"intrude writes what its owner then misses", SMALL, writes_are_found},
    {"intrude takes a fault for an answer", SMALL, is_turned_away},
    {"scan looks at memory, and finds its own markers first", SMALL, scan_finds_what_was_planted},
    {NULL, NULL, NULL}};
