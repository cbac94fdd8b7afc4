/* A prepared work: what every routine has in common. */
#ifndef GVB_WORK_H
#define GVB_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "gvb.h"

#define GVB_MOST_ROWS (1LL << 24)

/* The first member of each routine's own struct. */
struct gvb_work {
  int (*run)(gvb_work *work, gvb_interval *interval);
  int (*release)(gvb_work *work); /* what it holds on the device; NULL: nothing. Must accept a half-built work */
  int64_t rows;
  int64_t columns;
  bool on_device; /* needs the context of gvb_context */
};

/* A zeroed work of `size` bytes. */
int gvb_work_new(size_t size, int64_t rows, int64_t columns, gvb_work **work);

/* As gvb_work_new, for a work that needs the device: GVB_ERROR_STATE before gvb_context. */
int gvb_device_work_new(size_t size, int64_t rows, int64_t columns, gvb_work **work);

/* Hands over a work that was set up with `status`; after a failure releases it and keeps that failure's sentence. */
int gvb_work_ready(gvb_work *work, int status, gvb_work **out);

int gvb_need_out(gvb_work **work);
int gvb_need_range(const char *name, int64_t value, int64_t least, int64_t most);

static inline bool gvb_stopped(const gvb_interval *interval) { return interval->stop != NULL && *interval->stop != 0; }

#endif
