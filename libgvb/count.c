#include "count.h"

#include <inttypes.h>

int gvb_count_make(gvb_count *c) {
  c->arguments[0] = &c->counter;
  return gvb_device_new(sizeof(uint64_t), &c->counter);
}

int gvb_count_free(gvb_count *c) { return gvb_device_free(&c->counter); }

int gvb_count_verify(gvb_count *c) {
  uint64_t counted = 0;
  GVB_TRY(gvb_count_read(c->counter, c->launched, &counted));
  GVB_TRY(gvb_count_compare(counted - c->verified, c->launched - c->verified));
  c->verified = c->launched;
  return GVB_OK;
}

int gvb_count_read(CUdeviceptr counter, uint64_t expected, uint64_t *found) {
  uint64_t again = 0;
  GVB_TRY(gvb_download(found, counter, sizeof *found));
  if (*found == expected) return GVB_OK;
  GVB_TRY(gvb_download(&again, counter, sizeof again));
  if (again != expected) return GVB_OK;
  return gvb_fail(
      GVB_ERROR_WRONG_RESULT,
      "a count on the device arrived as %" PRIu64 ", and as %" PRIu64
      " when it was read again, as it should be: it was copied back wrong, or work went on after it had been "
      "waited for",
      *found, again);
}

int gvb_count_compare(uint64_t ran, uint64_t launched) {
  if (ran == launched) return GVB_OK;
  if (ran < launched)
    return gvb_fail(GVB_ERROR_WRONG_RESULT,
                    "%" PRIu64 " of %" PRIu64 " launches of gvb_empty never ran: each was accepted, and waited for",
                    launched - ran, launched);
  return gvb_fail(GVB_ERROR_WRONG_RESULT, "gvb_empty ran %" PRIu64 " times for %" PRIu64 " launches", ran, launched);
}
