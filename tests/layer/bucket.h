/* A token bucket of device time. */
#ifndef LAYER_BUCKET_H
#define LAYER_BUCKET_H

#include <stdbool.h>

/* Nanoseconds of device time flow in at LAYER_SHARE; not thread-safe. */
void bucket_start(void);

/* Waits until the bucket is not in debt; false where what follows is free. */
bool bucket_wait(void);

/* Takes device time out; the bucket may go into debt. */
void bucket_take(double ns);

#endif
