/* The emulated machine: what all processes that name the same directory share, mapped from its file `state`.
 *
 * Everything here is changed under one robust mutex. A process may die at any instant, also while it holds it: a slot
 * whose process is gone is emptied by whoever looks next, and what it changed of other slots and of devices is put back
 * unless it was complete (common_journal.h). Totals are sums over slots. */
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
  COPIES = 9,   /* of one process on their way at a time: on eight engines, and one between devices */
  CACHED = 64,  /* working sets that a device's L2 is known to hold: the oldest is forgotten */
  BUCKETS = 11, /* of busy time, for utilization: a second of whole ones, and the newest */
  BUCKET_NS = 100000000,
  REAP_INTERVAL = 20000000 /* ns between looks whether clients still live */
};

typedef enum engine { ENGINE_NONE, ENGINE_COMPUTE, ENGINE_H2D, ENGINE_D2H, ENGINE_PEER, ENGINES } engine;

enum {
  ITEM_AFTER_ALL = 1, /* waits for every earlier item of its process on its device */
  ITEM_WALL = 2,      /* ends `cost` after it began, however much of the device it got */
  ITEM_OPEN = 4,      /* has no end yet; its process will give it one */
  ITEM_CLOCKED = 8    /* its rate follows the multiprocessors' clock */
};

/* Of one device: what a copy crosses on its way. Port 0 is none. */
typedef enum port_kind { PORT_H2D = 1, PORT_D2H, PORT_OUT, PORT_IN, PORTS } port_kind;
enum { CROSSED = 2 };

typedef enum phase { PHASE_WAITING, PHASE_CURRENT, PHASE_DONE } phase;

/* What a kernel moves, beside its cost. Of one that only computes, all is zero. Durations are those of the kernel
 * alone, with all of its share, and hold what it takes to start. It goes through its working set in one order, again
 * and again: common_cache.c. */
typedef struct traffic {
  int64_t compute;  /* duration of its arithmetic */
  int64_t hit;      /* of its accesses, if L2 serves all of them */
  int64_t miss;     /* of its accesses, if DRAM does */
  double bytes;     /* that its accesses move */
  double writes;    /* the part of them that are written */
  uint64_t base;    /* names its working set, within its process */
  double set;       /* bytes of that; 0 = none, nothing is read again */
  double passes;    /* over it */
  double uncounted; /* the part of its cost before `tally` begins */
  bool waits;       /* one access after the other: latency counts, not bandwidth */
  double knee;      /* the part of its share with which it draws what it can from DRAM */
} traffic;

/* How the accesses of a kernel were served so far; weights are its service. */
typedef struct tally {
  double hits, misses;
  double hit_load, miss_load; /* times the factor by which load stretched them */
} tally;

/* One operation on the device's modelled timeline. Times are the machine's, in nanoseconds. */
typedef struct item {
  uint64_t serial; /* from 1, per process */
  int32_t device;
  engine engine;
  uint32_t flags;
  int64_t arrive;   /* it cannot begin earlier */
  int64_t cost;     /* service that it needs, at the full rate */
  double share;     /* of the multiprocessors that it can use */
  uint32_t party;   /* of a process: its green context; 0 = none, EVERY_PARTY is nobody's */
  sm_set on;        /* it runs on these alone; empty: on any */
  double room;      /* with a set: its part of the multiprocessors */
  double wave;      /* of cost: when so much more is done, it lets go of its multiprocessors; 0 = at any time */
  int32_t priority; /* the lower number goes first */
  int32_t queue;    /* of hardware, of the compute engine */
  traffic moves;
  uint64_t after[PREDECESSORS];
  int32_t fault; /* CUresult that its end raises; 0 = none */
  /* of a copy: what it crosses, from machine_port; its share is of these */
  int32_t port[CROSSED];
  int64_t estimate; /* scratch of prediction */
  uint64_t noted;
  /* from here on noted: note_item */
  phase phase;
  int32_t lost;               /* a fault came before its end: it has no effect */
  double hits;                /* the part of its accesses that L2 serves now */
  double goal;                /* and after this pass */
  double mark;                /* `left` at which that, or the beginning of the tally, is due */
  double hit_load, miss_load; /* factors of load on the latency, now */
  tally tally;
  double left;   /* of cost */
  double got;    /* share that it was given when its process had the engine last */
  double rate;   /* of service, now */
  int64_t begin; /* NEVER until it was served */
  int64_t end;
} item;

/* A fatal fault as the process that it reaches sees it. */
typedef struct strike {
  int32_t code;    /* CUresult, 0 = none */
  int32_t raised;  /* by an item, and still to be handed on */
  int64_t at;      /* calls answer it from then on */
  uint64_t newest; /* item that raises one */
} strike;

typedef struct span {
  int64_t begin, end;
} span;

/* What one process has on one device. */
typedef struct seat {
  bool context;
  bool client;        /* it has one; in virtual time, or it had one since the last common start */
  uint64_t used;      /* device memory, with the context's */
  double part;        /* of the multiprocessors that its grids may use together */
  span served[SPANS]; /* times without a break on the compute engine: number n at served[n % SPANS] */
  uint64_t noted;
  /* from here on noted: note_seat */
  uint64_t oldest;       /* no item of this device before it is undone: see slot_oldest */
  int64_t last_end;      /* of any item */
  uint64_t copy[COPIES]; /* on their way */
  int copies;
  uint64_t grid[GRIDS]; /* of the compute engine, in the order in which they came there */
  int grids;
  bool at_work;             /* some grid is being served */
  int64_t waiting[ENGINES]; /* items that are not yet current; the compute engine's are in `queued` */
  int64_t queued[HARDWARE_QUEUES];
  int64_t busy[BUCKETS]; /* compute time per bucket */
  uint64_t spans;        /* served so far */
} seat;

typedef struct slot {
  pid_t pid;      /* 0 = free */
  uint64_t born;  /* start time of the process, so that a reused pid is not taken for it */
  uint64_t order; /* of attachment to the machine */
  int64_t rank;   /* in a common start: turns are taken in its order, and in that of slots among equals */
  pid_t server;   /* of MPS, whose client it is; 0 = none */
  int64_t late_ns;
  /* queue: items first..head, at items[serial % QUEUE] */
  uint64_t head; /* newest item, 0 = none */
  uint64_t noted;
  uint64_t first; /* oldest item that is not done; from here to `strike` noted: note_slot */
  strike strike;
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
  bool looks;    /* it waits for what the schedule foretold: see machine_stir */
  uint32_t turn; /* a futex: counts its turns */
} actor;

/* How busy a device's multiprocessors were: the integral of their busy part over time, in ns. */
typedef struct account {
  int64_t until;
  double busy;
  double passed[BUCKETS]; /* at the end of each of the newest buckets of time */
} account;

/* What the L2 of a device holds of one working set. */
typedef struct cached {
  uint64_t owner; /* `order` of the process; 0 = free */
  int l2;         /* which one holds it */
  uint64_t base;
  bool in_use; /* by a grid at work */
  double bytes;
  double hits;     /* the part of an access to it that finds its line */
  double resident; /* bytes that it fills */
  double since;    /* bytes that others brought in since it was used last */
  uint64_t stamp;
} cached;

/* The engines of one device or MIG instance. */
typedef struct device {
  uint64_t noted;
  /* from here on noted: note_device */
  int owner; /* slot that has the compute engine under time slicing, -1 = none */
  int last;  /* slot that had it last, also before a common start: what is in L2 is its */
  int64_t slice_end;
  int64_t switch_end;
  int64_t bucket; /* number of the newest bucket of busy time */
  int64_t busy[BUCKETS];
  double busy_part; /* of the multiprocessors, in the newest step; of an instance: its device's */
  account account[2];
  int32_t account_now; /* which of them counts */
  uint64_t l2_noted;
  /* from here on noted: note_l2 */
  uint64_t uses; /* of L2: the newest stamp */
  cached l2[CACHED];
} device;

/* What a step of the schedule has changed so far: see common_journal.h. Each part of a slot or device is noted once,
 * and what is never noted of them is larger than the labels of the notes. */
typedef struct journal {
  uint64_t number; /* of the newest step */
  uint64_t used;   /* bytes of `notes`; 0 between steps */
  unsigned char notes[sizeof(slot) * MACHINE_SLOTS + 2 * sizeof(device) * DEVICES];
} journal;

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
  int64_t now;      /* virtual time */
  uint32_t stirred; /* a futex: counts what may end work sooner than the schedule foretold */
  int cast;         /* no actor in use from here on */
  actor actors[ACTORS];
  slot slots[MACHINE_SLOTS];
  journal journal; /* hardly any of it is ever touched */
} machine;

/* Maps the machine's state, creating it when this is its first process. NULL and a sentence on failure. */
machine *machine_open(const config *c, char *error);

void machine_lock(machine *m);
void machine_unlock(machine *m);

/* The rest is called with the lock held. */

/* Takes a free slot for this process; NULL if there is none. */
slot *machine_attach(machine *m);
void machine_detach(machine *m, slot *s);

/* At a common start: who was a client before it, and is none now, does not count any more. */
void machine_forget(machine *m);

/* Work was taken off the devices, got its end or will raise a fault: what others wait for may end sooner than they were
 * told. Whoever waits for that looks again, at once. */
void machine_stir(machine *m);

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
static inline int machine_port(int device, port_kind kind) { return device * PORTS + (int)kind; }
static inline int slot_index(const machine *m, const slot *s) { return (int)(s - m->slots); }

#endif
