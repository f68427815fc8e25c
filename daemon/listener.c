/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listener. Holds the listening sockets, certificate and key, and counters
 * for each network; answers new connections by forking a session. Must never
 * read from a connection: the first byte of every client is read by a process
 * of its own.
 *
 * A plain ppoll() loop: an event library's base does not survive in a forked
 * child without harm to its parent.
 */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "listener_private.h"
#include "log.h"
#include "mem.h"
#include "monotonic.h"
#include "proc.h"

#define LISTENER_ACCEPT_MAX 16  /* accepted from one socket in one turn */
#define LISTENER_PAUSE_MS   200 /* after descriptors or processes ran out */

/* How a dead client is found out below TLS: 60 s + 3 * 20 s of silence. */
#define LISTENER_KEEPALIVE_S          60
#define LISTENER_KEEPALIVE_INTERVAL_S 20
#define LISTENER_KEEPALIVE_PROBES     3

static volatile sig_atomic_t child_ended;

static void
on_child(int number)
{
	child_ended = 1;
}

/* ---- new connections -------------------------------------------------- */

void
newcomer_drop(struct newcomer *newcomer)
{
	close(newcomer->client);
	close(newcomer->hub);
}

static void
pause_accepting(struct listener *l)
{
	l->paused_until_ms = monotonic_ms() + LISTENER_PAUSE_MS;
}

/*
 * No descriptor is left: the waiting connection would wake us for ever. The
 * reserve makes room to take it and send it away.
 */
static void
shed(struct listener *l, int listening)
{
	int fd;

	log_error("out of descriptors: a connection is sent away");
	if (l->reserve >= 0)
		close(l->reserve);
	fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	l->reserve = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	pause_accepting(l);
}

/* Why this network may not connect now; NULL: it may. */
static const char *
objection(const struct listener *l, const struct network *network)
{
	if (l->connections >= l->max_connections)
		return "max-connections is reached";
	if (penalties_connections(l->penalties, network) >= l->max_per_address)
		return "max-connections-per-address is reached";
	if (penalties_left_ms(l->penalties, network, monotonic_ms()) > 0)
		return "it has misbehaved lately";
	return NULL;
}

static void
tune(int fd)
{
	const int on = 1, idle = LISTENER_KEEPALIVE_S,
		  interval = LISTENER_KEEPALIVE_INTERVAL_S,
		  probes = LISTENER_KEEPALIVE_PROBES;

	/* small frames leave at once; a dead peer is found out in the end */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

/* Offers the newcomer to the hub, then to a process of its own. */
static void
admit(struct listener *l)
{
	Kith__Ipc__ListenerToHub message = KITH__IPC__LISTENER_TO_HUB__INIT;
	Kith__Ipc__ListenerToHub__NewSession session =
	    KITH__IPC__LISTENER_TO_HUB__NEW_SESSION__INIT;
	const struct ipc_descriptors descriptors = { .count = 1,
		.fd = { l->newcomer_peer } };
	enum kith_code code;

	session.address = l->newcomer.address;
	message.body_case = KITH__IPC__LISTENER_TO_HUB__BODY_NEW_SESSION;
	message.new_session = &session;
	code = ipc_send(l->hub, &message.base, &descriptors);
	l->waits_for_hub = code == KITH_BUSY;
	if (l->waits_for_hub)
		return;
	close(l->newcomer_peer);
	if (code == KITH_OK)
		code = workers_serve(l, &l->newcomer);
	if (code != KITH_OK) {
		newcomer_drop(&l->newcomer);
		pause_accepting(l);
	}
}

static bool
welcome(struct listener *l, int client, const struct sockaddr_storage *from)
{
	struct newcomer *n = &l->newcomer;
	const struct sockaddr *any = (const struct sockaddr *)from;
	const void *bytes = from->ss_family == AF_INET
	    ? (const void *)&((const struct sockaddr_in *)from)->sin_addr
	    : (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr;
	const char *why;
	int pair[2];

	n->network = network_of(any);
	inet_ntop(from->ss_family, bytes, n->address, sizeof(n->address));
	why = objection(l, &n->network);
	if (why != NULL) {
		log_info(
		    "a connection from %s is sent away: %s", n->address, why);
		return false;
	}
	if (ipc_pair(pair, NULL) != KITH_OK) {
		log_error("out of descriptors: a connection is sent away");
		pause_accepting(l);
		return false;
	}
	tune(client);
	n->client = client;
	n->hub = pair[0];
	l->newcomer_peer = pair[1];
	admit(l);
	return true;
}

/* Can a connection be taken now? */
static bool
accepts(const struct listener *l)
{
	return l->hub >= 0 && !l->waits_for_hub &&
	    monotonic_ms() >= l->paused_until_ms;
}

static void
accept_some(struct listener *l, int listening)
{
	int i;

	for (i = 0; i < LISTENER_ACCEPT_MAX && accepts(l); i++) {
		struct sockaddr_storage from;
		socklen_t length = sizeof(from);
		int client = accept4(listening, (struct sockaddr *)&from,
		    &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			if (!welcome(l, client, &from))
				close(client);
		} else if (errno == EMFILE || errno == ENFILE) {
			shed(l, listening);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno == ENOBUFS || errno == ENOMEM) {
			pause_accepting(l);
		}
		/* else that connection has failed already: the next */
	}
}

/* ---- loop ------------------------------------------------------------- */

struct watch {
	struct pollfd *fds;
	size_t count, capacity;
	size_t hub; /* index of the hub's, 0: not watched */
	size_t listening, listening_count;
	size_t handovers; /* index of the first */
	int *pids;        /* whose handover, from that index on */
};

static void
watch_add(struct watch *w, int fd, short events, int pid)
{
	if (w->count == w->capacity) {
		w->capacity = w->capacity > 0 ? 2 * w->capacity : 32;
		w->fds = mem_resize(w->fds, w->capacity, sizeof(*w->fds));
		w->pids = mem_resize(w->pids, w->capacity, sizeof(*w->pids));
	}
	w->fds[w->count].fd = fd;
	w->fds[w->count].events = events;
	w->fds[w->count].revents = 0;
	w->pids[w->count] = pid;
	w->count++;
}

static void
watch_fill(struct watch *watch, const struct listener *l)
{
	struct worker *w, *next;
	size_t i;

	watch->count = 0;
	watch->hub = 0;
	watch_add(watch, PROC_CHANNEL_FD, POLLIN, 0);
	if (l->hub >= 0) {
		watch->hub = watch->count;
		watch_add(watch, l->hub,
		    (l->answer == NULL ? POLLIN : POLLOUT) |
			(l->waits_for_hub ? POLLOUT : 0),
		    0);
	}
	watch->listening = watch->count;
	for (i = 0; i < l->listening_count && accepts(l); i++)
		watch_add(watch, l->listening[i], POLLIN, 0);
	watch->handovers = watch->count;
	HASH_ITER (hh, l->workers, w, next) {
		if (w->handover >= 0)
			watch_add(watch, w->handover, POLLIN, w->pid);
	}
}

static void
hear_workers(struct listener *l, const struct watch *watch)
{
	size_t i;

	for (i = watch->handovers; i < watch->count; i++) {
		struct worker *w;

		if (watch->fds[i].revents == 0)
			continue;
		HASH_FIND_INT(l->workers, &watch->pids[i], w);
		if (w != NULL && w->handover == watch->fds[i].fd)
			workers_hear(l, w);
	}
}

static void
turn(struct listener *l, struct watch *watch, const sigset_t *waiting)
{
	/* only a pause needs to end by itself */
	struct timespec limit = { .tv_nsec = LISTENER_PAUSE_MS * 1000000L };
	bool paused = monotonic_ms() < l->paused_until_ms;
	size_t i;

	watch_fill(watch, l);
	if (ppoll(watch->fds, watch->count,
		paused || l->refresh_wanted ? &limit : NULL, waiting) < 0) {
		for (i = 0; i < watch->count; i++)
			watch->fds[i].revents = 0;
		if (errno != EINTR)
			log_fatal("cannot wait: %s", strerror(errno));
	}
	if (child_ended) {
		child_ended = 0;
		workers_reap(l);
	}
	hear_workers(l, watch);
	if (watch->hub > 0 && watch->fds[watch->hub].revents != 0)
		listener_hear_hub(l);
	if (watch->hub > 0 && l->hub >= 0 && l->waits_for_hub &&
	    (watch->fds[watch->hub].revents & POLLOUT) != 0)
		admit(l);
	for (i = watch->listening; i < watch->handovers; i++)
		if (watch->fds[i].revents != 0)
			accept_some(l, watch->fds[i].fd);
	if (watch->fds[0].revents != 0)
		listener_hear_parent(l);
	if (l->refresh_wanted)
		listener_hand_over(l);
}

int
listener_main(void)
{
	struct listener l = { .hub = -1 };
	struct watch watch = { .fds = NULL };
	struct sigaction action = { .sa_handler = on_child };
	struct fault fault = { .code = KITH_OK };
	sigset_t blocked, waiting;

	/* SIGCHLD arrives only while ppoll() waits */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	sigdelset(&waiting, SIGCHLD);
	sigaction(SIGCHLD, &action, NULL);
	log_listen(listener_tell_notice, NULL);
	l.penalties = penalties_new();
	l.reserve = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (tls_random_reseed(&fault) != KITH_OK)
		log_fatal("%s", fault.sentence);
	for (;;)
		turn(&l, &watch, &waiting);
}
