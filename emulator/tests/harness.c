#include "harness.h"

#include <dlfcn.h>
#include <stdarg.h>

functions cu;
void *cuda_library;
CUcontext context;
CUstream stream;
CUmodule module;

static int passed, failed, late;
static bool is_virtual;
static char directory[256], text_of_machine[1 << 14];

static void say(const char *verdict, const char *format, va_list arguments) {
  printf("%s ", verdict);
  vprintf(format, arguments);
  printf("\n");
  fflush(stdout);
}

static void count(bool good, bool may_be_late, const char *format, va_list arguments) {
  const bool is_late = may_be_late && !is_virtual;
  say(good ? "ok  " : is_late ? "LATE" : "FAIL", format, arguments);
  ++*(good ? &passed : is_late ? &late : &failed);
}

void check(bool good, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  count(good, false, format, arguments);
  va_end(arguments);
}

void check_in_time(bool good, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  count(good, true, format, arguments);
  va_end(arguments);
}

void check_on_host(const char *reason, bool good, const char *format, ...) {
  va_list arguments;
  if (!good) printf("perhaps, since %s:\n", reason);
  va_start(arguments, format);
  count(good, true, format, arguments);
  va_end(arguments);
}

void check_child(int status, const char *format, ...) {
  va_list arguments;
  if (status != 0) printf("status %d:\n", status);
  va_start(arguments, format);
  count(status == 0, status == LATE, format, arguments);
  va_end(arguments);
}

static void remove_machine(void) {
  char path[300];
  snprintf(path, sizeof path, "%s/config", directory);
  unlink(path);
  snprintf(path, sizeof path, "%s/state", directory);
  unlink(path);
  snprintf(path, sizeof path, "%s/memory", directory);
  unlink(path);
  rmdir(directory);
}

int summary(void) {
  printf("%d passed, %d failed\n", passed, failed + late);
  remove_machine();
  return failed ? 1 : late ? LATE : 0;
}

const char *machine_directory(void) { return directory; }
const char *machine_text(void) { return text_of_machine; }

void new_machine(const char *text) {
  char path[300];
  snprintf(text_of_machine, sizeof text_of_machine, "%s", text);
  is_virtual = strstr(text, "clock virtual") != NULL;
  if (directory[0]) remove_machine();
  const char *base = getenv("TMPDIR");
  snprintf(directory, sizeof directory, "%s/gvb-emulated-XXXXXX", base ? base : "/tmp");
  if (!mkdtemp(directory)) exit(3);
  snprintf(path, sizeof path, "%s/config", directory);
  FILE *file = fopen(path, "we");
  if (!file) exit(3);
  fprintf(file, "# a test's machine\ninit 0\ncontext_create 0\ncontext_destroy 0\nmodule_load 0\n%s\n", text);
  fclose(file);
  setenv("GVB_EMULATED", directory, 1);
}

void open_driver(void) {
  cuda_library = dlopen("libcuda.so.1", RTLD_NOW);
  if (!cuda_library) {
    fprintf(stderr, "%s\n", dlerror());
    exit(3);
  }
#define X(name, ...) cu.name = (name##_fn *)dlsym(cuda_library, #name);
#include "../../libgvb/cuda_functions.def"
#undef X
}

static const char ptx[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".visible .entry gvb_empty(.param .u64 p)\n.visible .entry gvb_stamp(\n.visible .entry gvb_echo(\n"
    ".visible .entry gvb_timer_step(\n.visible .entry gvb_spin(\n.visible .entry gvb_fma(\n"
    ".visible .entry gvb_triad(\n.visible .entry gvb_fill(\n.visible .entry gvb_checksum(\n"
    ".visible .entry gvb_fault(\n"
    ".visible .entry gvb_fingerprint(\n.visible .entry gvb_sum(\n.visible .entry gvb_stream(\n"
    ".visible .entry gvb_l2_read(\n.visible .entry gvb_chase(\n.visible .entry gvb_atomics(\n"
    ".visible .entry gvb_scan(\n.visible .entry gvb_gaps(\n.visible .entry gvb_cost(\n"
    ".visible .entry somebody_elses(\n";

void open_context(void) {
  open_driver();
  MUST(cu.cuInit(0));
  MUST(cu.cuDevicePrimaryCtxRetain(&context, 0));
  MUST(cu.cuCtxSetCurrent(context));
  MUST(cu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  MUST(cu.cuModuleLoadData(&module, ptx));
}

CUfunction function(const char *name) {
  CUfunction f;
  MUST(cu.cuModuleGetFunction(&f, module, name));
  return f;
}

void launch(const char *name, unsigned int blocks, unsigned int threads, void **arguments) {
  MUST(cu.cuLaunchKernel(function(name), blocks, 1, 1, threads, 1, 1, 0, stream, arguments, NULL));
}

const gvb_machine_clock *machine_clock(void) {
  gvb_machine_clock_fn *ask = NULL;
  memcpy(&ask, &(void *){dlsym(cuda_library, GVB_MACHINE_CLOCK)}, sizeof ask);
  const gvb_machine_clock *found = ask ? ask() : NULL;
  if (!found) exit(3);
  return found;
}

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int64_t median(int64_t *values, int count) {
  qsort(values, (size_t)count, sizeof *values, by_value);
  return values[count / 2];
}

pid_t start_client(const char *role, FILE **out) {
  int ends[2];
  if (pipe(ends) != 0) exit(3);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execl("/proc/self/exe", "client", role, (char *)NULL);
    _exit(3);
  }
  close(ends[1]);
  *out = fdopen(ends[0], "r");
  return pid;
}

int64_t read_number(FILE *from) {
  long long number = -1;
  if (fscanf(from, "%lld", &number) != 1) return -1;
  return number;
}

int in_child(void (*body)(void)) {
  int status;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
