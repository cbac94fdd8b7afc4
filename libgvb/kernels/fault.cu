// One fault, on purpose: alone in its module, since a fatal fault ends the context that loaded it.

typedef unsigned long long u64;

enum { ILLEGAL_ADDRESS, MISALIGNED, TRAP, ASSERT, ENDLESS };

static __device__ __forceinline__ u64 globaltimer() {
  u64 now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now)::"memory");
  return now;
}

// In the global state space, since a generic address can be another one's; volatile, since nothing needs the value.
static __device__ __forceinline__ void load(u64 address) {
  asm volatile("{.reg .u64 v; ld.volatile.global.u64 v, [%0];}" ::"l"(address) : "memory");
}

extern "C" __global__ void gvb_fault(u64 kind, volatile u64 *stamp, u64 address) {
  if (blockIdx.x != 0 || threadIdx.x != 0) return;
  *stamp = globaltimer();
  __threadfence_system();
  if (kind == ILLEGAL_ADDRESS) load(address);
  if (kind == MISALIGNED) load(address + 1);
  if (kind == TRAP) asm volatile("trap;");
  if (kind == ASSERT) __assertfail("a fault was asked for", "fault.cu", __LINE__, "gvb_fault", 1ul);
  while (kind == ENDLESS) globaltimer();
}
