/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kithd: the options, and which role this process plays. The first one is the
 * parent, which runs this same program again as hub and auth ("--role", for
 * itself only).
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "descriptors.h"
#include "log.h"
#include "parent.h"
#include "proc.h"
#include "settings.h"

const char *argp_program_version = "kithd " PACKAGE_VERSION;

#define OPTION_CHECK 256
#define OPTION_ROLE  257

#define EXIT_USAGE 2 /* as kithd(8) has it; argp's own is 64 */

static const struct argp_option options[] = {
	{ "config", 'c', "FILE", 0, "Read this file instead of " SETTINGS_FILE,
	    0 },
	{ "foreground", 'f', NULL, 0,
	    "Stay in the foreground instead of detaching once it serves", 0 },
	{ "check", OPTION_CHECK, NULL, 0,
	    "Say what is wrong with the configuration, and exit", 0 },
	{ "role", OPTION_ROLE, "ROLE", OPTION_HIDDEN, NULL, 0 },
	{ 0 },
};

struct command_line {
	const char *config;
	bool foreground;
	bool check;
	const char *role;
};

static error_t
parse_option(int key, char *argument, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case 'c':
		line->config = argument;
		return 0;
	case 'f':
		line->foreground = true;
		return 0;
	case OPTION_CHECK:
		line->check = true;
		return 0;
	case OPTION_ROLE:
		line->role = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is not an option", argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- roles ------------------------------------------------------------ */

static int
play(const char *word)
{
	Kith__Ipc__Role role;

	if (!proc_role_parse(word, &role) ||
	    fcntl(PROC_CHANNEL_FD, F_GETFD) < 0) {
		fprintf(stderr, "kithd: --role is for kithd itself\n");
		return 2;
	}
	proc_child_init();
	proc_name("kithd", role);
	switch (role) {
	case KITH__IPC__ROLE__ROLE_HUB:
		return hub_main();
	case KITH__IPC__ROLE__ROLE_AUTH:
		return auth_main();
	default:
		return 2;
	}
}

/* ---- the parent ------------------------------------------------------- */

static void
report(int line, const char *sentence, void *context)
{
	const char *config = context;

	if (line > 0)
		log_error("%s:%d: %s", config, line, sentence);
	else
		log_error("%s: %s", config, sentence);
}

/* Waits until the daemon serves or has ended; the caller's exit status. */
static int
await_serving(pid_t pid, int from)
{
	char byte;
	int status;

	/* it writes one byte when it serves; its end closes the pipe */
	if (TEMP_FAILURE_RETRY(read(from, &byte, 1)) == 1)
		return 0;
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		return WEXITSTATUS(status);
	return 1;
}

static void
tell_serving(void *context)
{
	int *to = context;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		/* a log that goes to a file or pipe goes on there */
		if (isatty(STDERR_FILENO))
			dup2(null, STDERR_FILENO);
		close(null);
	}
	if (TEMP_FAILURE_RETRY(write(*to, "", 1)) != 1)
		log_debug("nobody waited for the start");
	close(*to);
}

static int
run_detached(struct parent_options *parent, struct settings *settings)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		log_error("cannot detach: %s", strerror(errno));
		return 1;
	}
	if (pid > 0) {
		close(ends[1]);
		settings_free(&settings);
		return await_serving(pid, ends[0]);
	}
	close(ends[0]);
	setsid();
	parent->serving = tell_serving;
	parent->context = &ends[1];
	return parent_main(parent, settings);
}

/* Descriptors 0 to 2 must be taken: a socket in their place would be read
 * from and written to by the C library. */
static void
hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
main(int argc, char *argv[], char *envp[])
{
	static const struct argp argp = { options, parse_option, NULL,
		"The kith chat daemon.\v"
		"See kithd(8) and kithd.conf(5).",
		NULL, NULL, NULL };
	struct command_line line = { .config = SETTINGS_FILE };
	struct parent_options parent = { .config = NULL };
	struct settings *settings = NULL;

	hold_standard_descriptors();
	if (!descriptors_fill())
		return 1;
	proc_init(argc, argv, envp);
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &line);
	if (line.role != NULL)
		return play(line.role);
	/* whatever the starter left open is not for a daemon */
	closefrom(STDERR_FILENO + 1);
	if (line.check)
		return check_main(line.config);
	log_open("parent");
	if (geteuid() == 0) {
		log_error("kithd must not run as root; start it as its own "
			  "user");
		return 1;
	}
	if (settings_load(
		line.config, &settings, report, (void *)line.config) != KITH_OK)
		return 1;
	parent.config = line.config;
	if (line.foreground)
		return parent_main(&parent, settings);
	return run_detached(&parent, settings);
}
