/* fill_to_limit and refusal, on an emulated GPU of 8 GiB. */
#include "suite.h"

enum { MICROSECOND = 1000 };

#define SMALL QUICK "memory_bytes 8589934592\n"

static gvb_work *filling(int32_t api, int64_t ceiling, int32_t keep) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_fill_to_limit(api, GVB_QUERY, 1LL << 30, 2 << 20, ceiling, 1, keep, &work));
  EXPECT(gvb_rows(work) == 1 && gvb_columns(work) == 3);
  return work;
}

static int64_t free_bytes(void) {
  int64_t left = 0, total = 0;
  EXPECT_OK(gvb_memory_info(&left, &total));
  return left;
}

static void fill_until_refused(void) {
  open_device();
  for (int32_t api = GVB_MEMORY_PLAIN; api <= GVB_MEMORY_ARRAY; api++) {
    const int64_t before = free_bytes();
    gvb_work *work = filling(api, 1LL << 34, 0);
    const gvb_interval i = run_once(work);
    EXPECT(i.samples[0] > before - (4 << 20) && i.samples[0] <= before);
    EXPECT(i.samples[1] == 2);
    EXPECT(i.samples[2] > i.samples[0] >> 30);
    EXPECT(i.notes[0] == before && i.notes[1] == 8LL << 30 && i.notes[2] == before - i.samples[0]);
    EXPECT(i.notes[3] == (api == GVB_MEMORY_ARRAY ? 0 : i.samples[0] >> 21));
    EXPECT_OK(gvb_release(work));
    EXPECT(free_bytes() == before);
  }
}

static void fill_to_ceiling(void) {
  open_device();
  const int64_t before = free_bytes();
  gvb_work *work = filling(GVB_MEMORY_PLAIN, (3LL << 30) + (7 << 20), 1);
  for (int k = 0; k < 2; k++) {
    const gvb_interval i = run_once(work);
    EXPECT(i.samples[0] == (3LL << 30) + (6 << 20));
    EXPECT(i.samples[1] == 0 && i.samples[2] == 5);
    EXPECT(free_bytes() == before - i.samples[0]); /* kept, and given back before it is filled again */
  }
  EXPECT_OK(gvb_release(work));
  EXPECT(free_bytes() == before);
}

static void fill_odd_code(void) {
  open_device();
  gvb_work *work = filling(GVB_MEMORY_PLAIN, 1LL << 30, 0);
  const gvb_interval i = run_once(work);
  EXPECT(i.samples[0] == 0 && i.samples[1] == 801 && i.samples[2] == 10);
  EXPECT_OK(gvb_release(work));
}

static gvb_work *refusing(int64_t used, int64_t ask) {
  gvb_work *work = NULL;
  EXPECT_OK(gvb_prepare_refusal(GVB_MEMORY_PLAIN, GVB_QUERY, used, ask, 50, &work));
  EXPECT(gvb_rows(work) == 50 && gvb_columns(work) == 2);
  return work;
}

static void refusals(void) {
  open_device();
  const int64_t before = free_bytes();
  gvb_work *work = refusing(6LL << 30, 3LL << 30);
  EXPECT(free_bytes() == before - (6LL << 30));
  const gvb_interval i = run_once(work);
  EXPECT(i.notes[0] == 0);
  for (int64_t k = 0; k < i.rows; k++) EXPECT(i.samples[2 * k + 1] == 2);
  EXPECT_TIME(median(&i, 2, 0) > 5 * MICROSECOND && median(&i, 2, 0) < 50 * MICROSECOND);
  EXPECT_OK(gvb_release(work));
  EXPECT(free_bytes() == before);
}

static void granted_refusals(void) {
  open_device();
  gvb_work *work = refusing(0, 1LL << 30);
  const int64_t before = free_bytes();
  const gvb_interval i = run_once(work);
  EXPECT(i.notes[0] == 10 && i.samples[1] == 0 && i.samples[99] == 0);
  EXPECT(free_bytes() == before);
  EXPECT_OK(gvb_release(work));
}

const check limit_checks[] = {
    {"fill_to_limit takes what there is, by every call", SMALL, fill_until_refused},
    {"fill_to_limit stops at its ceiling and keeps", SMALL, fill_to_ceiling},
    {"fill_to_limit takes an odd code for an answer", QUICK "fail.cuMemAlloc_v2 1+:801\n", fill_odd_code},
    {"refusal times what is refused", SMALL "alloc_large 6000\nalloc_small 6000\n", refusals},
    {"refusal gives back what is granted", SMALL, granted_refusals},
    {NULL, NULL, NULL}};
