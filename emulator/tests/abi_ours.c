#include "../../libgvb/cuda_abi.h"
#include "abi_facts.h"

const fact facts_of_ours[] = {
#include "abi_facts.def"
};
const int count_of_ours = sizeof facts_of_ours / sizeof facts_of_ours[0];
