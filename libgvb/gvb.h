/* libgvb: timed loops around the CUDA driver API.
 *
 * The only place of GPU-Virt-Bench that reads a clock around GPU work. Plain C ABI, fixed-width types; the caller
 * owns all memory; a function returns 0 or a negative gvb_status and leaves a sentence in gvb_last_error().
 * Nothing here prints, computes a statistic, or allocates inside a loop.
 *
 * The life of a measurement:
 *   gvb_open -> gvb_context -> gvb_prepare_X (buffers, module, warm) -> gvb_run (as often as wanted) -> gvb_release
 *
 * Host times are CLOCK_MONOTONIC nanoseconds. src/gpu_virt_bench/libgvb/abi.py holds the same table for Python; a
 * test compares the two.
 */
#ifndef GVB_H
#define GVB_H

#include <stdint.h>

#include "machine_clock.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GVB_ABI 8

#define GVB_EXPORT __attribute__((visibility("default")))

typedef enum gvb_status {
  GVB_OK = 0,
  GVB_ERROR_ARGUMENT = -1,     /* an argument is outside its range */
  GVB_ERROR_DRIVER = -2,       /* no libcuda.so.1, or it lacks a symbol that is needed */
  GVB_ERROR_CUDA = -3,         /* a driver call failed: gvb_last_call() and gvb_last_code() say which and how */
  GVB_ERROR_WRONG_RESULT = -4, /* the device's output differs from what the work must give */
  GVB_ERROR_UNSUPPORTED = -5,  /* the device or driver lacks the function that was asked for */
  GVB_ERROR_TIMEOUT = -6,      /* the device did not answer in time */
  GVB_ERROR_STATE = -7         /* called in the wrong order */
} gvb_status;

/* How a driver function is found. Interposers differ in which of the three they catch. */
typedef enum gvb_resolution {
  GVB_HANDLE = 0,  /* dlsym on the handle of dlopen("libcuda.so.1") */
  GVB_DEFAULT = 1, /* dlsym(RTLD_DEFAULT) with libcuda.so.1 opened globally: what a linked program gets */
  GVB_QUERY = 2    /* the address that cuGetProcAddress returns: what the CUDA runtime uses */
} gvb_resolution;

/* Which call launches, or allocates. */
typedef enum gvb_launch_api {
  GVB_LAUNCH_KERNEL = 0,    /* cuLaunchKernel */
  GVB_LAUNCH_KERNEL_EX = 1, /* cuLaunchKernelEx */
  GVB_LAUNCH_GRAPH = 2      /* cuGraphLaunch of a graph with one kernel node, uploaded before */
} gvb_launch_api;

typedef enum gvb_memory_api {
  GVB_MEMORY_PLAIN = 0, /* cuMemAlloc_v2, cuMemFree_v2 */
  GVB_MEMORY_POOL = 1,  /* cuMemAllocAsync, cuMemFreeAsync, each with cuStreamSynchronize; release threshold maximal */
  GVB_MEMORY_VMM = 2,   /* cuMemCreate + cuMemAddressReserve + cuMemMap + cuMemSetAccess, and the reverse */
  GVB_MEMORY_PITCH = 3, /* cuMemAllocPitch_v2 of rows of 1 MiB; this and the next are not for alloc_free */
  GVB_MEMORY_MANAGED = 4, /* cuMemAllocManaged, not touched */
  GVB_MEMORY_ARRAY = 5    /* cuArrayCreate_v2: two dimensions, four floats an element */
} gvb_memory_api;

/* How kernels are laid side by side. */
typedef enum gvb_way {
  GVB_WAY_GRAPH = 0,  /* nodes of one graph */
  GVB_WAY_STREAMS = 1 /* streams of one context */
} gvb_way;

/* What loads the device: kernels of `rate`. */
typedef enum gvb_rate_kernel {
  GVB_RATE_FMA = 0,     /* arithmetic */
  GVB_RATE_READ = 1,    /* device memory: sum of one array */
  GVB_RATE_WRITE = 2,   /* one array */
  GVB_RATE_COPY = 3,    /* from one array to another */
  GVB_RATE_TRIAD = 4,   /* a = b + 3 c, three arrays */
  GVB_RATE_L2_READ = 5, /* one array again and again, passing by L1 */
  GVB_RATE_ATOMICS = 6  /* additions, spread over some addresses */
} gvb_rate_kernel;

typedef enum gvb_wait {
  GVB_WAIT_SPIN = 0, /* CU_CTX_SCHED_SPIN */
  GVB_WAIT_BLOCK = 1 /* CU_CTX_SCHED_BLOCKING_SYNC */
} gvb_wait;

/* Copies between host and device. */
typedef enum gvb_copy_kind {
  GVB_COPY_H2D = 0,   /* host to device */
  GVB_COPY_D2H = 1,   /* device to host */
  GVB_COPY_DUPLEX = 2 /* both at once, each on a stream of its own; for copy_rate alone */
} gvb_copy_kind;

typedef enum gvb_host_memory {
  GVB_HOST_PINNED = 0,  /* cuMemHostAlloc */
  GVB_HOST_PAGEABLE = 1 /* touched pages of mmap, no huge ones */
} gvb_host_memory;

typedef enum gvb_copy_api {
  GVB_COPY_BATCH = 0, /* cuMemcpyHtoDAsync_v2, cuMemcpyDtoHAsync_v2: events around a batch of them on one stream */
  GVB_COPY_CALL = 1   /* cuMemcpyHtoD_v2, cuMemcpyDtoH_v2: the host's clock around one call */
} gvb_copy_api;

typedef enum gvb_payload {
  GVB_PAYLOAD_NEW = 0,  /* incompressible; each copy brings another content than the 4092 before it */
  GVB_PAYLOAD_SAME = 1, /* incompressible, always the same */
  GVB_PAYLOAD_ZEROS = 2
} gvb_payload;

/* Faults of the kernel gvb_fault. */
typedef enum gvb_fault_kind {
  GVB_FAULT_ILLEGAL_ADDRESS = 0, /* a load from an address that is not mapped */
  GVB_FAULT_MISALIGNED = 1,      /* a load of 8 bytes from an odd address */
  GVB_FAULT_TRAP = 2,            /* the instruction trap */
  GVB_FAULT_ASSERT = 3,          /* a failed device-side assertion */
  GVB_FAULT_ENDLESS = 4          /* none: a kernel that never ends */
} gvb_fault_kind;

/* Driver functions whose calls are timed one by one. */
typedef enum gvb_function {
  GVB_CTX_GET_DEVICE = 0,        /* cuCtxGetDevice */
  GVB_MEM_GET_INFO = 1,          /* cuMemGetInfo_v2 */
  GVB_POINTER_GET_ATTRIBUTE = 2, /* cuPointerGetAttribute: the memory type of a device pointer */
  GVB_STREAM_QUERY = 3,          /* cuStreamQuery of an idle stream */
  GVB_MEMCPY_HTOD_ASYNC = 4      /* cuMemcpyHtoDAsync_v2: 4 bytes of pinned memory */
} gvb_function;

/* What the device says of itself, through the layer if there is one. */
typedef struct gvb_device {
  char name[256];
  char uuid[48];              /* "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", or "MIG-..." */
  char pci_bus[32];           /* "0000:41:00.0" */
  int64_t compute_capability; /* 90 for 9.0 */
  int64_t sm_count;
  int64_t threads_per_sm;
  int64_t l2_bytes;
  int64_t memory_bytes; /* cuDeviceTotalMem_v2 */
  int64_t memory_clock_hz;
  int64_t memory_bus_bits;
  int64_t sm_clock_hz;    /* peak */
  int64_t driver_version; /* cuDriverGetVersion, 13000 for 13.0 */
  int64_t memory_pools;   /* 1 if cuMemAllocAsync is supported */
  int64_t virtual_memory; /* 1 if cuMemCreate and cuMemMap are supported */
} gvb_device;

/* One timed run of a prepared work. */
typedef struct gvb_interval {
  int64_t at;                   /* in: begin at this CLOCK_MONOTONIC time, spun for in C; 0 = at once */
  const volatile int32_t *stop; /* in: a work without an end of its own ends soon after *stop != 0; may be NULL */
  int64_t *samples; /* in: room for rows x columns; out: row-major, nanoseconds unless gvb.h says otherwise */
  int64_t rows;     /* in: room; out: rows written */
  int64_t begin;    /* out: first clock read of the run */
  int64_t end;      /* out: last clock read of the run */
  int64_t notes[8]; /* out: facts about the run, meaning per routine */
  gvb_start start;  /* in: how it takes part in the time of a machine with a clock of its own, which ignores `at` */
} gvb_interval;

typedef struct gvb_work gvb_work;

/* ---- the library ---- */

/* GVB_ABI of the library, to be compared with the caller's. */
GVB_EXPORT int32_t gvb_abi(void);

/* One sentence about the last failure of this thread: the thing, what was found, what was expected. */
GVB_EXPORT const char *gvb_last_error(void);

/* CUresult of the last failed driver call of this thread, 0 if the failure was none of the driver's. */
GVB_EXPORT int32_t gvb_last_code(void);

/* Name of the last failed driver call of this thread, "" if the failure was none of the driver's. */
GVB_EXPORT const char *gvb_last_call(void);

/* Nanoseconds of the clock that samples are taken with: CLOCK_MONOTONIC, unless the opened driver has its own. */
GVB_EXPORT int64_t gvb_now(void);

/* 1 if that clock is the machine's own: virtual time, which has nothing to do with the host's. */
GVB_EXPORT int32_t gvb_is_virtual(void);

/* Nanoseconds of a fixed piece of arithmetic, about 6 us: the shortest of five tries on the processor of this thread.
 * Work of others on the same core makes it up to twice as long, and with it every call that is timed there. */
GVB_EXPORT int64_t gvb_host_pace(void);

/* ---- driver and device ---- */

/* Opens libcuda.so.1 and resolves every function that libgvb calls, in the way asked for. The first way opened is what
 * everything uses that does not time a way of its own; another one is opened beside it. */
GVB_EXPORT int gvb_open(int32_t resolution);

/* cuInit, primary context of the device ordinal with that wait policy, module, one non-blocking stream; makes the
 * context current in the calling thread. May be called again (same device, same wait) from any thread. */
GVB_EXPORT int gvb_context(int32_t device, int32_t wait);

/* Fills *facts for the device ordinal; needs gvb_open, initializes the driver, creates no context. */
GVB_EXPORT int gvb_device_facts(int32_t device, gvb_device *facts);

/* Number of devices that the driver shows. */
GVB_EXPORT int gvb_device_count(int32_t *count);

/* cuMemGetInfo_v2 in the current context. */
GVB_EXPORT int gvb_memory_info(int64_t *free_bytes, int64_t *total_bytes);

/* The names of the driver functions that libgvb calls, from index 0 on; NULL after the last. */
GVB_EXPORT const char *gvb_function_name(int32_t index);

/* Which file holds the driver symbol, resolved in the given way (dladdr of its address; GVB_QUERY strips a _v2
 * suffix as the CUDA runtime asks for it). Writes at most `length` bytes with the final 0. Needs libcuda.so.1
 * to be loadable; works before gvb_open. */
GVB_EXPORT int gvb_served_by(const char *symbol, int32_t resolution, char *path, int64_t length);

/* The same by cuGetProcAddress with a CUDA version (11030 for 11.3; 0, or one that is newer, is the driver's own) and
 * flags (2: for per-thread default streams) of the caller's choice. */
GVB_EXPORT int gvb_served_by_query(const char *symbol, int32_t version, uint64_t flags, char *path, int64_t length);

/* Destroys the module and stream and releases the primary context. */
GVB_EXPORT int gvb_close(void);

/* ---- running ---- */

/* Rows and columns of samples that a run of this work can write. */
GVB_EXPORT int64_t gvb_rows(const gvb_work *work);
GVB_EXPORT int64_t gvb_columns(const gvb_work *work);

/* Runs a prepared work once, in the thread that calls; verifies its output after the last clock read. */
GVB_EXPORT int gvb_run(gvb_work *work, gvb_interval *interval);

/* Frees what the work holds. NULL is allowed. */
GVB_EXPORT int gvb_release(gvb_work *work);

/* ---- routines ----
 * `resolution` is how the driver functions of a routine are found, those outside its intervals too where they belong to
 * the same work; a routine without it uses what was opened first.
 * gvb_prepare_X allocates and warms; the comment says what lies between t0 and t1 of one sample. */

/* clock_floor: t0 t1, two reads with nothing between. Needs no device. Columns: floor. */
GVB_EXPORT int gvb_prepare_clock_floor(int64_t count, gvb_work **work);

/* launch_latency: t0 launch(empty, grid 1, block 32) t1; cuStreamSynchronize after each `drain` launches, outside.
 * The empty kernel counts; counter = launches is verified. Columns: call. */
GVB_EXPORT int gvb_prepare_launch_latency(int32_t api, int32_t resolution, int64_t count, int64_t drain,
                                          gvb_work **work);

/* launch_sync: t0 launch(empty, grid 1, block 32) cuStreamSynchronize t1. Columns: round_trip. */
GVB_EXPORT int gvb_prepare_launch_sync(int32_t api, int32_t resolution, int64_t count, gvb_work **work);

/* launch_to_start: t0 = host clock before the launch of `stamp` on an idle stream; the stamp is %globaltimer of the
 * kernel's only thread, mapped to the host clock by the narrowest of 1000 echoes between host and a waiting kernel,
 * taken before and after the launches (linear in between). Nonce = the launch's number is verified. Columns: start.
 * Notes: [0] half width of the narrowest echo = uncertainty of the mapping, ns; [1] smallest step of %globaltimer
 * seen, ns; [2] change of the clock offset from before to after, ns. */
GVB_EXPORT int gvb_prepare_launch_to_start(int32_t api, int32_t resolution, int64_t count, gvb_work **work);

/* start_probe: launch_to_start by cuLaunchKernel, each launch after a random pause of at most `pause` ns, drawn from
 * `seed`. With iterations > 0 the device is kept full meanwhile, by fma(iterations, `blocks` blocks of 256) in a stream
 * of ordinary priority, three launches in flight, and the timed launches go to a stream of the highest. Columns: start.
 * Notes: as launch_to_start. */
GVB_EXPORT int gvb_prepare_start_probe(int64_t count, int64_t pause, int64_t seed, int64_t iterations, int64_t blocks,
                                       gvb_work **work);

/* alloc_free: cuCtxSynchronize; then `count` times: t0 alloc t1, [with pending: a 1 ms spin kernel is queued; else
 * cuCtxSynchronize], t2 free t3. One 4 KiB allocation (of the same api) stays alive, so that small sizes do not map
 * and unmap a block each time. 10 pairs of warm-up. Columns: alloc, free. */
GVB_EXPORT int gvb_prepare_alloc_free(int32_t api, int32_t resolution, int64_t bytes, int64_t count, int32_t pending,
                                      gvb_work **work);

/* context_cycle: stamps around dlopen("libcuda.so.1") and symbol resolution; cuInit; cuDevicePrimaryCtxRetain +
 * cuCtxSetCurrent; first cuMemAlloc_v2 (4 KiB); cuModuleLoadData + cuModuleGetFunction of one `empty` kernel; first
 * launch + sync. Only in a process that has not touched CUDA (no gvb_open, gvb_context, gvb_served_by), once: else
 * GVB_ERROR_STATE. The counter is cleared between phases, untimed. The context stays.
 * One row. Columns: load, init, context, allocate, module, launch. */
GVB_EXPORT int gvb_prepare_context_cycle(int32_t device, int32_t resolution, gvb_work **work);

/* throughput_cycle: whole cycles until `duration` ns after begin (a cycle that has begun is finished), after
 * `settle` ns of the same, untimed. Cycle: alloc 64 MiB; H2D 16 MiB pinned, one word per 4 KiB page new in each cycle,
 * and the device sum of them; 200 launches of empty; 20 of fma(fma_iterations, 8 x sm_count blocks of 256); 20 of
 * triad over 64 MiB arrays into the new allocation; device sum of it; D2H of its first 16 MiB; sync; compare both sums
 * with the host's; free. All that was copied back is compared while the device works on the next cycle.
 * One row per cycle. Columns: cycle. begin/end are those of the timed window. Notes: [0] cycles in the settling. */
GVB_EXPORT int gvb_prepare_throughput_cycle(int64_t duration, int64_t settle, int64_t fma_iterations, int64_t sm_count,
                                            gvb_work **work);

/* fma: event pair around one launch of fma(iterations, ilp 4, 8 x sm_count blocks of 256), `count` times; every
 * thread's integer total is verified. Columns: device time. */
GVB_EXPORT int gvb_prepare_fma(int64_t iterations, int64_t sm_count, int64_t count, gvb_work **work);

/* warm: keeps the device busy with fma launches of about 1 ms for `duration` ns; one row per launch that ended, at
 * most 65536. Columns: device time. */
GVB_EXPORT int gvb_prepare_warm(int64_t duration, int64_t sm_count, gvb_work **work);

/* probe: t0, fill `bytes` with a seeded pattern on the device, checksum on the device, copy back, compare on the
 * host, t1. A deliberately wrong word must be found first (self-test). GVB_ERROR_TIMEOUT after 10 s.
 * One row. Columns: probe. */
GVB_EXPORT int gvb_prepare_probe(int64_t bytes, uint64_t seed, gvb_work **work);

/* call_latency: t0, `batch` calls of one driver function, t1; the function is found anew, in the given resolution,
 * whatever gvb_open was told. An asynchronous function's stream is synchronized between batches. What the calls must
 * answer is verified. Columns: batch. That is ns per whole batch, less the empty loop of the same
 * length: may be negative.
 * Notes: [0] the empty loop, ns per batch: the shortest of one before each batch. */
GVB_EXPORT int gvb_prepare_call_latency(int32_t function, int32_t resolution, int64_t count, int64_t batch,
                                        gvb_work **work);

/* alloc_live: as alloc_free of cuMemAlloc_v2, nothing pending, while `live` more allocations of 4 KiB are held; they
 * are made first. 10 pairs of warm-up. Columns: alloc, free. */
GVB_EXPORT int gvb_prepare_alloc_live(int32_t resolution, int64_t live, int64_t bytes, int64_t count, gvb_work **work);

/* alloc_storm: cuMemAlloc_v2 and cuMemFree_v2 of `bytes` back to back until `duration` ns after begin, or stop; in each
 * 10 ms only in the first `busy` ns (10 ms: always).
 * One row. Columns: pairs. That is their number, not ns. */
GVB_EXPORT int gvb_prepare_alloc_storm(int64_t bytes, int64_t busy, int64_t duration, gvb_work **work);

/* launch_paced: t0 launch(empty, grid `blocks`, block 32) t1; cuStreamSynchronize after each, outside. A launch begins
 * `period` ns after the one before it began, spun for; a late one is not made up for. Counter = launches is verified.
 * Columns: call. */
GVB_EXPORT int gvb_prepare_launch_paced(int32_t resolution, int64_t count, int64_t period, int64_t blocks,
                                        gvb_work **work);

/* launch_full: t0 launch(fma(iterations), 8 x sm_count blocks of 256) t1, then an event; before each launch but the
 * first `depth`, outside, the wait for the oldest, so that `depth` are kept in flight. Every thread's integer total is
 * verified. Columns: call. */
GVB_EXPORT int gvb_prepare_launch_full(int32_t resolution, int64_t count, int64_t depth, int64_t iterations,
                                       int64_t sm_count, gvb_work **work);

/* launch_rate: keeps `depth` launches of fma(iterations, `blocks` blocks of 256) in flight for `settle` + `duration`
 * ns; an event per launch, or per 2^k launches of kernels shorter than 50 us, so that an event comes each 100 us (and
 * two events at least are in flight). begin = the first completion that the host sees after the settling; one row for
 * each later one, up to the first at `duration` or after stop. The queue is emptied after end; every thread's integer
 * total is verified. `wait` is a gvb_wait: spin polls the event, block sleeps in cuEventSynchronize of a
 * CU_EVENT_BLOCKING_SYNC event.
 * Columns: done. That is ns since begin. Notes: [0] launches per row; [1] rows beyond the 2^20 that there is
 * room for; [2] FLOP of a launch; [3] ns from the first launch to begin. */
GVB_EXPORT int gvb_prepare_launch_rate(int64_t iterations, int64_t blocks, int64_t depth, int64_t settle,
                                       int64_t duration, int32_t wait, gvb_work **work);

/* rate: launch_rate of any kernel that loads the device, in `blocks` blocks of 256, in a window by the clock: from
 * `settle` ns after the first launch (without settling, from the first completion) on, `duration` ns long. `amount` is
 * what a launch does: iterations of fma; additions of each thread; else bytes read and written, part by part of its
 * arrays, which have `bytes` in all, or several times through them (l2_read: always whole). Of atomics, `bytes` are 128
 * for each address. Launches begin in the first `busy` ns of each 10 ms alone, 10 ms being always, and `every` ns at
 * least after the one before them. Verified after end: every thread's total (fma), the sum of all that was read or
 * added, or, of the others, the sum of what the launches wrote into a result that was cleared before. Columns: done.
 * That is ns since begin. Notes: [0] launches per row; [1] rows beyond the 2^20 that there is room for; [2] what a
 * launch does, FLOP, bytes or additions; [3] as launch_rate's. */
GVB_EXPORT int gvb_prepare_rate(int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks, int64_t depth,
                                int64_t busy, int64_t every, int64_t settle, int64_t duration, gvb_work **work);

/* pieces: t0, one launch of rate's, cuStreamSynchronize, t1; `count` times. Verified as by rate. Columns: done. Notes:
 * [0] what a launch does, FLOP, bytes or additions. */
GVB_EXPORT int gvb_prepare_pieces(int32_t kernel, int64_t bytes, int64_t amount, int64_t blocks, int64_t count,
                                  gvb_work **work);

/* chase: one thread follows one random cycle (Sattolo's shuffle, by `seed`) through `bytes`, an address of 128 bytes a
 * step, passing by L1; `warm` whole passes, then `steps`, timed by %globaltimer 64 at a time (a rest is left out). The
 * last index is verified. One row per 64 steps. Columns: group. Notes: [0] ns of all timed steps, by %globaltimer. */
GVB_EXPORT int gvb_prepare_chase(int64_t bytes, int64_t warm, int64_t steps, int64_t seed, gvb_work **work);

/* chase_steps: the same, each step timed by clock64 into 1024 bins of equal width, as wide as makes them end at 10 us
 * of the device's peak clock, and one for what is longer. One row per bin. Columns: clocks, steps. That is where the
 * bin begins, and how many steps fell into it; their sum is verified. Notes: [0] as chase's. */
GVB_EXPORT int gvb_prepare_chase_steps(int64_t bytes, int64_t warm, int64_t steps, int64_t seed, gvb_work **work);

/* graph_rate: launch_rate of graphs of `nodes` such kernels in a chain, instantiated and uploaded before.
 * Columns: done. Notes: as launch_rate. */
GVB_EXPORT int gvb_prepare_graph_rate(int64_t iterations, int64_t blocks, int64_t nodes, int64_t depth, int64_t settle,
                                      int64_t duration, gvb_work **work);

/* requests: an open loop. Each `period` ns a request is due, the first one at begin: spin until then, t0, launch
 * `chain` kernels fma(iterations, `blocks` blocks of 256) in the stream, cuStreamSynchronize, t1. One that begins late
 * keeps its due time. The last one is due before `duration`, or before stop. Every thread's integer total is verified.
 * Columns: due, begin, end. That is ns since begin of the run. */
GVB_EXPORT int gvb_prepare_requests(int64_t chain, int64_t iterations, int64_t blocks, int64_t period, int64_t duration,
                                    gvb_work **work);

/* gaps: launches of gvb_gaps of `piece` ns, one after the other until `duration` ns after begin, or stop: its first
 * block watches %globaltimer, and notes where two reads lie more than `gap` apart; all `blocks` blocks of `threads`
 * stay until its end, with `shared` bytes of dynamic shared memory, or the most that a block may have. A row is a
 * stretch in which it ran, by time; a launch's last one ends with it. At most 1024 gaps a launch.
 * Columns: launch, begin, end. The last two are %globaltimer, ns. Notes: [0] smallest step of %globaltimer seen, ns;
 * [1] dynamic shared memory of a block, bytes. */
GVB_EXPORT int gvb_prepare_gaps(int64_t piece, int64_t gap, int64_t blocks, int64_t threads, int64_t shared,
                                int64_t duration, gvb_work **work);

/* detect_error: launches gvb_fault of that kind and asks cuStreamQuery until it answers with anything but "not ready",
 * at most `limit` ns (0: without end, for the kind that is endless), or stop. A fault is an answer, not an error; after
 * it the context is dead. One row. Columns: code, seen. That is the CUresult, and ns from the kernel's stamp, just
 * before the fault, to the first answer, -1 without one; the stamp is mapped as by launch_to_start, by the echo before
 * alone. Notes: [0] uncertainty of the mapping, ns. */
GVB_EXPORT int gvb_prepare_detect_error(int32_t fault, int64_t limit, gvb_work **work);

/* bystander: verified work back to back until `duration` ns after begin, or stop. A piece of it fills `bytes` of device
 * memory with a new pattern, computes 10 times fma(iterations, `blocks` blocks of 256), counts the words that are
 * wrong, copies the last page back, and compares: any wrong word is GVB_ERROR_WRONG_RESULT, as is a thread with a wrong
 * total at the end. One row per piece. Columns: done. That is ns since begin. */
GVB_EXPORT int gvb_prepare_bystander(int64_t bytes, uint64_t seed, int64_t iterations, int64_t blocks, int64_t duration,
                                     gvb_work **work);

/* copy: `batch` copies of `bytes` between host and device, `count` times. By batch: the time between two events on the
 * stream, one recorded before the first copy and one after the last. By call (batch is 1): t0 call t1; the context is
 * synchronized after each. The host's memory lies on the device's NUMA node where the kernel can put it there. Copies
 * go to destinations of 16 MiB in all, or to one that is larger, in turn; what the last copy to each brought is
 * compared word by word after the last clock read, by a kernel for copies to the device, and the destinations are
 * cleared for the next run. Columns: batch. Notes: [0] NUMA node of the host's memory, [1] of the device, -1 = not
 * said. */
GVB_EXPORT int gvb_prepare_copy(int32_t kind, int32_t host, int32_t api, int32_t payload, int64_t bytes, int64_t batch,
                                int64_t count, gvb_work **work);

/* copy_rate: keeps `depth` copies of `bytes` from or to pinned memory in flight (each way, for both at once) for
 * `settle` + `duration` ns, payload new, an event after each. begin = the first completion that the host sees after the
 * settling; one row for each later one, up to the first at `duration` or after stop. Copies are submitted in the first
 * `busy` ns of each 10 ms alone; 10 ms is always. What arrived last is compared after end, as by copy. Columns: done,
 * kind. The first is ns since begin, the second a gvb_copy_kind. Notes: [0] rows beyond the 2^20 that there is room
 * for; [1] and [2] as copy's [0] and [1]. */
GVB_EXPORT int gvb_prepare_copy_rate(int32_t kind, int64_t bytes, int64_t depth, int64_t busy, int64_t settle,
                                     int64_t duration, gvb_work **work);

/* try_alloc: one attempt to allocate, freed again if it succeeds (with `keep` when the work is released), and then its
 * pool emptied. A refusal is an
 * answer, not an error. One row. Columns: code. That is the CUresult as a number, not ns. */
GVB_EXPORT int gvb_prepare_try_alloc(int32_t api, int32_t resolution, int64_t bytes, int32_t keep, gvb_work **work);

/* fill_to_limit: allocates `chunk_max` bytes until that is refused or would go beyond `ceiling`, then half as much, and
 * so on down to `chunk_min`. With `touch`, a word in each 2 MiB of what was given is written by cuMemsetD8_v2 and four
 * of each block are copied back and compared; arrays have no address, and are not touched. All is freed at the end of
 * the run, with `keep` when the work runs again or is released. A refusal is an answer, not an error, whatever its
 * code. One row. Columns: bytes, code, calls. That is what was given in all; the CUresult of the last attempt, 0 if
 * none was refused at the smallest size; and the number of attempts. Notes: [0] free and [1] total bytes by
 * cuMemGetInfo_v2 before; [2] free bytes while all is held; [3] words that were written. */
GVB_EXPORT int gvb_prepare_fill_to_limit(int32_t api, int32_t resolution, int64_t chunk_max, int64_t chunk_min,
                                         int64_t ceiling, int32_t touch, int32_t keep, gvb_work **work);

/* refusal: with `used` bytes held since it was prepared: t0 alloc(`ask`) t1, `count` times, after 10 of warm-up. What
 * is granted is freed again, outside. Columns: call, code. The second is the CUresult, 0 for what was granted, not ns.
 * Notes: [0] how many of the warm-up were granted. */
GVB_EXPORT int gvb_prepare_refusal(int32_t api, int32_t resolution, int64_t used, int64_t ask, int64_t count,
                                   gvb_work **work);

/* own: `bytes` of f(i, seed) on the device, until the work is released. t0 checksum, cuStreamSynchronize t1 are begin
 * and end. One row. Columns: wrong. That is the number of words that are not what was written. Notes: [0] the address.
 */
GVB_EXPORT int gvb_prepare_own(int64_t bytes, uint64_t seed, gvb_work **work);

/* intrude: tries memory of another process at `address`, whose words are f(first + i, seed): copies 4 KiB from there to
 * the host, and lets a kernel sum it; with `writes` copies 4 KiB there, and lets a kernel write it. A refusal or a
 * fault is an answer, not an error; after a fault the context is dead, and so is the process for any other work. One
 * row. Columns: copy, copied, kernel, reached. That is CUresult of the copy, words of the owner that it reached (512
 * or, of what is no memory of the owner's, 0), and the same of the kernel. */
GVB_EXPORT int gvb_prepare_intrude(int32_t writes, uint64_t address, uint64_t first, uint64_t seed, gvb_work **work);

/* plant: writes 64-bit words whose upper half is `marker` into `bytes` of device memory, and holds them until the work
 * is released. One row. Columns: planted. That is words. */
GVB_EXPORT int gvb_prepare_plant(int64_t bytes, int64_t marker, gvb_work **work);

/* scan: takes all that cuMemAlloc_v2 gives as fill_to_limit does (1 GiB to 2 MiB, up to `ceiling`), writes nothing,
 * counts the words whose upper half is `marker` by a kernel, and frees it. When it is prepared it must find 4 MiB of
 * markers that it had freed into a memory pool. One row. Columns: bytes, markers. That is what was looked at, and words
 * found. */
GVB_EXPORT int gvb_prepare_scan(int32_t resolution, int64_t ceiling, int64_t marker, gvb_work **work);

/* fingerprint: one launch of fingerprint(duration, `blocks` blocks of 32): each block watches %globaltimer for
 * `duration` from its own begin, suspended or not, and cuts a segment wherever two reads lie more than `gap` apart:
 * then the device was taken from it. begin/end of the run: before the launch and after its cuStreamSynchronize.
 * Verified: each block wrote 1 to 256 segments in order, and `duration` lies between its first begin and its last end.
 * One row per segment, by block and time. Columns: block, smid, begin, end. The last two are %globaltimer, ns, not the
 * host's clock; the segment in which a suspended block ends may be a single instant. Notes: [0] smallest step of
 * %globaltimer seen, ns. */
GVB_EXPORT int gvb_prepare_fingerprint(int64_t duration, int64_t gap, int64_t blocks, gvb_work **work);

/* launch_sustained: t0, `count` launches of empty (grid 1, block 32) with at most `depth` outstanding (an event after
 * each depth / 2), cuStreamSynchronize, t1. Counter = launches is verified. One row. Columns: total. */
GVB_EXPORT int gvb_prepare_launch_sustained(int32_t api, int32_t resolution, int64_t count, int64_t depth,
                                            gvb_work **work);

/* launch_graph: the same of `count` launches of a graph of `nodes` empty kernels in a chain. One row. Columns: total.
 */
GVB_EXPORT int gvb_prepare_launch_graph(int32_t resolution, int64_t nodes, int64_t count, int64_t depth,
                                        gvb_work **work);

/* launch_storm: launches of empty until `duration` ns after begin, or stop, with at most `depth` outstanding; in each
 * 10 ms only in the first `busy` ns, at the end of which they are waited for (10 ms: always). Counter = launches is
 * verified. One row. Columns: launches. That is their number, not ns. */
GVB_EXPORT int gvb_prepare_launch_storm(int64_t depth, int64_t busy, int64_t duration, gvb_work **work);

/* branches: `branches` equal kernels, fma(iterations, `blocks` blocks of 32 with half of a multiprocessor's shared
 * memory each, so that every block has one to itself), one after the other and side by side, each between two events:
 * serial, concurrent, concurrent, serial, `count` times. By `way`: a graph of a chain and one without edges, or
 * streams, which wait for the first event and are waited for by the second. Every thread's integer total is verified.
 * Two rows each time. Columns: serial, concurrent. Device time. Notes: [0] dynamic shared memory of a block, bytes. */
GVB_EXPORT int gvb_prepare_branches(int32_t way, int64_t branches, int64_t iterations, int64_t blocks, int64_t count,
                                    gvb_work **work);

/* idle: the thread sleeps until `duration` ns after begin, or 50 ms after stop at most, while the context exists.
 * One row. Columns: slept. */
GVB_EXPORT int gvb_prepare_idle(int64_t duration, gvb_work **work);

#ifdef __cplusplus
}
#endif
#endif
