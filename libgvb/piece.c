#include "piece.h"

#include <inttypes.h>

#include "work.h"

enum { BLOCK = 256, WORD = 8, PAIR = 2 * WORD, APART = 128, MOST_BLOCKS = INT32_MAX };
enum { OP_READ, OP_WRITE, OP_COPY, OP_TRIAD }; /* of gvb_stream */

#define FLOP_PER_ITERATION (2 * 4)
#define MOST_BYTES (1LL << 40)

/* How many arrays a kernel goes through: as many bytes are moved as they have. */
static uint64_t arrays_of(int32_t kernel) {
  if (kernel == GVB_RATE_TRIAD) return 3;
  return kernel == GVB_RATE_COPY ? 2 : 1;
}

static bool adds_up(const gvb_piece *p) { return p->kernel == GVB_RATE_READ || p->kernel == GVB_RATE_L2_READ; }

/* Of an array that the kernel does not go through, its last: it is named, and not touched. */
static CUdeviceptr word_of(const gvb_piece *p, uint64_t array, uint64_t word) {
  const uint64_t last = p->arrays - 1;
  return p->memory + ((array < last ? array : last) * p->words + word) * WORD;
}

/* Sum of the words first, first + 1, ... */
static uint64_t sum_of(uint64_t first, uint64_t words) {
  return words * first + (words % 2 == 0 ? words / 2 * (words - 1) : (words - 1) / 2 * words);
}

/* ---- launches ---- */

static int stream(gvb_piece *p, uint64_t op, const CUdeviceptr of[3], uint64_t words) {
  CUdeviceptr a = of[0], b = of[1], c = of[2];
  void *arguments[] = {&op, &a, &b, &c, &words, &p->passes, &p->out};
  return gvb_launch(GVB_KERNEL_STREAM, p->blocks, BLOCK, arguments);
}

/* Through the arrays part by part, and from the beginning again. */
static int go_through(gvb_piece *p) {
  static const uint64_t ops[] = {
      [GVB_RATE_READ] = OP_READ, [GVB_RATE_WRITE] = OP_WRITE, [GVB_RATE_COPY] = OP_COPY, [GVB_RATE_TRIAD] = OP_TRIAD};
  const uint64_t at = p->next;
  if (adds_up(p)) p->sum += p->passes * sum_of(p->next, p->part);
  p->next = p->next + 2 * p->part <= p->words ? p->next + p->part : 0;
  const CUdeviceptr of[] = {word_of(p, 0, at), word_of(p, 1, at), word_of(p, 2, at)};
  return stream(p, ops[p->kernel], of, p->part);
}

static int read_again(gvb_piece *p) {
  void *arguments[] = {&p->memory, &p->words, &p->passes, &p->out};
  p->sum += p->passes * sum_of(0, p->words);
  return gvb_launch(GVB_KERNEL_L2_READ, p->blocks, BLOCK, arguments);
}

static int add(gvb_piece *p) {
  void *arguments[] = {&p->memory, &p->words, &p->operations};
  return gvb_launch(GVB_KERNEL_ATOMICS, p->blocks, BLOCK, arguments);
}

int gvb_piece_launch(gvb_piece *p) {
  p->launched++;
  switch (p->kernel) {
    case GVB_RATE_FMA:
      return gvb_fma_launch(&p->fma);
    case GVB_RATE_ATOMICS:
      return add(p);
    case GVB_RATE_L2_READ:
      return read_again(p);
    default:
      return go_through(p);
  }
}

/* ---- verification ---- */

static int compare(const gvb_piece *p, uint64_t expected, uint64_t found) {
  static const char *const names[] = {"fma", "read", "write", "copy", "triad", "l2_read", "atomics"};
  if (found == expected) return GVB_OK;
  return gvb_fail(GVB_ERROR_WRONG_RESULT,
                  "%s computed wrong: the sum after %" PRIu64 " launches is %" PRIu64 ", expected %" PRIu64,
                  names[p->kernel], p->launched, found, expected);
}

static int verify_sum(gvb_piece *p) {
  uint64_t found = 0;
  GVB_TRY(gvb_download(&found, p->out, sizeof found));
  return compare(p, p->sum, found);
}

static int sum_on_device(gvb_piece *p, uint64_t words, uint64_t *sum) {
  void *arguments[] = {&p->memory, &words, &p->out};
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, p->out, 0, sizeof(uint64_t)));
  GVB_TRY(GVB_CUDA(cuCtxSynchronize));
  GVB_TRY(gvb_launch(GVB_KERNEL_SUM, p->blocks, BLOCK, arguments));
  return gvb_download(sum, p->out, sizeof *sum);
}

static int clear(CUdeviceptr memory, uint64_t bytes) {
  GVB_TRY(GVB_CUDA(cuMemsetD8_v2, memory, 0, bytes));
  return GVB_CUDA(cuCtxSynchronize);
}

/* Each address is 16 words from the next; no other word is touched. */
static int verify_additions(gvb_piece *p) {
  const uint64_t words = p->words * APART / WORD;
  uint64_t found = 0;
  GVB_TRY(sum_on_device(p, words, &found));
  GVB_TRY(compare(p, p->launched * (uint64_t)p->work, found));
  return clear(p->memory, words * WORD);
}

/* Of b = c = 0, 1, 2, ...; write begins anew in each part. */
static uint64_t sum_written(const gvb_piece *p, uint64_t parts) {
  if (p->kernel == GVB_RATE_WRITE) return parts * sum_of(0, p->part);
  return (p->kernel == GVB_RATE_TRIAD ? 4 : 1) * sum_of(0, parts * p->part);
}

/* The result is cleared for the next time: what is found then was written since. */
static int verify_written(gvb_piece *p) {
  const uint64_t all = p->words / p->part, parts = p->launched < all ? p->launched : all;
  uint64_t found = 0;
  GVB_TRY(sum_on_device(p, p->words, &found));
  GVB_TRY(compare(p, sum_written(p, parts), found));
  p->next = 0;
  return clear(p->memory, p->words * WORD);
}

static int verify(gvb_piece *p) {
  if (p->kernel == GVB_RATE_FMA) return gvb_fma_verify(&p->fma);
  if (adds_up(p)) return verify_sum(p);
  return p->kernel == GVB_RATE_ATOMICS ? verify_additions(p) : verify_written(p);
}

int gvb_piece_verify(gvb_piece *p) {
  GVB_TRY(verify(p));
  p->launched = 0;
  return GVB_OK;
}

/* ---- set-up ---- */

int gvb_need_piece(int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks) {
  GVB_TRY(gvb_need_range("kernel", kernel, GVB_RATE_FMA, GVB_RATE_ATOMICS));
  const bool is_fma = kernel == GVB_RATE_FMA, is_atomics = kernel == GVB_RATE_ATOMICS;
  const int64_t least = is_fma ? 0 : is_atomics ? APART : (int64_t)arrays_of(kernel) * PAIR;
  GVB_TRY(gvb_need_range("bytes", bytes, least, MOST_BYTES));
  GVB_TRY(gvb_need_range("amount", amount, is_fma || is_atomics ? 1 : least, INT64_MAX));
  return gvb_need_range("blocks", blocks, 1, MOST_BLOCKS);
}

/* Words of each array in so many bytes of all, in whole accesses of 128 bits. */
static uint64_t words_in(const gvb_piece *p, int64_t bytes) { return (uint64_t)bytes / p->arrays / PAIR * 2; }

/* A launch of more than the arrays goes through them several times; the L2 reader always through the whole. */
static void divide(gvb_piece *p, int64_t bytes, int64_t amount) {
  p->words = words_in(p, bytes);
  p->part = words_in(p, amount);
  p->passes = 1;
  if (p->part >= p->words || p->kernel == GVB_RATE_L2_READ) {
    p->passes = (p->part + p->words / 2) / p->words;
    if (p->passes == 0) p->passes = 1;
    p->part = p->words;
  }
  p->work = (int64_t)(p->passes * p->part * p->arrays * WORD);
}

static int make_fma(gvb_piece *p, int64_t iterations) {
  GVB_TRY(gvb_fma_make(&p->fma, iterations, p->blocks));
  p->work = FLOP_PER_ITERATION * iterations * (int64_t)p->blocks * GVB_FMA_BLOCK;
  return GVB_OK;
}

static int make_atomics(gvb_piece *p, int64_t bytes, int64_t operations) {
  p->words = (uint64_t)bytes / APART;
  p->operations = (uint64_t)operations;
  p->work = (int64_t)p->blocks * BLOCK * operations;
  return gvb_device_new((size_t)p->words * APART, &p->memory);
}

/* 0, 1, 2, ... into all that is read. */
static int fill(gvb_piece *p) {
  const uint64_t passes = p->passes;
  int status = GVB_OK;
  p->passes = 1;
  for (uint64_t k = adds_up(p) ? 0 : 1; k < p->arrays; k++)
    status = gvb_first(
        status, stream(p, OP_WRITE, (CUdeviceptr[3]){word_of(p, k, 0), word_of(p, k, 0), word_of(p, k, 0)}, p->words));
  p->passes = passes;
  return gvb_first(status, gvb_sync());
}

int gvb_piece_make(gvb_piece *p, int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks) {
  p->kernel = kernel;
  p->blocks = (unsigned)blocks;
  p->arrays = arrays_of(kernel);
  if (kernel == GVB_RATE_FMA) return make_fma(p, amount);
  GVB_TRY(gvb_load(GVB_MODULE_CONTENTION));
  GVB_TRY(gvb_device_new(sizeof(uint64_t), &p->out));
  if (kernel == GVB_RATE_ATOMICS) return make_atomics(p, bytes, amount);
  divide(p, bytes, amount);
  GVB_TRY(gvb_device_new((size_t)(p->arrays * p->words * WORD), &p->memory));
  return fill(p);
}

int gvb_piece_free(gvb_piece *p) {
  const int status = gvb_first(gvb_device_free(&p->memory), gvb_device_free(&p->out));
  return gvb_first(status, gvb_fma_free(&p->fma));
}
