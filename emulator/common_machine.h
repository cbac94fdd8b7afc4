/* The emulated machine: what all processes that name the same directory share, mapped from its file `state`.
 *
 * Everything here is changed under one robust mutex. A process may die at any instant, also while it holds it, so
 * nothing is stored that could not be derived again from the slots: totals are sums over slots, and a slot whose
 * process is gone is emptied by whoever takes the lock next. */
#ifndef GVB_EMULATOR_MACHINE_H
#define GVB_EMULATOR_MACHINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common_config.h"
#include "common_sets.h"

enum {
  MACHINE_SLOTS = 64,
  DEVICES = CONFIG_DEVICES,
  ACTORS = 2 * MACHINE_SLOTS,
  QUEUE = 1024,         /* items in flight of one process: the depth of the launch queue */
  PREDECESSORS = 6,     /* of one item, beside the flag AFTER_ALL */
  HARDWARE_QUEUES = 32, /* between one process and the device, at most */
  GRIDS = 128,  /* kernels of one process on the device at a time: resident grids since compute capability 7.0 */
  SPANS = 512,  /* of one process on the compute engine: the newest are remembered */
  BUCKETS = 10, /* of busy time, for utilization */
  BUCKET_NS = 100000000,
  REAP_INTERVAL = 20000000 /* ns between looks whether clients still live */
};

typedef enum engine { ENGINE_NONE, ENGINE_COMPUTE, ENGINE_H2D, ENGINE_D2H, ENGINE_PEER, ENGINES } engine;

enum {
  ITEM_AFTER_ALL = 1, /* waits for every earlier item of its process on its device */
  ITEM_WALL = 2,      /* ends `cost` after it began, however much of the device it got */
  ITEM_OPEN = 4       /* has no end yet; its process will give it one */
};

typedef enum phase { PHASE_WAITING, PHASE_CURRENT, PHASE_DONE } phase;

/* One operation on the device's modelled timeline. Times are the machine's, in nanoseconds. */
typedef struct item {
  uint64_t serial; /* from 1, per process */
  int32_t device;
  engine engine;
  uint32_t flags;
  phase phase;
  int64_t arrive;   /* it cannot begin earlier */
  int64_t cost;     /* service that it needs, at the full rate */
  double share;     /* of the multiprocessors that it can use */
  uint32_t party;   /* of a process: its green context; 0 = none, EVERY_PARTY is nobody's */
  sm_set on;        /* it runs on these alone; empty: on any */
  double room;      /* with a set: its part of the multiprocessors */
  double wave;      /* of cost: when so much more is done, it lets go of its multiprocessors; 0 = at any time */
  int32_t priority; /* the lower number goes first */
  int32_t queue;    /* of hardware, of the compute engine */
  double left;      /* of cost */
  double got;       /* share that it was given when its process had the engine last */
  double rate;      /* of service, now */
  int64_t begin;    /* NEVER until it was served */
  int64_t end;
  int64_t estimate; /* scratch of prediction */
  uint64_t after[PREDECESSORS];
} item;

typedef struct span {
  int64_t begin, end;
} span;

/* What one process has on one device. */
typedef struct seat {
  bool context;
  uint64_t used;             /* device memory, with the context's */
  uint64_t oldest;           /* no item of this device before it is undone: see slot_oldest */
  int64_t last_end;          /* of any item */
  uint64_t current[ENGINES]; /* of the copy engines */
  uint64_t grid[GRIDS];      /* of the compute engine, in the order in which they came there */
  int grids;
  bool at_work;             /* some grid is being served */
  double part;              /* of the multiprocessors that its grids may use together */
  int64_t waiting[ENGINES]; /* items that are not yet current; the compute engine's are in `queued` */
  int64_t queued[HARDWARE_QUEUES];
  int64_t busy[BUCKETS]; /* compute time per bucket */
  uint64_t spans;        /* times without a break on the compute engine so far, at served[n % SPANS] */
  span served[SPANS];
} seat;

typedef struct slot {
  pid_t pid;      /* 0 = free */
  uint64_t born;  /* start time of the process, so that a reused pid is not taken for it */
  uint64_t order; /* of attachment to the machine */
  int64_t rank;   /* in a common start: turns are taken in its order, and in that of slots among equals */
  pid_t server;   /* of MPS, whose client it is; 0 = none */
  int64_t late_ns;
  /* queue: items first..head, at items[serial % QUEUE] */
  uint64_t first; /* oldest item that is not done */
  uint64_t head;  /* newest item, 0 = none */
  seat seats[DEVICES];
  item items[QUEUE];
} slot;

/* A thread that virtual time knows: see driver_clock.h. */
typedef enum stand { ACTOR_FREE, ACTOR_STARTS, ACTOR_WAITS, ACTOR_RUNS } stand;
typedef enum role { ROLE_LEADER, ROLE_FOLLOWER, ROLE_CALL } role;

typedef struct actor {
  pid_t pid;
  uint64_t born;
  stand stand;
  role role;
  int64_t until; /* while it waits: it goes on then */
  int64_t rank;  /* among those that go on at one instant */
  uint32_t turn; /* a futex: counts its turns */
} actor;

/* The engines of one device or MIG instance. */
typedef struct device {
  int owner; /* slot that has the compute engine under time slicing, -1 = none */
  int64_t slice_end;
  int64_t switch_end;
  int link;                  /* the device whose copy engines it uses: an instance, its parent's */
  int64_t copy_end[ENGINES]; /* the copy engines: when the running copy ends */
  int copy_slot[ENGINES];    /* whose it is, -1 = idle */
  int copy_unit[ENGINES];    /* on which device or instance */
  int64_t bucket;            /* number of the newest bucket of busy time */
  int64_t busy[BUCKETS];
} device;

typedef struct machine {
  uint64_t magic;
  uint32_t version;
  uint32_t size;
  pthread_mutex_t lock;
  int64_t created;
  uint64_t attached; /* processes so far */
  uint64_t orphaned; /* times that the holder of the lock had died */
  int64_t reaped;    /* when slots were last examined */
  int top;           /* no slot from here on is in use; they are large, and loops need not touch them */
  int64_t time;      /* the schedule has been computed up to it */
  int devices;
  device device[DEVICES];
  int64_t now; /* virtual time */
  int cast;    /* no actor in use from here on */
  actor actors[ACTORS];
  slot slots[MACHINE_SLOTS];
} machine;

/* Maps the machine's state, creating it when this is its first process. NULL and a sentence on failure. */
machine *machine_open(const config *c, char *error);

void machine_lock(machine *m);
void machine_unlock(machine *m);

/* The rest is called with the lock held. */

/* Takes a free slot for this process; NULL if there is none. */
slot *machine_attach(machine *m);
void machine_detach(machine *m, slot *s);

/* Start time of a process in clock ticks; 0 when there is none or only its zombie. */
uint64_t process_born(pid_t pid);

/* Empties the slots of processes that are gone. */
void machine_reap(machine *m);
/* The same, at most each REAP_INTERVAL of the host's time. */
void machine_reap_sometimes(machine *m, int64_t now);

/* Memory of one device that is taken. */
uint64_t machine_used(const machine *m, int device);

static inline const slot *slots_end(const machine *m) { return m->slots + m->top; }
static inline item *slot_item(slot *s, uint64_t serial) { return &s->items[serial % QUEUE]; }
static inline int slot_index(const machine *m, const slot *s) { return (int)(s - m->slots); }

#endif
