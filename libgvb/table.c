/* The table of entry points, apart from what fills it: that can fail, and a failure's sentence asks the table. */
#include "driver.h"

gvb_driver gvb_cuda;
