/* Modules: the kernels are recognised by the names of the entries in their PTX text. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver_call.h"
#include "driver_launch.h"

static size_t name_length(const char *text) {
  size_t n = 0;
  while (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == '$') n++;
  return n;
}

static bool add_function(CUmodule module, const char *name, size_t length) {
  CUfunction f = length > 0 && length < FUNCTION_NAME ? calloc(1, sizeof *f) : NULL;
  if (!f) return false;
  f->magic = MAGIC_FUNCTION;
  f->module = module;
  memcpy(f->name, name, length);
  f->kernel = kernel_find(f->name);
  f->dynamic = SHARED_DEFAULT;
  f->carveout = -1;
  f->next = module->functions;
  module->functions = f;
  return true;
}

static void free_module(CUmodule module) {
  for (CUfunction f = module->functions; f;) {
    CUfunction next = f->next;
    f->magic = 0;
    free(f);
    f = next;
  }
  module->magic = 0;
  free(module);
}

static CUresult find_entries(CUmodule module, const char *text) {
  static const char entry[] = ".entry";
  for (const char *at = text; (at = strstr(at, entry));) {
    at += sizeof entry - 1;
    at += strspn(at, " \t\r\n");
    if (!add_function(module, at, name_length(at))) return CUDA_ERROR_INVALID_PTX;
  }
  return CUDA_SUCCESS;
}

/* Machine code, which we do not run. */
static bool is_elf(const char *image) {
  return memcmp(image,
                "\x7f"
                "ELF",
                4) == 0 &&
         image[4] != 0;
}

/* PTX 9 came with CUDA 13, 8 with 12, 7 with 11. Code for newer devices than this one is not for it. */
static CUresult parse(CUmodule module, const char *text) {
  int version;
  const char *at = strstr(text, ".version"), *target = strstr(text, ".target");
  if (!at) return CUDA_ERROR_INVALID_IMAGE;
  if (sscanf(at, ".version %d", &version) != 1 || !target) return CUDA_ERROR_INVALID_PTX;
  if (version > gpu.config.driver_version / 1000 - 4) return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  if (sscanf(target, ".target sm_%d", &module->target) != 1) return CUDA_ERROR_INVALID_PTX;
  return module->target > gpu.config.compute_capability ? CUDA_ERROR_INVALID_PTX : find_entries(module, text);
}

CUresult emu_cuModuleLoadData(CUmodule *module, const void *image) {
  CUcontext context;
  CUresult result = need_context(&context);
  if (result != CUDA_SUCCESS) return result;
  if (!module || !image) return CUDA_ERROR_INVALID_VALUE;
  if (is_elf(image)) return CUDA_ERROR_NO_BINARY_FOR_GPU;
  CUmodule made = calloc(1, sizeof *made);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  made->magic = MAGIC_MODULE;
  made->owner = context_owner(context);
  result = parse(made, image);
  if (result == CUDA_SUCCESS)
    *module = made;
  else
    free_module(made);
  return result;
}

/* They are of a JIT compiler that we do not have. */
static bool are_options(unsigned int count, const int *options, void **values) {
  enum { BEYOND = 64 }; /* more than there are */
  if (count > 0 && (!options || !values)) return false;
  for (unsigned int k = 0; k < count; k++)
    if (options[k] < 0 || options[k] >= BEYOND) return false;
  return true;
}

CUresult emu_cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count, int *options, void **values) {
  return are_options(count, options, values) ? emu_cuModuleLoadData(module, image) : CUDA_ERROR_INVALID_VALUE;
}

/* What can be opened and not be read, as a directory, seems too large to it. */
CUresult emu_cuModuleLoad(CUmodule *module, const char *path) {
  if (!module || !path) return CUDA_ERROR_INVALID_VALUE;
  FILE *file = fopen(path, "re");
  if (!file) return CUDA_ERROR_FILE_NOT_FOUND;
  char *text = NULL;
  size_t room = 0;
  const ssize_t length = getdelim(&text, &room, 0, file);
  CUresult result = ferror(file) ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_IMAGE;
  fclose(file);
  if (length > 0) result = emu_cuModuleLoadData(module, text);
  free(text);
  return result;
}

static bool is_module(CUmodule module) {
  return module && module->magic == MAGIC_MODULE && owner_lives(&module->owner);
}

CUresult emu_cuModuleUnload(CUmodule module) {
  if (!is_module(module)) return CUDA_ERROR_INVALID_HANDLE;
  free_module(module);
  return CUDA_SUCCESS;
}

CUresult emu_cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  if (!function || !name || !name[0]) return CUDA_ERROR_INVALID_VALUE;
  if (!is_module(module)) return CUDA_ERROR_INVALID_HANDLE;
  *function = NULL;
  for (CUfunction f = module->functions; f; f = f->next) {
    if (strcmp(f->name, name) != 0) continue;
    *function = f;
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_NOT_FOUND;
}

CUresult emu_cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule module, const char *name) {
  (void)address, (void)bytes;
  if (!name) return CUDA_ERROR_INVALID_VALUE;
  return is_module(module) ? CUDA_ERROR_NOT_FOUND : CUDA_ERROR_INVALID_HANDLE;
}
