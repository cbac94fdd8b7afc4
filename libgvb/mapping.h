/* How %globaltimer relates to the host's clock. */
#ifndef GVB_MAPPING_H
#define GVB_MAPPING_H

#include "context.h"

/* Words that host and device share; each side polls its own cache line. */
typedef struct gvb_mailbox {
  uint64_t ping[16];
  uint64_t pong[16];  /* [0] stamp, [1] number */
  uint64_t stamp[16]; /* [0] stamp, [1] nonce */
} gvb_mailbox;

/* The narrowest echo: at device time `device` the host's clock was device + offset, within half_width. */
typedef struct gvb_echo {
  int64_t device;
  int64_t offset;
  int64_t half_width;
} gvb_echo;

/* `box` is mapped host memory, `device_box` its address on the device; the stream is idle before and after. */
int gvb_echo_measure(gvb_mailbox *box, CUdeviceptr device_box, gvb_echo *echo);

/* The smallest step of %globaltimer in 100,000 reads, ns. */
int gvb_timer_step(int64_t *step);

/* Waits until *word holds `value`; GVB_ERROR_TIMEOUT after 10 s, or the failure of the stream if it has one. */
int gvb_await_word(const uint64_t *word, uint64_t value, const char *kernel);

/* Host time of a device time between two echoes, linear in between. */
int64_t gvb_host_time(const gvb_echo *before, const gvb_echo *after, int64_t device);

#endif
