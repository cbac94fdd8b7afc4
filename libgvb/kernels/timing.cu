// Kernels that read the device's clock.

typedef unsigned long long u64;

static __device__ __forceinline__ u64 globaltimer() {
  u64 now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now)::"memory");
  return now;
}

extern "C" __global__ void gvb_stamp(volatile u64 *out, u64 nonce) {
  out[0] = globaltimer();
  __threadfence_system();
  out[1] = nonce;
}

extern "C" __global__ void gvb_echo(volatile u64 *ping, volatile u64 *pong, u64 count, u64 limit_ns) {
  u64 last = globaltimer();
  for (u64 s = 1; s <= count; s++) {
    while (*ping != s)
      if (globaltimer() - last > limit_ns) return;
    last = globaltimer();
    pong[0] = last;
    __threadfence_system();
    pong[1] = s;
  }
}

extern "C" __global__ void gvb_timer_step(u64 *out, u64 reads) {
  u64 smallest = ~0ull;
  u64 before = globaltimer();
  for (u64 i = 0; i < reads; i++) {
    const u64 now = globaltimer();
    if (now != before && now - before < smallest) smallest = now - before;
    before = now;
  }
  out[0] = smallest;
}

extern "C" __global__ void gvb_spin(u64 ns, u64 *out) {
  if (threadIdx.x != 0) return;
  const u64 begin = globaltimer();
  u64 end = begin;
  while (end - begin < ns) end = globaltimer();
  out[2ull * blockIdx.x] = begin;
  out[2ull * blockIdx.x + 1] = end;
}

static __device__ __forceinline__ u64 smid() {
  unsigned sm;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(sm)::"memory");
  return sm;
}

static __device__ __forceinline__ void note(u64 *row, u64 sm, u64 begin, u64 end) {
  row[0] = sm;
  row[1] = begin;
  row[2] = end;
}

// A block whose context is suspended notices only that the clock has jumped; it may go on elsewhere.
extern "C" __global__ void gvb_fingerprint(u64 *counts, u64 *segments, u64 capacity, u64 ns, u64 gap_ns) {
  if (threadIdx.x != 0) return;
  u64 *mine = segments + 3 * capacity * blockIdx.x;
  u64 count = 0;
  u64 sm = smid();
  const u64 first = globaltimer();
  u64 begin = first;
  u64 last = first;
  while (last - first < ns) {
    const u64 now = globaltimer();
    if (now - last > gap_ns) {
      if (count < capacity) note(mine + 3 * count, sm, begin, last);
      count++;
      sm = smid();
      begin = now;
    }
    last = now;
  }
  if (count < capacity) note(mine + 3 * count, sm, begin, last);
  counts[blockIdx.x] = count + 1;
}
