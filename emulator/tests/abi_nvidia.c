#include "abi_facts.h"

#if __has_include(<cuda.h>)
#include <cuda.h>
const fact facts_of_nvidia[] = {
#include "abi_facts.def"
};
const int count_of_nvidia = sizeof facts_of_nvidia / sizeof facts_of_nvidia[0];
#else
const fact facts_of_nvidia[1] = {{"none", 0}};
const int count_of_nvidia = 0;
#endif
