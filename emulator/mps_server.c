/* The MPS server: who its clients are, and what they share when one faults. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "mps.h"
#include "mps_daemon.h"

enum { DAEMON, LISTENER, FIRST, PLACES = FIRST + MPS_CLIENTS };

static const char log_name[] = "server.log";
static const int no_room = 808, not_ready = 807, terminated = 810; /* CUresult */

static struct pollfd places[PLACES];
static pid_t pids[PLACES];
static int used = FIRST;
static bool faulted; /* until the clients that it reached are gone */

static void leave(int k) {
  note(log_name, "client %d left", (int)pids[k]);
  close(places[k].fd);
  used--;
  places[k] = places[used];
  pids[k] = pids[used];
  if (used == FIRST) faulted = false;
}

static void refuse(int fd, int code) {
  char text[32];
  snprintf(text, sizeof text, "refused %d", code);
  mps_send(fd, text);
  close(fd);
}

static void welcome(int fd, double percentage, bool limits) {
  char text[64];
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || used == PLACES) {
    refuse(fd, no_room);
    return;
  }
  if (faulted) {
    refuse(fd, not_ready);
    return;
  }
  snprintf(text, sizeof text, "accepted %d %f %d", (int)getpid(), percentage, limits);
  mps_send(fd, text);
  places[used] = (struct pollfd){.fd = fd, .events = POLLIN};
  pids[used++] = peer.pid;
  note(log_name, "client %d entered", (int)peer.pid);
}

/* What a client says is a fault, and every client gets it. */
static void hear(int k) {
  char text[MPS_RECORD];
  if (!mps_receive(places[k].fd, text)) {
    leave(k);
    return;
  }
  faulted = true;
  note(log_name, "client %d: %s", (int)pids[k], text);
  for (int each = FIRST; each < used; each++) mps_send(places[each].fd, text);
}

static void list(char *text) {
  int length = snprintf(text, MPS_RECORD, "0");
  for (int k = FIRST; k < used; k++)
    length += snprintf(text + length, MPS_RECORD - (size_t)length, "%d\n", (int)pids[k]);
}

static void terminate(pid_t pid, char *text) {
  char fault[32];
  snprintf(text, MPS_RECORD, "1the server has no client %d\n", (int)pid);
  snprintf(fault, sizeof fault, "fault %d", terminated);
  for (int k = FIRST; k < used; k++)
    if (pids[k] == pid && mps_send(places[k].fd, fault)) strcpy(text, "0");
}

static void answer(int daemon) {
  char text[MPS_RECORD];
  int pid;
  if (!mps_receive(daemon, text)) _exit(0); /* without its daemon it ends */
  if (sscanf(text, "terminate %d", &pid) == 1)
    terminate((pid_t)pid, text);
  else
    list(text);
  mps_send(daemon, text);
}

void server_run(int listener, int daemon, double percentage, bool limits) {
  prctl(PR_SET_NAME, "cuda-mps-server");
  signal(SIGPIPE, SIG_IGN);
  places[DAEMON] = (struct pollfd){.fd = daemon, .events = POLLIN};
  places[LISTENER] = (struct pollfd){.fd = listener, .events = POLLIN};
  for (;;) {
    if (poll(places, (nfds_t)used, -1) < 0) continue;
    for (int k = used - 1; k >= FIRST; k--) /* backwards: the last one takes the place of one that left */
      if (places[k].revents) hear(k);
    if (places[DAEMON].revents) answer(daemon);
    int fd = places[LISTENER].revents ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (fd >= 0) welcome(fd, percentage, limits);
  }
}
