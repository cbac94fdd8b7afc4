/* What one client process of the emulated machine consists of. Private to libcuda.so.1. */
#ifndef GVB_EMULATOR_PROCESS_H
#define GVB_EMULATOR_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../libgvb/cuda_abi.h"
#include "common_clock.h"
#include "common_machine.h"
#include "common_schedule.h"

#define GVB_EXPORT __attribute__((visibility("default")))

enum { KIB = 1024, BLOCK_BYTES = 2 << 20, KERNEL_ARGUMENTS = 8, TOUCHES = 8 };

/* ---- handles ---- */

enum { MAGIC_CONTEXT = 0x43545854, MAGIC_STREAM = 0x5354524d, MAGIC_EVENT = 0x45564e54, MAGIC_MODULE = 0x4d4f4455 };

/* What belongs to a context: a primary one that is retained again is another. */
typedef struct owner {
  CUcontext context;
  uint64_t id;
} owner;

struct CUstream_st {
  uint32_t magic;
  CUcontext context;
  unsigned int flags;
  int priority;
  int queue;     /* of hardware */
  uint64_t last; /* serial of its newest item */
  uint64_t waits[PREDECESSORS - 2];
  int waiting;
  CUstream next; /* of the context */
};

struct CUctx_st {
  uint32_t magic;
  bool alive;
  int device; /* of the machine */
  unsigned int flags;
  uint64_t id;
  uint32_t peers;              /* devices whose memory its kernels reach: bit k is device k */
  sm_set on;                   /* its kernels run on these multiprocessors; empty: on any */
  struct CUgreenCtx_st *green; /* whose it is; NULL: it is none's */
  struct CUstream_st null_stream;
  CUstream streams; /* created ones */
  int created;      /* so many so far */
};

struct CUevent_st {
  uint32_t magic;
  unsigned int flags;
  bool recorded;
  uint64_t serial; /* of its marker; 0 once `time` is final */
  int64_t time;
  owner owner;
  CUevent next; /* of those that were destroyed */
};

/* ---- memory ---- */

typedef enum memory_kind { MEMORY_DEVICE, MEMORY_MANAGED, MEMORY_HOST, MEMORY_REGISTERED, MEMORY_MAPPED } memory_kind;

/* A live allocation. `version` changes with every write of the device or of a copy, and is unique in the process. */
typedef struct memory {
  uint64_t base;
  uint64_t bytes;
  int device;
  uint32_t reach; /* devices whose kernels may use it: bit k is device k */
  memory_kind kind;
  uint64_t version;
  uint64_t id;
  int users; /* queued work whose effect is still to come */
  unsigned int flags;
  struct block *block;
  CUcontext context;
} memory;

/* ---- work: the effect of an item ---- */

typedef enum work_state { WORK_DONE, WORK_QUEUED, WORK_RUNNING } work_state;

/* When the effect happens. The application sees memory while the kernel runs only through mapped host memory, so all
 * but the kernels that write there may be early. */
typedef enum work_time { WORK_EARLY, WORK_AT_BEGIN, WORK_AT_END } work_time;

struct kernel;

typedef struct launch {
  const struct kernel *kernel;
  uint64_t blocks;
  uint64_t threads; /* of a block */
  uint64_t argument[KERNEL_ARGUMENTS];
  int device;
  int64_t sms; /* multiprocessors that it may use */
  sm_set on;   /* these alone; empty: any */
} launch;

typedef struct copy {
  uint64_t to, from, bytes;
} copy;

typedef struct fill {
  uint64_t to, count;
  uint32_t value;
  int width;
} fill;

typedef struct host_call {
  gvb_host_function *function;
  void *argument;
} host_call;

typedef struct work {
  uint64_t serial;
  work_state state;
  work_time time;
  bool light;       /* cheaper than waking another thread: done by the thread that queues it */
  bool interactive; /* it waits for the application: only the timed thread does it */
  int cpu;          /* where it was queued */
  void (*run)(struct work *);
  bool (*step)(struct work *); /* in virtual time, of interactive work: one step; true: it has ended */
  union {
    launch launch;
    copy copy;
    fill fill;
    host_call host;
  };
  memory *touches[TOUCHES];
  CUevent event; /* whose marker it is */
} work;

/* ---- the process ---- */

typedef struct process {
  config config;
  char config_error[CONFIG_ERROR];
  bool configured; /* the machine's config could be read */
  double rate;     /* of compute, DRAM and L2: the machine's times this process's own */
  bool initialized;
  int visible;         /* devices that the application sees, by CUDA_VISIBLE_DEVICES */
  int device[DEVICES]; /* CUDA's ordinal -> the machine's number */
  machine *machine;
  uint64_t born; /* start time of this process */
  slot *slot;
  int contexts[DEVICES];
  atomic_int fault;   /* CUresult that every call answers from now on, 0 = none */
  atomic_bool told;   /* a call has answered it */
  atomic_bool faulty; /* a kernel is queued that raises one */
  /* as a client of an MPS server */
  pid_t server;    /* 0 = none */
  atomic_int lost; /* as `fault`, but no new context helps */
  uint64_t memory_limit[DEVICES];
  int64_t sms[DEVICES]; /* multiprocessors that it may use */
  sm_set on[DEVICES];   /* which, as a client with a static partition; empty: any */
  int queues;           /* of hardware, that its streams take in turn */
  uint64_t versions;
  pthread_mutex_t lock; /* over all that follows, and over memory, streams and events */
  pthread_cond_t progress;
  pthread_cond_t queued;
  pthread_cond_t timed_queued;
  bool threads_started;
  bool worker_sleeps;
  bool timed_sleeps;
  uint64_t done_first; /* all work before this serial is done */
  work works[QUEUE];
} process;

extern process gpu;

static inline const device_config *device_facts(int number) { return &gpu.config.device[number]; }

/* Loads the configuration once; initializes the machine's mapping and this process's slot. */
void process_configure(void);

/* What is wrong with the machine in a directory, "" if nothing is. */
const char *process_complaint(const char *directory);

/* The driver's functions by number, NULL after the last. */
const char *process_function(int index);
CUresult process_attach(void);

/* CUDA_SUCCESS if the calling thread has a living context, which *context then names (may be NULL). */
CUresult need_context(CUcontext *context);
/* The primary context of a green one, whose is all but its streams; of any other, itself. */
CUcontext context_root(CUcontext context);

/* Whose its things are. */
owner context_owner(CUcontext context);

/* Whether it was not destroyed meanwhile. */
bool owner_lives(const owner *o);

/* Whether two contexts may use each other's kernels, streams and events together. */
bool context_is(CUcontext one, CUcontext other);

/* For the next that is made: its handle stays one that was destroyed. gpu.lock is held. */
void stream_free(CUstream stream);
CUresult context_stream(CUstream handle, CUstream *stream);
CUresult stream_create(CUcontext context, CUstream *stream, unsigned int flags, int priority);
uint64_t context_new_id(void);

/* CUDA_SUCCESS if the application has a device of that ordinal; *number then is the machine's (may be NULL). */
CUresult need_device(CUdevice ordinal, int *number);

/* What the application calls a device of the machine; -1 if it does not see it. */
CUdevice device_ordinal(int number);

/* Finds the devices that the application sees: CUDA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER. */
void devices_look(void);

/* ---- implementations: emu_NAME does what the exported NAME answers ---- */

#define X(name, n, ...) CUresult emu_##name(GVB_P##n(__VA_ARGS__));
#include "../libgvb/cuda_functions.def"
#undef X

#endif
