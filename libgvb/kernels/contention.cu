// Kernels that load DRAM, L2 and its units, and one that feels their latency.

typedef unsigned long long u64;

static __device__ __forceinline__ u64 first() { return (u64)blockIdx.x * blockDim.x + threadIdx.x; }

static __device__ __forceinline__ u64 stride() { return (u64)gridDim.x * blockDim.x; }

struct pair {
  u64 x, y;
};

// asm: passes repeat, so the compiler must neither keep what it has read nor leave out what is written again. L1 is
// passed by (.cg): it would serve a second pass.
static __device__ __forceinline__ pair load(const u64 *p) {
  pair v;
  asm volatile("{.reg .u64 a; cvta.to.global.u64 a, %2; ld.global.cg.v2.u64 {%0, %1}, [a];}"
               : "=l"(v.x), "=l"(v.y)
               : "l"(p)
               : "memory");
  return v;
}

static __device__ __forceinline__ void store(u64 *p, u64 x, u64 y) {
  asm volatile("{.reg .u64 a; cvta.to.global.u64 a, %0; st.global.v2.u64 [a], {%1, %2};}" ::"l"(p), "l"(x), "l"(y)
               : "memory");
}

// Blocks are multiples of 32 threads: one addition a warp.
static __device__ __forceinline__ void add_up(u64 sum, u64 *out) {
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_down_sync(0xffffffffu, sum, distance);
  if (threadIdx.x % 32 == 0) atomicAdd(out, sum);
}

enum : u64 { op_read, op_write, op_copy, op_triad };

static __device__ __forceinline__ u64 read_pass(const u64 *a, u64 words) {
  u64 sum = 0;
#pragma unroll 4
  for (u64 i = 2 * first(); i < words; i += 2 * stride()) {
    const pair v = load(a + i);
    sum += v.x + v.y;
  }
  return sum;
}

static __device__ __forceinline__ void write_pass(u64 *a, u64 words) {
  for (u64 i = 2 * first(); i < words; i += 2 * stride()) store(a + i, i, i + 1);
}

static __device__ __forceinline__ void copy_pass(u64 *a, const u64 *b, u64 words) {
#pragma unroll 4
  for (u64 i = 2 * first(); i < words; i += 2 * stride()) {
    const pair v = load(b + i);
    store(a + i, v.x, v.y);
  }
}

static __device__ __forceinline__ void triad_pass(u64 *a, const u64 *b, const u64 *c, u64 words) {
#pragma unroll 4
  for (u64 i = 2 * first(); i < words; i += 2 * stride()) {
    const pair x = load(b + i);
    const pair y = load(c + i);
    store(a + i, x.x + 3 * y.x, x.y + 3 * y.y);
  }
}

extern "C" __global__ void gvb_stream(u64 op, u64 *a, const u64 *b, const u64 *c, u64 words, u64 passes, u64 *out) {
  u64 sum = 0;
  for (u64 pass = 0; pass < passes; pass++) {
    if (op == op_read) sum += read_pass(a, words);
    if (op == op_write) write_pass(a, words);
    if (op == op_copy) copy_pass(a, b, words);
    if (op == op_triad) triad_pass(a, b, c, words);
  }
  if (op == op_read) add_up(sum, out);
}

// Each pass begins half a grid further on, so that no multiprocessor reads what it has read before.
extern "C" __global__ void gvb_l2_read(const u64 *p, u64 words, u64 passes, u64 *out) {
  u64 sum = 0;
  u64 shift = 0;
  for (u64 pass = 0; pass < passes; pass++) {
#pragma unroll 4
    for (u64 i = 2 * first(); i < words; i += 2 * stride()) {
      u64 at = i + shift;
      if (at >= words) at -= words;
      const pair v = load(p + at);
      sum += v.x + v.y;
    }
    shift = (shift + stride()) & ~1ull;
    while (shift >= words) shift -= words;
  }
  add_up(sum, out);
}

static __device__ __forceinline__ u64 globaltimer() {
  u64 now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now)::"memory");
  return now;
}

static __device__ __forceinline__ u64 follow(u64 address) {
  u64 next;
  asm volatile("ld.global.cg.u64 %0, [%1];" : "=l"(next) : "l"(address) : "memory");
  return next;
}

static __device__ __forceinline__ u64 in_global(const u64 *p) {
  u64 address;
  asm("cvta.to.global.u64 %0, %1;" : "=l"(address) : "l"(p));
  return address;
}

// Instructions are issued in order, and a store waits for its value: a clock that is read behind it is read when the
// value is there.
static __device__ __forceinline__ void await(volatile u64 *shared, u64 value) { *shared = value; }

enum : u64 { group = 64, bins_count = 1024 };

// Each element holds the index of the next one, `bytes` apart.
extern "C" __global__ void gvb_chase(const u64 *cycle, u64 lines, u64 bytes, u64 warm, u64 steps, u64 width, u64 *out,
                                     u64 *bins) {
  __shared__ unsigned histogram[bins_count + 1];
  __shared__ volatile u64 sink;
  const u64 base = in_global(cycle);
  u64 at = 0;
  if (blockIdx.x != 0 || threadIdx.x != 0 || lines == 0) return;
  for (u64 s = 0; s < warm; s++) at = follow(base + at * bytes);
  if (bins != 0) {
    for (unsigned b = 0; b <= bins_count; b++) histogram[b] = 0;
    const u64 began = globaltimer();
    for (u64 s = 0; s < steps; s++) {
      u64 address = base + at * bytes;
      asm volatile("" : "+l"(address)); // before the clock
      const u64 begin = clock64();
      at = follow(address);
      await(&sink, at);
      const u64 bin = (u64)(clock64() - begin) / width;
      histogram[bin < bins_count ? bin : bins_count]++;
    }
    out[1] = globaltimer() - began;
    for (unsigned b = 0; b <= bins_count; b++) bins[b] = histogram[b];
  } else {
    const u64 began = globaltimer();
    u64 before = began;
    for (u64 g = 0; g < steps / group; g++) {
#pragma unroll 16
      for (u64 s = 0; s < group; s++) at = follow(base + at * bytes);
      await(&sink, at);
      const u64 now = globaltimer();
      out[2 + g] = now - before;
      before = now;
    }
    out[1] = before - began;
  }
  out[0] = at;
}

// 16 words apart: each address in a line of its own.
extern "C" __global__ void gvb_atomics(u64 *counters, u64 addresses, u64 operations) {
  u64 *mine = counters + 16 * (blockIdx.x % addresses);
  u64 old;
  for (u64 k = 0; k < operations; k++)
    asm volatile("{.reg .u64 a; cvta.to.global.u64 a, %1; atom.global.add.u64 %0, [a], 1;}"
                 : "=l"(old)
                 : "l"(mine)
                 : "memory");
}

// The upper half of a marker names its family.
extern "C" __global__ void gvb_scan(const u64 *p, u64 words, u64 family, u64 *out) {
  u64 found = 0;
  for (u64 i = first(); i < words; i += stride()) found += p[i] >> 32 == family;
  if (found != 0) atomicAdd(out, found);
}

// All blocks hold their multiprocessors until the end; the first one notes when it did not run.
extern "C" __global__ void gvb_gaps(u64 *out, u64 capacity, u64 ns, u64 gap_ns) {
  if (threadIdx.x != 0) return;
  u64 count = 0;
  const u64 begin = globaltimer();
  u64 last = begin;
  while (last - begin < ns) {
    const u64 now = globaltimer();
    if (now - last > gap_ns && blockIdx.x == 0) {
      if (count < capacity) {
        out[3 + 2 * count] = last;
        out[4 + 2 * count] = now;
      }
      count++;
    }
    last = now;
  }
  if (blockIdx.x != 0) return;
  out[0] = count;
  out[1] = begin;
  out[2] = last;
}
