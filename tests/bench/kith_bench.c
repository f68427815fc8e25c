/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * kith-bench: the load generator. run-bench makes the accounts that it signs in
 * to and starts a daemon that fits. It speaks to 127.0.0.1 only and ends by
 * itself.
 */

#include "kith_bench.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define EPOLL_EVENTS 256

static const struct argp_option option_table[] = {
	{ "port", 'p', "PORT", 0, "kithd's port on 127.0.0.1", 0 },
	{ "pin", 'k', "sha256:...", 0, "its key", 0 },
	{ "server-pid", 's', "PID", 0, "its parent process, for the costs", 0 },
	{ "pairs", 'P', "N", 0, "pairs: how many (100)", 0 },
	{ "window", 'w', "N", 0, "pairs: messages under way each (16)", 0 },
	{ "rate", 'r', "N", 0, "pairs: N a second over all, by the clock", 0 },
	{ "sessions", 'n', "N", 0, "idle: how many (1000)", 0 },
	{ "seconds", 't', "N", 0, "how long to measure (10)", 0 },
	{ 0 },
};

struct arguments {
	struct bench_options options;
	const char *pin;
	const char *command;
};

static unsigned
number(struct argp_state *state, const char *text, unsigned maximum)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < 1 || value > maximum)
		argp_error(
		    state, "%s is not a number from 1 to %u", text, maximum);
	return (unsigned)value;
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
	struct arguments *a = state->input;
	struct bench_options *o = &a->options;

	switch (key) {
	case 'p':
		o->target.port = (uint16_t)number(state, text, 65535);
		return 0;
	case 'k':
		a->pin = text;
		return 0;
	case 's':
		o->server = (pid_t)number(state, text, 1u << 22);
		return 0;
	case 'P':
		o->pairs = number(state, text, BENCH_PAIRS_MAX);
		return 0;
	case 'w':
		o->window = number(state, text, BENCH_WINDOW_MAX);
		return 0;
	case 'r':
		o->rate = number(state, text, 1000000);
		return 0;
	case 'n':
		o->sessions = number(state, text, BENCH_SESSIONS_MAX);
		return 0;
	case 't':
		o->seconds = number(state, text, BENCH_SECONDS_MAX);
		return 0;
	case ARGP_KEY_ARG:
		if (a->command != NULL)
			argp_error(state, "one command at a time");
		a->command = text;
		return 0;
	case ARGP_KEY_END:
		if (a->command == NULL || a->pin == NULL || o->server == 0)
			argp_error(state,
			    "a command, --pin and --server-pid are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argument_parser = {
	.options = option_table,
	.parser = parse,
	.args_doc = "pairs | idle | sign-in-token | sign-in-password",
	.doc = "Measures a kithd on this machine and prints one line of "
	       "key=value.",
};

void
bench_serve(const struct bench_target *target, int64_t deadline_ns)
{
	struct epoll_event events[EPOLL_EVENTS];
	int64_t left_ns = deadline_ns - bench_now_ns();
	struct timespec wait = { 0 };
	int count;

	if (left_ns > 0) {
		wait.tv_sec = left_ns / 1000000000;
		wait.tv_nsec = left_ns % 1000000000;
	}
	count = epoll_pwait2(target->epoll, events, EPOLL_EVENTS, &wait, NULL);
	if (count < 0 && errno != EINTR)
		bench_fail("epoll: %s", strerror(errno));
	for (int i = 0; i < count; i++)
		bench_client_ready(events[i].data.ptr);
}

static void
allow_many_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void
set_up_target(struct bench_target *target, const char *pin)
{
	const struct tls_trust trust = { .kind = TLS_TRUST_PIN, .pin = pin };
	struct fault fault = { 0 };

	target->host = "127.0.0.1";
	target->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (target->epoll < 0)
		bench_fail("epoll: %s", strerror(errno));
	if (tls_random_reseed(&fault) != KITH_OK ||
	    tls_config_new_client(&trust, &target->config, &fault) != KITH_OK)
		bench_fail("%s", fault.sentence);
}

int
main(int argc, char **argv)
{
	struct arguments a = {
		.options = { .target = { .port = 5484 },
		    .pairs = 100,
		    .window = 16,
		    .sessions = 1000,
		    .seconds = 10 },
	};
	struct bench_options *o = &a.options;

	argp_parse(&argument_parser, argc, argv, 0, NULL, &a);
	allow_many_descriptors();
	set_up_target(&o->target, a.pin);
	o->by_token = strcmp(a.command, "sign-in-token") == 0;
	if (strcmp(a.command, "pairs") == 0)
		bench_pairs(o);
	else if (strcmp(a.command, "idle") == 0)
		bench_idle(o);
	else if (o->by_token || strcmp(a.command, "sign-in-password") == 0)
		bench_sign_in(o);
	else
		bench_fail("no command %s", a.command);
	tls_config_free(&o->target.config);
	return 0;
}
