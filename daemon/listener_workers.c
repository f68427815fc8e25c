/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listener's processes: forking them, handing connections over, and
 * learning from their end. A process for one connection and a shared one run
 * the same code (session_process.c); they differ in how a connection arrives.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "listener_private.h"
#include "log.h"
#include "mem.h"
#include "monotonic.h"
#include "proc.h"

#define WORKERS_FD_CLEAR  16    /* above every descriptor with a fixed place */
#define WORKERS_STATE_MAX 1500u /* rows of each kind in one handover */

/* ---- counting --------------------------------------------------------- */

static void
add_client(struct listener *l, struct worker *w, uint64_t id,
    const struct network *network, const char *address)
{
	struct client *c = MEM_NEW(struct client);

	c->id = id;
	c->network = *network;
	c->since_ms = monotonic_ms();
	snprintf(c->address, sizeof(c->address), "%s", address);
	LL_PREPEND(w->clients, c);
	w->count++;
	l->connections++;
	penalties_connected(l->penalties, network);
}

static void
remove_client(struct listener *l, struct worker *w, struct client *c)
{
	penalties_disconnected(l->penalties, &c->network);
	LL_DELETE(w->clients, c);
	free(c);
	w->count--;
	l->connections--;
}

static struct worker *
add_worker(struct listener *l, pid_t pid, int handover)
{
	struct worker *w = MEM_NEW(struct worker);

	w->pid = (int)pid;
	w->handover = handover;
	HASH_ADD_INT(l->workers, pid, w);
	return w;
}

static void
penalise(struct listener *l, const struct client *c, bool crashed,
    enum session_outcome outcome)
{
	int64_t cost_ms = penalties_add(
	    l->penalties, &c->network, crashed, outcome, monotonic_ms());

	if (cost_ms > 0)
		log_debug("%s has a penalty of %lld s", c->address,
		    (long long)(cost_ms / 1000));
}

/* ---- forking ---------------------------------------------------------- */

/*
 * In the child: descriptors to their places, everything else away. Nothing of
 * the listener is used from here on but its TLS configuration.
 */
static void
become_session(struct listener *l, const int *keep, int count, bool shared,
    const char *address)
{
	struct session_process process = { .config = l->config,
		.sandbox = l->sandbox,
		.limits = l->limits,
		.shared = shared,
		.address = address };
	sigset_t none;
	int high[2] = { -1, -1 };
	int i, above;

	for (i = 0; i < count; i++)
		high[i] = fcntl(keep[i], F_DUPFD_CLOEXEC, WORKERS_FD_CLEAR);
	for (i = 0; i < count; i++)
		if (high[i] < 0 || dup2(high[i], 3 + i) < 0)
			_exit(SESSION_BROKEN);
	above = sandbox_hold(l->sandbox, 3 + count);
	if (syscall(SYS_close_range, above, ~0U, 0) != 0)
		closefrom(above);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	proc_name("kithd-session", KITH__IPC__ROLE__ROLE_SESSION);
	_exit(session_process_run(&process));
}

static enum kith_code
fork_failed(void)
{
	log_error("cannot start a session: %s", strerror(errno));
	return KITH_BUSY;
}

static enum kith_code
serve_alone(struct listener *l, struct newcomer *n)
{
	const int keep[2] = { n->client, n->hub };
	struct worker *w;
	pid_t pid = fork();

	if (pid == 0)
		become_session(l, keep, 2, false, n->address);
	if (pid < 0)
		return fork_failed();
	w = add_worker(l, pid, -1);
	add_client(l, w, 0, &n->network, n->address);
	newcomer_drop(n);
	return KITH_OK;
}

/* ---- shared processes ------------------------------------------------- */

static struct worker *
start_shared(struct listener *l)
{
	struct fault fault = { .code = KITH_OK };
	int pair[2];
	pid_t pid;

	if (ipc_pair(pair, &fault) != KITH_OK) {
		log_error("%s", fault.sentence);
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		become_session(l, &pair[1], 1, true, "");
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		fork_failed();
		return NULL;
	}
	return add_worker(l, pid, pair[0]);
}

static struct worker *
find_room(struct listener *l)
{
	struct worker *w, *next;

	HASH_ITER (hh, l->workers, w, next) {
		if (w->handover >= 0 && w->count < l->sessions_per_process)
			return w;
	}
	return NULL;
}

/* Closing its channel is how a shared process learns that it may end. */
static void
close_handover(struct worker *w)
{
	if (w->handover >= 0)
		close(w->handover);
	w->handover = -1;
}

/* A process that takes no more (it has no descriptor left) has closed its
 * channel, perhaps a moment ago: then another one is asked. */
static enum kith_code
hand_over(struct listener *l, const Kith__Ipc__ListenerToSession *message,
    const struct ipc_descriptors *descriptors, struct worker **worker_r)
{
	enum kith_code code;

	do {
		struct worker *w = find_room(l);

		if (w == NULL)
			w = start_shared(l);
		if (w == NULL)
			return KITH_BUSY;
		code = ipc_send(w->handover, &message->base, descriptors);
		if (code == KITH_CLOSED)
			close_handover(w);
		else
			*worker_r = w;
	} while (code == KITH_CLOSED);
	return code;
}

static enum kith_code
serve_shared(struct listener *l, struct newcomer *n)
{
	Kith__Ipc__ListenerToSession message =
	    KITH__IPC__LISTENER_TO_SESSION__INIT;
	Kith__Ipc__ListenerToSession__Take take =
	    KITH__IPC__LISTENER_TO_SESSION__TAKE__INIT;
	const struct ipc_descriptors descriptors = { .count = 2,
		.fd = { n->client, n->hub } };
	struct worker *w = NULL;

	take.id = ++l->last_id;
	take.address = n->address;
	message.body_case = KITH__IPC__LISTENER_TO_SESSION__BODY_TAKE;
	message.take = &take;
	if (hand_over(l, &message, &descriptors, &w) != KITH_OK)
		return KITH_BUSY;
	add_client(l, w, take.id, &n->network, n->address);
	newcomer_drop(n);
	return KITH_OK;
}

enum kith_code
workers_serve(struct listener *l, struct newcomer *newcomer)
{
	return l->sessions_per_process > 1 ? serve_shared(l, newcomer)
					   : serve_alone(l, newcomer);
}

bool
workers_hear(struct listener *l, struct worker *w)
{
	ProtobufCMessage *any = NULL;
	Kith__Ipc__SessionToListener *m;
	struct client *c, *next;
	enum kith_code code = ipc_receive(w->handover,
	    &kith__ipc__session_to_listener__descriptor, &any, NULL);

	if (code == KITH_AGAIN)
		return true;
	if (code != KITH_OK) {
		close_handover(w);
		return false;
	}
	m = (Kith__Ipc__SessionToListener *)any;
	if (m->body_case == KITH__IPC__SESSION_TO_LISTENER__BODY_ENDED) {
		LL_FOREACH_SAFE(w->clients, c, next)
		{
			if (c->id != m->ended->id)
				continue;
			penalise(l, c, false,
			    (enum session_outcome)m->ended->outcome);
			remove_client(l, w, c);
		}
	}
	ipc_message_free(&any);
	if (w->count == 0)
		close_handover(w);
	return w->handover >= 0;
}

void
workers_retire(struct listener *l)
{
	struct worker *w, *next;

	HASH_ITER (hh, l->workers, w, next) {
		close_handover(w);
	}
}

/* ---- their end -------------------------------------------------------- */

/* SIGKILL and SIGTERM come from an administrator or the kernel's memory
 * killer; every other signal is our own fault, perhaps provoked. */
static bool
is_crash(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
	    WTERMSIG(status) != SIGTERM;
}

/* In a shared process only those who came lately are suspected. */
static bool
is_suspect(
    const struct listener *l, const struct worker *w, const struct client *c)
{
	return w->count == 1 ||
	    monotonic_ms() - c->since_ms <
	    (int64_t)l->limits.sign_in_timeout_s * 1000;
}

void
workers_reaped(struct listener *l, int pid, int status)
{
	struct worker *w;
	struct client *c, *next;
	bool crashed = is_crash(status);

	HASH_FIND_INT(l->workers, &pid, w);
	if (w == NULL)
		return;
	if (crashed) {
		log_error("a session (pid %d) died by signal %d (%s)", pid,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
		l->refresh_wanted = true;
	}
	LL_FOREACH_SAFE(w->clients, c, next)
	{
		if (crashed && is_suspect(l, w, c))
			penalise(l, c, true, SESSION_BROKEN);
		else if (WIFEXITED(status))
			penalise(l, c, false,
			    (enum session_outcome)WEXITSTATUS(status));
	}
	LL_FOREACH_SAFE(w->clients, c, next)
	{
		remove_client(l, w, c);
	}
	close_handover(w);
	HASH_DEL(l->workers, w);
	free(w);
}

void
workers_reap(struct listener *l)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		workers_reaped(l, (int)pid, status);
}

/* ---- handover to a successor ------------------------------------------ */

static size_t
save_clients(struct listener *l, Kith__Ipc__ListenerState__Session *rows)
{
	struct worker *w, *next_worker;
	struct client *c;
	size_t count = 0;

	HASH_ITER (hh, l->workers, w, next_worker) {
		LL_FOREACH (w->clients, c) {
			if (count == WORKERS_STATE_MAX)
				return count;
			kith__ipc__listener_state__session__init(&rows[count]);
			rows[count].pid = w->pid;
			rows[count].prefix.data = c->network.prefix;
			rows[count].prefix.len = c->network.length;
			count++;
		}
	}
	return count;
}

uint8_t *
workers_save(struct listener *l, size_t *length_r)
{
	Kith__Ipc__ListenerState state = KITH__IPC__LISTENER_STATE__INIT;
	Kith__Ipc__ListenerState__Penalty *penalties =
	    mem_new(WORKERS_STATE_MAX, sizeof(*penalties));
	Kith__Ipc__ListenerState__Session *sessions =
	    mem_new(WORKERS_STATE_MAX, sizeof(*sessions));
	void **rows = mem_new(2 * WORKERS_STATE_MAX, sizeof(*rows));
	uint8_t *bytes;
	size_t i;

	state.n_penalties = penalties_save(
	    l->penalties, penalties, WORKERS_STATE_MAX, monotonic_ms());
	state.n_sessions = save_clients(l, sessions);
	for (i = 0; i < WORKERS_STATE_MAX; i++) {
		rows[i] = &penalties[i];
		rows[WORKERS_STATE_MAX + i] = &sessions[i];
	}
	state.penalties = (Kith__Ipc__ListenerState__Penalty **)rows;
	state.sessions =
	    (Kith__Ipc__ListenerState__Session **)(rows + WORKERS_STATE_MAX);
	*length_r = kith__ipc__listener_state__get_packed_size(&state);
	bytes = mem_new(1, *length_r);
	kith__ipc__listener_state__pack(&state, bytes);
	free(rows);
	free(penalties);
	free(sessions);
	return bytes;
}

static void
restore_client(struct listener *l, const Kith__Ipc__ListenerState__Session *row)
{
	struct network network =
	    network_from(row->prefix.data, row->prefix.len);
	int pid = row->pid;
	struct worker *w;

	HASH_FIND_INT(l->workers, &pid, w);
	if (w == NULL)
		w = add_worker(l, pid, -1);
	add_client(l, w, 0, &network, "an earlier connection");
}

void
workers_restore(struct listener *l, const void *bytes, size_t length)
{
	ProtobufCMessage *any = NULL;
	Kith__Ipc__ListenerState *state;
	size_t i;

	if (ipc_unpack(&kith__ipc__listener_state__descriptor, bytes, length,
		&any) != KITH_OK)
		return;
	state = (Kith__Ipc__ListenerState *)any;
	for (i = 0; i < state->n_penalties; i++) {
		struct network network =
		    network_from(state->penalties[i]->prefix.data,
			state->penalties[i]->prefix.len);

		penalties_restore(l->penalties, &network,
		    state->penalties[i]->left_ms, monotonic_ms());
	}
	for (i = 0; i < state->n_sessions; i++)
		restore_client(l, state->sessions[i]);
	ipc_message_free(&any);
}
