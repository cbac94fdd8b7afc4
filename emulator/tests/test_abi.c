/* cuda_abi.h against NVIDIA's cuda.h, where one is installed. */
#include "abi_facts.h"
#include "harness.h"

int main(void) {
  if (count_of_nvidia == 0) {
    printf("skip: no cuda.h to compare with\n");
    return summary();
  }
  check(count_of_ours == count_of_nvidia, "both headers give %d facts", count_of_ours);
  int different = 0;
  for (int k = 0; k < count_of_ours; k++) {
    if (facts_of_ours[k].value == facts_of_nvidia[k].value) continue;
    check(false, "%s is %lld in cuda.h, %lld here", facts_of_ours[k].name, facts_of_nvidia[k].value,
          facts_of_ours[k].value);
    different++;
  }
  check(different == 0, "%d values, sizes and offsets agree with cuda.h", count_of_ours);
  return summary();
}
