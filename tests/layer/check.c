#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernels/ptx.h"

/* Costs that no check is about, made small. */
#define MACHINE "init 0\ncontext_create 0\ncontext_destroy 0\nmodule_load 0\njitter 0\ncall 0\n"

static void set(char *setting, const char *folder) {
  char value[512];
  char *equals = strchr(setting, '=');
  const char *at = strchr(equals + 1, '@');
  const int before = at != NULL ? (int)(at - equals - 1) : (int)strlen(equals + 1);
  snprintf(value, sizeof value, "%.*s%s%s", before, equals + 1, at != NULL ? folder : "", at != NULL ? at + 1 : "");
  *equals = 0;
  setenv(setting, value, 1);
}

static void become(const check *c, const char *layer, const char *folder, char *program) {
  char settings[512], preload[512], started[32];
  snprintf(settings, sizeof settings, "%s", c->settings != NULL ? c->settings : "");
  for (char *setting = strtok(settings, " "); setting != NULL; setting = strtok(NULL, " ")) set(setting, folder);
  snprintf(preload, sizeof preload, "%s/%s", layer, c->library != NULL ? c->library : "libgvblayer.so");
  setenv("LD_PRELOAD", preload, 1);
  setenv("GVB_EMULATED", folder, 1);
  alarm(20); /* a check that hangs is a check that failed */
  snprintf(started, sizeof started, "%" PRId64, now() - awake());
  setenv("CHECK_STARTED", started, 1);
  execl("/proc/self/exe", program, c->name, (char *)NULL);
  _exit(127);
}

static void make_folder(char *folder) {
  char path[64];
  if (mkdtemp(folder) == NULL) abort();
  snprintf(path, sizeof path, "%s/config", folder);
  FILE *file = fopen(path, "w");
  if (file == NULL) abort();
  fputs(MACHINE, file);
  fclose(file);
}

static void remove_folder(const char *folder) {
  char path[512];
  DIR *d = opendir(folder);
  for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    unlink(path);
  }
  closedir(d);
  rmdir(folder);
}

/* Its wait status. */
static int try(const check *c, const char *layer, char *program) {
  char folder[] = "/tmp/gvb-layer-XXXXXX";
  int status;
  make_folder(folder);
  const pid_t child = fork();
  if (child == 0) become(c, layer, folder, program);
  waitpid(child, &status, 0);
  remove_folder(folder);
  return status;
}

static bool passes(const check *c, const char *layer, char *program) {
  int status = try(c, layer, program);
  for (int attempt = 2; attempt <= ATTEMPTS && WIFEXITED(status) && WEXITSTATUS(status) == LATE; attempt++) {
    printf("late %s, attempt %d\n", c->name, attempt);
    fflush(stdout);
    usleep(200000);
    status = try(c, layer, program);
  }
  const bool passed = WIFEXITED(status) && WEXITSTATUS(status) == c->status;
  if (!passed) printf("FAILED %s (wait status 0x%x)\n", c->name, (unsigned int)status);
  fflush(stdout);
  return passed;
}

int check_main(int argc, char **argv, const check *checks, int count) {
  char layer[256];
  int passed = 0, failed = 0;
  for (int i = 0; i < count && argc > 1; i++)
    if (strcmp(checks[i].name, argv[1]) == 0) return checks[i].test(), 0;
  const ssize_t length = readlink("/proc/self/exe", layer, sizeof layer - 1);
  layer[length > 0 ? length : 0] = 0;
  *strrchr(layer, '/') = 0;
  for (int i = 0; i < count; i++) *(passes(&checks[i], layer, argv[0]) ? &passed : &failed) += 1;
  printf("%s: %d passed, %d failed\n", strrchr(argv[0], '/') + 1, passed, failed);
  return failed != 0;
}

static void *driver(void) {
  static void *handle;
  if (handle == NULL) handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (handle == NULL) FAIL("%s", dlerror());
  return handle;
}

static void *query(const char *name) {
  char base[64];
  void *address = NULL;
  CUdriverProcAddressQueryResult status;
  cuGetProcAddress_v2_fn *ask = (cuGetProcAddress_v2_fn *)dlsym(driver(), "cuGetProcAddress_v2");
  snprintf(base, sizeof base, "%s", name);
  if (strlen(base) > 3 && strcmp(base + strlen(base) - 3, "_v2") == 0) base[strlen(base) - 3] = 0;
  EXPECT_OK(ask(base, &address, 12000, CU_GET_PROC_ADDRESS_DEFAULT, &status));
  return address;
}

void *find(way from, const char *name) {
  void *handle = driver();
  void *address = from == QUERY ? query(name) : dlsym(from == HANDLE ? handle : RTLD_DEFAULT, name);
  if (address == NULL) FAIL("there is no %s", name);
  return address;
}

const char *file_of(void *address) {
  Dl_info place;
  if (dladdr(address, &place) == 0) FAIL("the address lies in no file");
  const char *name = strrchr(place.dli_fname, '/');
  return name != NULL ? name + 1 : place.dli_fname;
}

void use_device(void) {
  CUcontext context;
  EXPECT_OK(FIND(HANDLE, cuInit)(0));
  EXPECT_OK(FIND(HANDLE, cuDevicePrimaryCtxRetain)(&context, 0));
  EXPECT_OK(FIND(HANDLE, cuCtxSetCurrent)(context));
}

CUfunction kernel(const char *name) {
  CUmodule module;
  CUfunction function;
  EXPECT_OK(FIND(HANDLE, cuModuleLoadData)(&module, gvb_ptx_timing));
  EXPECT_OK(FIND(HANDLE, cuModuleGetFunction)(&function, module, name));
  return function;
}

int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t awake(void) {
  long long ran = 0, waited = 0;
  FILE *file = fopen("/proc/thread-self/schedstat", "r");
  EXPECT(file != NULL && fscanf(file, "%lld %lld", &ran, &waited) == 2);
  if (file != NULL) fclose(file);
  return ran + waited;
}

static int ascending(const void *left, const void *right) {
  const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

int64_t device_query_time(way from) {
  enum { CALLS = 1000 };
  int64_t times[CALLS];
  CUdevice device;
  cuCtxGetDevice_fn *call = FIND(from, cuCtxGetDevice);
  for (int i = 0; i < CALLS; i++) {
    const int64_t begin = now();
    call(&device);
    times[i] = now() - begin;
  }
  qsort(times, CALLS, sizeof *times, ascending);
  return times[CALLS / 2];
}
