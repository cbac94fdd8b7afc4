// Arithmetic in registers.

typedef unsigned long long u64;

// A float counts exactly up to 2^24: the chains are folded long before.
enum : unsigned { fold = 1u << 20 };

// asm: the compiler can neither reassociate the chain nor know what a and b are.
static __device__ __forceinline__ void step(float &x, float a, float b) {
  asm volatile("fma.rn.f32 %0, %1, %0, %2;" : "+f"(x) : "f"(a), "f"(b));
}

extern "C" __global__ void __launch_bounds__(256, 8) gvb_fma(u64 iterations, float a, float b, u64 *ok) {
  u64 total[4] = {0, 0, 0, 0};
  for (u64 done = 0; done < iterations;) {
    const unsigned steps = (unsigned)(iterations - done < fold ? iterations - done : fold);
    float x[4] = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll 16
    for (unsigned s = 0; s < steps; s++) {
      step(x[0], a, b);
      step(x[1], a, b);
      step(x[2], a, b);
      step(x[3], a, b);
    }
    for (int chain = 0; chain < 4; chain++) total[chain] += (u64)x[chain];
    done += steps;
  }
  const bool right =
      total[0] == iterations && total[1] == iterations && total[2] == iterations && total[3] == iterations;
  // One addition a block: a quarter of a million atomics on one word would be part of the time.
  const int threads = __syncthreads_count(right);
  if (threadIdx.x == 0) atomicAdd(ok, (u64)threads);
}
