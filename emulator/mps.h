/* How the emulated MPS and its clients talk: records of text over UNIX sockets in CUDA_MPS_PIPE_DIRECTORY.
 *
 * A program of the control daemon sends a command; the answer is '0' or '1', for success or failure, and what to
 * print. A driver sends "client", so that a server is there, where there are static partitions asks for its
 * own, "sm_partition get <device>/<name> <its pid>", answered by the first multiprocessor and their number, and then
 * connects to the server, which answers "accepted <server's pid> <default percentage> <whether limits hold>" or
 * "refused <CUresult>". The connection stays: each end knows by it when the other is gone. On it, a client tells of its
 * fatal fault, "fault <CUresult>", and the server passes that on to all, or ends a client with "fault 810". */
#ifndef GVB_EMULATOR_MPS_H
#define GVB_EMULATOR_MPS_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MPS_CONTROL "control" /* as the real one: who looks for a daemon finds it */
#define MPS_SERVER "gvb-server"
#define MPS_PARTITIONED "0partitions"

enum { MPS_CLIENTS = 48, MPS_RECORD = 4096, MPS_PATIENCE = 10 /* seconds */ };

static inline bool mps_address(struct sockaddr_un *address, const char *directory, const char *name) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", directory, name);
  return length > 0 && (size_t)length < sizeof address->sun_path;
}

/* A connection, or -1. */
static inline int mps_connect(const char *directory, const char *name) {
  struct sockaddr_un address;
  if (!mps_address(&address, directory, name)) return -1;
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static inline bool mps_send(int fd, const char *text) {
  return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* The next record; false when the other end is gone. */
static inline bool mps_receive(int fd, char text[MPS_RECORD]) {
  ssize_t n;
  do n = recv(fd, text, MPS_RECORD - 1, 0);
  while (n < 0 && errno == EINTR);
  text[n > 0 ? n : 0] = 0;
  return n > 0;
}

/* From here on, a receive that waits too long fails. */
static inline void mps_be_impatient(int fd, int seconds) {
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){seconds, 0}, sizeof(struct timeval));
}

#endif
