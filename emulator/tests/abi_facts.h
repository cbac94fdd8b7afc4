/* One row of what a header says about the CUDA driver's interface. */
#ifndef GVB_EMULATOR_ABI_FACTS_H
#define GVB_EMULATOR_ABI_FACTS_H

#include <stddef.h>

typedef struct fact {
  const char *name;
  long long value;
} fact;

#define VALUE(name) {#name, (long long)(name)},
#define SIZE(type) {"sizeof " #type, (long long)sizeof(type)},
#define OFFSET(type, field) {"offset of " #type "." #field, (long long)offsetof(type, field)},

extern const fact facts_of_ours[], facts_of_nvidia[];
extern const int count_of_ours, count_of_nvidia; /* 0: no cuda.h here */

#endif
