/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parent. Holds the settings, the listening sockets, certificate and key,
 * and the children's pids; answers signals and systemd. Must never read a byte
 * from a connection or from the database.
 *
 * advance() is its heart: whatever has happened, it does every step that has
 * become possible (configure, introduce, listen, tell systemd) and none twice.
 * parent_children.c holds what concerns one child.
 */
#include "parent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "parent_private.h"
#include "sandbox.h"

#define PARENT_PROBE_MS     10000 /* without systemd's watchdog */
#define PARENT_STOP_STEP_MS (CHILD_STOP_MS + 2000)

/* ---- systemd --------------------------------------------------------- */

static void
tell_status(struct parent *p)
{
	struct one *hub = parent_one(p, KITH__IPC__ROLE__ROLE_HUB);
	struct one *listener = parent_one(p, KITH__IPC__ROLE__ROLE_LISTENER);
	const char *comma =
	    hub->status[0] != '\0' && listener->status[0] != '\0' ? ", " : "";

	sd_notifyf(0, "STATUS=%s%s%s", listener->status, comma, hub->status);
}

void
parent_log_next_key(const struct parent *p)
{
	if (p->next_pin[0] != '\0')
		log_info("people are told of the next key %s", p->next_pin);
}

static void
tell_ready(struct parent *p)
{
	sd_notify(0, "READY=1");
	log_info("serving on %s as \"%s\", key %s", p->settings->listen,
	    p->settings->server_name, p->pin);
	if (p->settings->sandbox == SANDBOX_OFF)
		log_warning("sandbox = off: no process confines itself");
	parent_log_next_key(p);
	if (p->options->serving != NULL)
		p->options->serving(p->options->context);
}

/* The watchdog is fed only when all three have answered this round. */
void
parent_alive(struct parent *p, struct one *one)
{
	size_t i;

	one->answered = true;
	for (i = 0; i < PARENT_CHILDREN; i++)
		if (!p->children[i].answered)
			return;
	if (p->stage == STAGE_SERVING) {
		sd_notify(0, "WATCHDOG=1");
		tell_status(p);
	}
}

static void
on_probe(evutil_socket_t fd, short events, void *context)
{
	struct parent *p = context;
	size_t i;

	for (i = 0; i < PARENT_CHILDREN; i++)
		parent_probe(&p->children[i]);
}

static void
start_probing(struct parent *p)
{
	uint64_t watchdog_us = 0;
	struct timeval every = { .tv_sec = PARENT_PROBE_MS / 1000 };

	if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
		every.tv_sec = (time_t)(watchdog_us / 3 / 1000000);
		every.tv_usec = (suseconds_t)(watchdog_us / 3 % 1000000);
	}
	event_add(p->probe, &every);
}

/* ---- what has become possible ---------------------------------------- */

void
parent_advance(struct parent *p)
{
	size_t i, ready = 0;

	if (p->stage != STAGE_STARTING && p->stage != STAGE_SERVING)
		return;
	for (i = 0; i < PARENT_CHILDREN; i++)
		parent_configure(p, &p->children[i]);
	for (i = 0; i < proc_link_count; i++)
		parent_introduce(p, i);
	parent_hand_sockets(p);
	for (i = 0; i < PARENT_CHILDREN; i++)
		ready += p->children[i].state == ONE_READY;
	if (ready == PARENT_CHILDREN && p->stage == STAGE_STARTING) {
		p->stage = STAGE_SERVING;
		tell_ready(p);
		tell_status(p);
		start_probing(p);
	}
	if (p->stage == STAGE_SERVING && p->reload_wanted)
		parent_reload(p);
}

/* ---- stopping -------------------------------------------------------- */

/* The order in which children go: nothing new comes in, then what is
 * acknowledged is finished, then auth, and last what sessions are left. */
static const Kith__Ipc__Role stop_order[] = {
	KITH__IPC__ROLE__ROLE_LISTENER,
	KITH__IPC__ROLE__ROLE_HUB,
	KITH__IPC__ROLE__ROLE_AUTH,
};

static void
set_stop_limit(struct parent *p)
{
	const struct timeval limit = { .tv_sec = PARENT_STOP_STEP_MS / 1000 };

	event_add(p->stop_limit, &limit);
}

/* Sessions end by themselves when the hub's channels close. */
static bool
orphans_left(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ||
	    errno != ECHILD;
}

/* Asks the first child that still runs to stop; ends when there is none. */
void
parent_stop_next(struct parent *p)
{
	size_t i;

	for (i = 0; i < PARENT_CHILDREN; i++) {
		struct one *one = parent_one(p, stop_order[i]);

		if (one->state == ONE_DOWN)
			continue;
		if (!one->stopping) {
			parent_stop_one(one);
			set_stop_limit(p);
		}
		return;
	}
	if (!orphans_left()) {
		/* not loopbreak: the loop may not have begun */
		event_base_loopexit(p->base, NULL);
	} else if (!p->waits_for_orphans) {
		p->waits_for_orphans = true;
		set_stop_limit(p);
	}
}

void
parent_stop(struct parent *p, int status)
{
	if (p->stage == STAGE_STOPPING)
		return;
	p->stage = STAGE_STOPPING;
	p->exit_status = status;
	event_del(p->probe);
	sd_notify(0, "STOPPING=1");
	parent_stop_next(p);
}

/* By /proc: sessions were started by the listener, their pids are not known
 * here until they are reaped. */
static void
kill_orphans(void)
{
	char path[64], *end;
	char list[4096] = "";
	FILE *file;

	snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (file == NULL)
		return;
	list[fread(list, 1, sizeof(list) - 1, file)] = '\0';
	fclose(file);
	for (end = list; *end != '\0';) {
		char *start = end;
		long pid = strtol(start, &end, 10);

		if (end == start)
			break;
		/* a number at the very end may be cut: the next round has it */
		if (pid > 1 && *end == ' ')
			kill((pid_t)pid, SIGKILL);
	}
}

static void
on_stop_limit(evutil_socket_t fd, short events, void *context)
{
	struct parent *p = context;
	size_t i;

	for (i = 0; i < PARENT_CHILDREN; i++) {
		struct one *one = &p->children[i];

		if (one->stopping && one->state != ONE_DOWN) {
			log_error("the %s did not stop in time and is killed",
			    proc_role_word(one->role));
			parent_kill_one(one);
		}
	}
	if (p->waits_for_orphans)
		kill_orphans();
	set_stop_limit(p);
}

/* ---- signals --------------------------------------------------------- */

static void
on_hangup(evutil_socket_t signal, short events, void *context)
{
	struct parent *p = context;

	p->reload_wanted = true;
	parent_advance(p);
}

static void
on_terminate(evutil_socket_t signal, short events, void *context)
{
	struct parent *p = context;

	if (p->stage != STAGE_STOPPING) {
		log_info("stopping");
		parent_stop(p, 0);
	}
}

static void
on_child(evutil_socket_t signal, short events, void *context)
{
	struct parent *p = context;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		parent_reaped(p, pid, status);
	if (p->stage == STAGE_STOPPING)
		parent_stop_next(p);
}

/* ---- start ----------------------------------------------------------- */

void
parent_default_name(struct settings *settings)
{
	char name[65];

	if (settings->server_name[0] != '\0' ||
	    gethostname(name, sizeof(name)) != 0)
		return;
	name[sizeof(name) - 1] = '\0';
	free(settings->server_name);
	settings->server_name = mem_dup_string(name);
}

static enum kith_code
confine(struct parent *p, struct fault *fault)
{
	char *database = settings_database_folder(p->settings);
	const char *folders[] = { database, p->settings->run_directory, NULL };
	enum kith_code code = sandbox_apply(KITH__IPC__ROLE__ROLE_PARENT,
	    (enum sandbox_mode)p->settings->sandbox, folders, fault);

	free(database);
	return code;
}

/* Everything that can be refused before a child runs. */
static enum kith_code
prepare(struct parent *p, struct fault *fault)
{
	enum kith_code code = proc_programs_open(&p->programs, fault);

	if (code == KITH_OK)
		code = identity_load(p->settings, &p->identity, fault);
	if (code == KITH_OK)
		code = listening_open(p->settings, &p->listening, fault);
	if (code == KITH_OK)
		code = listening_control(p->settings->run_directory,
		    &p->control, &p->control_path, fault);
	if (code == KITH_OK)
		code = confine(p, fault);
	return code;
}

static void
add_signal(struct parent *p, int number, event_callback_fn callback)
{
	struct event *event = evsignal_new(p->base, number, callback, p);

	if (event == NULL || event_add(event, NULL) != 0)
		abort();
	p->signals[p->signal_count++] = event;
}

static void
on_log(enum log_level level, const char *text, void *context)
{
	Kith__Ipc__Notice notice;

	notice_fill(&notice, "parent", level, text);
	parent_notice(context, &notice);
}

static void
start(struct parent *p)
{
	p->base = event_base_new();
	if (p->base == NULL)
		abort();
	p->probe = event_new(p->base, -1, EV_PERSIST, on_probe, p);
	p->stop_limit = event_new(p->base, -1, 0, on_stop_limit, p);
	signal(SIGPIPE, SIG_IGN);
	add_signal(p, SIGHUP, on_hangup);
	add_signal(p, SIGTERM, on_terminate);
	add_signal(p, SIGINT, on_terminate);
	add_signal(p, SIGCHLD, on_child);
	/* sessions whose listener has gone become ours to reap */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	log_listen(on_log, p);
	parent_start_children(p);
}

static void
finish(struct parent *p)
{
	size_t i;

	log_listen(NULL, NULL);
	parent_free_children(p);
	for (i = 0; i < p->signal_count; i++)
		event_free(p->signals[i]);
	if (p->base != NULL) {
		event_free(p->probe);
		event_free(p->stop_limit);
		event_base_free(p->base);
	}
	listening_close(&p->listening);
	if (p->control >= 0) {
		close(p->control);
		unlink(p->control_path);
	}
	free(p->control_path);
	free(p->config);
	free(p->reaped);
	free(p->state);
	identity_clear(&p->identity);
	identity_clear(&p->next_identity);
	settings_free(&p->settings);
	settings_free(&p->next_settings);
	proc_programs_free(&p->programs);
}

/* For people who are elsewhere. */
static char *
whole_path(const char *path)
{
	char *whole = realpath(path, NULL);

	return whole != NULL ? whole : mem_dup_string(path);
}

int
parent_main(const struct parent_options *options, struct settings *settings)
{
	struct parent p = {
		.options = options, .settings = settings, .control = -1
	};
	struct fault fault = { .code = KITH_OK };

	proc_name("kithd", KITH__IPC__ROLE__ROLE_PARENT);
	log_set_level((enum log_level)settings->log_level);
	parent_default_name(settings);
	p.config = whole_path(options->config);
	if (prepare(&p, &fault) != KITH_OK) {
		log_error("%s", fault.sentence);
		finish(&p);
		return 1;
	}
	start(&p);
	event_base_dispatch(p.base);
	if (p.exit_status == 0)
		log_info("stopped");
	finish(&p);
	return p.exit_status;
}
