/* The layer is found by every way that an application has, and by no other. */
#include <dlfcn.h>

#include "application.h"
#include "check.h"

static const char *served_by(way from, const char *name) { return file_of(find(from, name)); }

static void test_every_way_leads_to_the_layer(void) {
  static const char *const names[] = {"cuInit", "cuMemAlloc_v2", "cuLaunchKernel", "cuGetProcAddress_v2"};
  for (int i = 0; i < COUNT(names); i++)
    for (way from = HANDLE; from < WAYS; from++)
      if (strcmp(served_by(from, names[i]), "libgvblayer.so") != 0)
        FAIL("%s by way %d is served by %s", names[i], from, served_by(from, names[i]));
  EXPECT(strcmp(file_of(application_alloc()), "libgvblayer.so") == 0);
}

static void test_ways_have_entry_points_of_their_own(void) {
  EXPECT(find(HANDLE, "cuMemAlloc_v2") != find(DEFAULT, "cuMemAlloc_v2"));
  EXPECT(find(HANDLE, "cuMemAlloc_v2") != find(QUERY, "cuMemAlloc_v2"));
  EXPECT(find(DEFAULT, "cuMemAlloc_v2") == application_alloc());
}

static void test_other_functions_are_the_drivers(void) {
  for (way from = HANDLE; from < WAYS; from++) EXPECT(strcmp(served_by(from, "cuDeviceGetCount"), "libcuda.so.1") == 0);
}

static void test_what_the_driver_lacks_is_not_found(void) {
  void *handle = dlopen("libcuda.so.1", RTLD_NOW);
  EXPECT(dlsym(handle, "cuNoSuchFunction") == NULL);
  EXPECT(dlerror() != NULL);
}

static void test_next_is_what_follows_the_caller(void) { EXPECT(application_finds_next()); }

static void test_functions_of_other_libraries_are_left_alone(void) {
  EXPECT(strcmp(file_of(application_imitation()), "libapplication.so") == 0);
}

static void test_all_ways_lead_to_the_driver(void) {
  for (way from = HANDLE; from < WAYS; from++) EXPECT(strcmp(served_by(from, "cuMemAlloc_v2"), "libcuda.so.1") == 0);
}

static void test_nothing_is_refused_nor_shown(void) {
  CUdeviceptr address;
  size_t total;
  use_device();
  EXPECT_OK(FIND(DEFAULT, cuDeviceTotalMem_v2)(&total, 0));
  EXPECT(total > 1024 * MIB);
  EXPECT_OK(FIND(DEFAULT, cuMemAlloc_v2)(&address, 64 * MIB));
}

static void test_passing_on_costs_tens_of_nanoseconds(void) {
  use_device();
  for (way from = HANDLE; from < WAYS; from++) EXPECT_TIME(device_query_time(from), 0, 5000);
}

static void test_unreached(void) { exit(0); }

#define EVERY_KNOB "LAYER_MEMORY_LIMIT=1048576 LAYER_DELAY=cuCtxGetDevice=1000000 LAYER_SHARE=0.1 "

static const check checks[] = {
    {"every_way_leads_to_the_layer", NULL, test_every_way_leads_to_the_layer, NULL, 0},
    {"ways_have_entry_points_of_their_own", NULL, test_ways_have_entry_points_of_their_own, NULL, 0},
    {"other_functions_are_the_drivers", NULL, test_other_functions_are_the_drivers, NULL, 0},
    {"what_the_driver_lacks_is_not_found", NULL, test_what_the_driver_lacks_is_not_found, NULL, 0},
    {"next_is_what_follows_the_caller", NULL, test_next_is_what_follows_the_caller, NULL, 0},
    {"functions_of_other_libraries_are_left_alone", NULL, test_functions_of_other_libraries_are_left_alone, NULL, 0},
    {"without_hooks_all_is_the_drivers", EVERY_KNOB "LAYER_HOOKS=none", test_all_ways_lead_to_the_driver, NULL, 0},
    {"without_hooks_no_knob_acts", EVERY_KNOB "LAYER_HOOKS=none", test_nothing_is_refused_nor_shown, NULL, 0},
    {"inert_all_is_the_drivers", EVERY_KNOB, test_all_ways_lead_to_the_driver, "libgvblayer-inert.so", 0},
    {"inert_no_knob_acts", EVERY_KNOB, test_nothing_is_refused_nor_shown, "libgvblayer-inert.so", 0},
    {"by_default_nothing_acts", NULL, test_nothing_is_refused_nor_shown, NULL, 0},
    {"empty_knobs_do_not_act", "LAYER_MEMORY_LIMIT= LAYER_SHARE=", test_nothing_is_refused_nor_shown, NULL, 0},
    {"passing_on_costs_tens_of_nanoseconds", NULL, test_passing_on_costs_tens_of_nanoseconds, NULL, 0},
    {"unknown_knobs_end_the_process", "LAYER_MEMRY_LIMIT=1", test_unreached, NULL, 2},
    {"unknown_functions_end_the_process", "LAYER_DELAY=cuMemAlloc=5", test_unreached, NULL, 2},
    {"wrong_numbers_end_the_process", "LAYER_SHARE=a-lot", test_unreached, NULL, 2},
};

int main(int argc, char **argv) { return check_main(argc, argv, checks, COUNT(checks)); }
