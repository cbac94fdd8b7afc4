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

static CUresult parse(CUmodule module, const char *text) {
  static const char entry[] = ".entry";
  if (!strstr(text, ".version") || !strstr(text, ".target")) return CUDA_ERROR_INVALID_IMAGE;
  for (const char *at = text; (at = strstr(at, entry));) {
    at += sizeof entry - 1;
    at += strspn(at, " \t\r\n");
    if (!add_function(module, at, name_length(at))) return CUDA_ERROR_INVALID_PTX;
  }
  return CUDA_SUCCESS;
}

CUresult emu_cuModuleLoadData(CUmodule *module, const void *image) {
  CUresult result = need_context(NULL);
  if (result != CUDA_SUCCESS) return result;
  if (!module || !image) return CUDA_ERROR_INVALID_VALUE;
  if (memcmp(image,
             "\x7f"
             "ELF",
             4) == 0)
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  CUmodule made = calloc(1, sizeof *made);
  if (!made) return CUDA_ERROR_OUT_OF_MEMORY;
  made->magic = MAGIC_MODULE;
  result = parse(made, image);
  if (result == CUDA_SUCCESS)
    *module = made;
  else
    free_module(made);
  return result;
}

CUresult emu_cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count, int *options, void **values) {
  (void)count, (void)options, (void)values; /* options of a JIT compiler that we do not have */
  return emu_cuModuleLoadData(module, image);
}

CUresult emu_cuModuleLoad(CUmodule *module, const char *path) {
  if (!module || !path) return CUDA_ERROR_INVALID_VALUE;
  FILE *file = fopen(path, "re");
  if (!file) return CUDA_ERROR_FILE_NOT_FOUND;
  char *text = NULL;
  size_t room = 0;
  ssize_t length = getdelim(&text, &room, 0, file);
  fclose(file);
  CUresult result = length > 3 ? emu_cuModuleLoadData(module, text) : CUDA_ERROR_INVALID_IMAGE;
  free(text);
  return result;
}

CUresult emu_cuModuleUnload(CUmodule module) {
  if (!module || module->magic != MAGIC_MODULE) return CUDA_ERROR_INVALID_HANDLE;
  free_module(module);
  return CUDA_SUCCESS;
}

CUresult emu_cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  if (!function || !name) return CUDA_ERROR_INVALID_VALUE;
  if (!module || module->magic != MAGIC_MODULE) return CUDA_ERROR_INVALID_HANDLE;
  for (CUfunction f = module->functions; f; f = f->next) {
    if (strcmp(f->name, name) != 0) continue;
    *function = f;
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_NOT_FOUND;
}

CUresult emu_cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule module, const char *name) {
  (void)address, (void)bytes, (void)name;
  return module && module->magic == MAGIC_MODULE ? CUDA_ERROR_NOT_FOUND : CUDA_ERROR_INVALID_HANDLE;
}

CUresult emu_cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  if (!function || function->magic != MAGIC_FUNCTION) return CUDA_ERROR_INVALID_HANDLE;
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = 1024;
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      *value = 32;
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
      *value = (int)gpu.config.compute_capability;
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      *value = 0;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult emu_cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  (void)attribute;
  if (!function || function->magic != MAGIC_FUNCTION) return CUDA_ERROR_INVALID_HANDLE;
  return value < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult emu_cuFuncGetName(const char **name, CUfunction function) {
  if (!name) return CUDA_ERROR_INVALID_VALUE;
  if (!function || function->magic != MAGIC_FUNCTION) return CUDA_ERROR_INVALID_HANDLE;
  *name = function->name;
  return CUDA_SUCCESS;
}

CUresult emu_cuFuncGetModule(CUmodule *module, CUfunction function) {
  if (!module) return CUDA_ERROR_INVALID_VALUE;
  if (!function || function->magic != MAGIC_FUNCTION) return CUDA_ERROR_INVALID_HANDLE;
  *module = function->module;
  return CUDA_SUCCESS;
}

CUresult emu_cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int block_size,
                                                         size_t shared) {
  (void)shared;
  if (!blocks || block_size < 1) return CUDA_ERROR_INVALID_VALUE;
  if (!function || function->magic != MAGIC_FUNCTION) return CUDA_ERROR_INVALID_HANDLE;
  int by_threads = (int)gpu.config.threads_per_sm / block_size, by_blocks = (int)gpu.config.blocks_per_sm;
  *blocks = by_threads < by_blocks ? by_threads : by_blocks;
  return CUDA_SUCCESS;
}
