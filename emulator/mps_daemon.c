/* The MPS control daemon: commands, and the server that it starts and ends. */
#include "mps_daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "mps.h"

enum { SIGNALS, LISTENER, FIRST, PLACES = FIRST + 64, BACKLOG = 64 };

static const char log_name[] = "control.log";
static const char lock_name[] = "gvb-lock";

static struct pollfd places[PLACES];
static int used = FIRST;
static const char *directory;
static double percentage = 100;
static bool partitioned;
static pid_t server; /* 0 = none */
static int to_server = -1, lock = -1;
static sigset_t before;

void note(const char *log, const char *format, ...) {
  const char *folder = getenv("CUDA_MPS_LOG_DIRECTORY");
  char path[512], line[MPS_RECORD + 64];
  if (!folder) return;
  snprintf(path, sizeof path, "%s/%s", folder, log);
  time_t now = time(NULL);
  struct tm local;
  size_t length = strftime(line, 64, "[%Y-%m-%d %H:%M:%S] ", localtime_r(&now, &local));
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + length, sizeof line - length - 1, format, arguments);
  va_end(arguments);
  strcat(line, "\n");
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (write(fd, line, strlen(line)) < 0) perror(path);
  close(fd);
}

static int listen_at(const char *name) {
  struct sockaddr_un address;
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (!mps_address(&address, directory, name) || fd < 0) return -1;
  unlink(address.sun_path); /* of a daemon that was killed: we have the lock */
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, BACKLOG) == 0) return fd;
  close(fd);
  return -1;
}

static void remove_socket(const char *name) {
  struct sockaddr_un address;
  if (mps_address(&address, directory, name)) unlink(address.sun_path);
}

/* ---- the server ---- */

static void forget_server(void) {
  note(log_name, "server %d ended", (int)server);
  close(to_server);
  server = 0;
  remove_socket(MPS_SERVER);
}

static void end_server(void) {
  if (!server) return;
  kill(server, SIGKILL); /* it keeps nothing that it could tidy */
  waitpid(server, NULL, 0);
  forget_server();
}

static void become_server(int listener, int from_daemon) {
  const char *limits = getenv("GVB_EMULATED_MPS_LIMITS");
  for (int k = 0; k < used; k++) close(places[k].fd);
  close(lock);
  sigprocmask(SIG_SETMASK, &before, NULL);
  server_run(listener, from_daemon, percentage, !limits || strcmp(limits, "ignored") != 0);
}

static bool start_server(void) {
  int ends[2], listener;
  if (server) return true;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  listener = listen_at(MPS_SERVER); /* before the fork: who is told of the server finds it */
  server = listener < 0 ? -1 : fork();
  if (server == 0) {
    close(ends[0]);
    become_server(listener, ends[1]);
  }
  close(ends[1]);
  if (listener >= 0) close(listener);
  if (server < 0) {
    close(ends[0]);
    server = 0;
    return false;
  }
  mps_be_impatient(ends[0], MPS_PATIENCE);
  to_server = ends[0];
  note(log_name, "server %d started", (int)server);
  return true;
}

static void ask_server(int pid, const char *question, char *reply) {
  if (pid != server || pid == 0)
    snprintf(reply, MPS_RECORD, "1there is no server %d\n", pid);
  else if (!mps_send(to_server, question) || !mps_receive(to_server, reply))
    snprintf(reply, MPS_RECORD, "1server %d does not answer\n", pid);
}

/* ---- commands ---- */

static void set_percentage(double wanted, char *reply) {
  if (!(wanted > 0 && wanted <= 100)) {
    snprintf(reply, MPS_RECORD, "1the percentage is %g, expected above 0 and at most 100\n", wanted);
    return;
  }
  percentage = wanted; /* of servers that start from now on */
  snprintf(reply, MPS_RECORD, "0%.1f\n", percentage);
}

static void start_server_of(unsigned int uid, char *reply) {
  if (uid != getuid())
    snprintf(reply, MPS_RECORD, "1this daemon serves user %u, not %u\n", (unsigned int)getuid(), uid);
  else
    strcpy(reply, start_server() ? "0" : "1the server cannot be started\n");
}

/* Returns false when the daemon shall end. */
static bool obey(const char *command, char *reply) {
  double wanted;
  unsigned int uid;
  int pid, client;
  char question[64];
  if (strcmp(command, "client") == 0) {
    strcpy(reply, !start_server() ? "1" : partitioned ? MPS_PARTITIONED : "0");
  } else if (partitions_obey(command, partitioned, reply)) {
    return true;
  } else if (strcmp(command, "get_default_active_thread_percentage") == 0) {
    snprintf(reply, MPS_RECORD, "0%.1f\n", percentage);
  } else if (sscanf(command, "set_default_active_thread_percentage %lf", &wanted) == 1) {
    set_percentage(wanted, reply);
  } else if (sscanf(command, "start_server -uid %u", &uid) == 1) {
    start_server_of(uid, reply);
  } else if (strcmp(command, "get_server_list") == 0) {
    snprintf(reply, MPS_RECORD, server ? "0%d\n" : "0", (int)server);
  } else if (sscanf(command, "get_client_list %d", &pid) == 1) {
    ask_server(pid, "list", reply);
  } else if (sscanf(command, "terminate_client %d %d", &pid, &client) == 2) {
    snprintf(question, sizeof question, "terminate %d", client);
    ask_server(pid, question, reply);
  } else if (strcmp(command, "quit") == 0) {
    strcpy(reply, "0");
    return false;
  } else {
    snprintf(reply, MPS_RECORD, "1the emulated MPS has no command '%.100s'\n", command);
  }
  return true;
}

/* ---- the daemon ---- */

static void leave(int k) {
  close(places[k].fd);
  places[k] = places[--used];
}

static bool serve(int k) {
  char command[MPS_RECORD], reply[MPS_RECORD];
  if (!mps_receive(places[k].fd, command)) {
    leave(k);
    return true;
  }
  note(log_name, "command: %s", command);
  bool go_on = obey(command, reply);
  if (!go_on) end_server();
  mps_send(places[k].fd, reply);
  return go_on;
}

static void welcome(void) {
  int fd = accept4(places[LISTENER].fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0 && used < PLACES)
    places[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
  else if (fd >= 0)
    close(fd);
}

/* Returns whether a signal ends the daemon. */
static bool signalled(void) {
  struct signalfd_siginfo what;
  if (read(places[SIGNALS].fd, &what, sizeof what) != sizeof what) return false;
  if (what.ssi_signo != SIGCHLD) return true;
  if (server && waitpid(server, NULL, WNOHANG) == server) forget_server();
  return false;
}

static void loop(void) {
  for (;;) {
    if (poll(places, (nfds_t)used, -1) < 0) continue;
    if (places[SIGNALS].revents && signalled()) return;
    for (int k = used - 1; k >= FIRST; k--)
      if (places[k].revents && !serve(k)) return;
    if (places[LISTENER].revents) welcome();
  }
}

static bool lock_directory(void) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", directory, lock_name);
  lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    printf("%s cannot be written: %s; set CUDA_MPS_PIPE_DIRECTORY to a directory of yours\n", path, strerror(errno));
    return false;
  }
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) return true; /* as long as we live */
  printf("an MPS control daemon already runs in %s: end it with `echo quit | nvidia-cuda-mps-control`\n", directory);
  return false;
}

static bool open_places(void) {
  sigset_t handled;
  sigemptyset(&handled);
  sigaddset(&handled, SIGTERM);
  sigaddset(&handled, SIGINT);
  sigaddset(&handled, SIGHUP);
  sigaddset(&handled, SIGCHLD);
  sigprocmask(SIG_BLOCK, &handled, &before);
  signal(SIGPIPE, SIG_IGN);
  places[SIGNALS] = (struct pollfd){.fd = signalfd(-1, &handled, SFD_CLOEXEC), .events = POLLIN};
  places[LISTENER] = (struct pollfd){.fd = listen_at(MPS_CONTROL), .events = POLLIN};
  return places[SIGNALS].fd >= 0 && places[LISTENER].fd >= 0;
}

int daemon_run(const char *where, bool background, bool partitions) {
  directory = where;
  partitioned = partitions;
  if (!lock_directory()) return 1;
  if (!open_places()) {
    printf("no socket can be made in %s: %s\n", directory, strerror(errno));
    return 1;
  }
  if (background && daemon(1, 0) != 0) return 1;
  note(log_name, "daemon %d started", (int)getpid());
  loop();
  end_server();
  remove_socket(MPS_CONTROL);
  note(log_name, "daemon %d ended", (int)getpid());
  return 0;
}
