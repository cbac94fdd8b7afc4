// Kernels over arrays in device memory; grid stride throughout.

typedef unsigned long long u64;

static __device__ __forceinline__ u64 first() { return (u64)blockIdx.x * blockDim.x + threadIdx.x; }

static __device__ __forceinline__ u64 stride() { return (u64)gridDim.x * blockDim.x; }

// SplitMix64's finaliser over its i-th state.
static __device__ __forceinline__ u64 pattern(u64 i, u64 seed) {
  u64 z = seed + (i + 1) * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

extern "C" __global__ void gvb_triad(float *__restrict__ a, const float *__restrict__ b,
                                     const float *__restrict__ c, float s, u64 n) {
  const float4 *b4 = reinterpret_cast<const float4 *>(b);
  const float4 *c4 = reinterpret_cast<const float4 *>(c);
  float4 *a4 = reinterpret_cast<float4 *>(a);
  for (u64 i = first(); i < n / 4; i += stride()) {
    const float4 x = b4[i];
    const float4 y = c4[i];
    a4[i] = make_float4(x.x + s * y.x, x.y + s * y.y, x.z + s * y.z, x.w + s * y.w);
  }
}

extern "C" __global__ void gvb_fill(u64 *p, u64 words, u64 seed) {
  for (u64 i = first(); i < words; i += stride()) p[i] = pattern(i, seed);
}

extern "C" __global__ void gvb_checksum(const u64 *p, u64 words, u64 seed, u64 *out) {
  u64 wrong = 0;
  u64 lowest = ~0ull;
  for (u64 i = first(); i < words; i += stride()) {
    if (p[i] == pattern(i, seed)) continue;
    if (wrong == 0) lowest = i;
    wrong++;
  }
  if (wrong == 0) return;
  atomicAdd(&out[0], wrong);
  atomicMin(&out[1], lowest);
}

extern "C" __global__ void gvb_scan(const u64 *p, u64 words, u64 marker, u64 *out) {
  u64 found = 0;
  for (u64 i = first(); i < words; i += stride()) found += p[i] >> 32 == marker;
  if (found != 0) atomicAdd(out, found);
}

extern "C" __global__ void gvb_sum(const u64 *p, u64 words, u64 *out) {
  u64 sum = 0;
  for (u64 i = first(); i < words; i += stride()) sum += p[i];
  // Blocks are multiples of 32 threads: one addition a warp.
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_down_sync(0xffffffffu, sum, distance);
  if (threadIdx.x % 32 == 0) atomicAdd(out, sum);
}
