/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who there is, who is connected to whom, and how a process is started. Holds
 * the two opened programs; must never know what a role does.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "mem.h"

#define PROC_PATH_MAX 4096u

/*
 * Program descriptors stay above this, so that dup2() to PROC_CHANNEL_FD
 * between fork and exec cannot close the program that is about to run.
 */
#define PROC_FD_FIRST 10

/* The topology. Beside it, the parent has a channel to every child. */
const struct proc_link proc_links[] = {
	{ KITH__IPC__ROLE__ROLE_HUB, KITH__IPC__ROLE__ROLE_AUTH },
	{ KITH__IPC__ROLE__ROLE_HUB, KITH__IPC__ROLE__ROLE_LISTENER },
	/* and the listener makes one from the hub to each session */
};
const size_t proc_link_count = sizeof(proc_links) / sizeof(proc_links[0]);

static const char *const role_words[] = {
	[KITH__IPC__ROLE__ROLE_PARENT] = "parent",
	[KITH__IPC__ROLE__ROLE_HUB] = "hub",
	[KITH__IPC__ROLE__ROLE_AUTH] = "auth",
	[KITH__IPC__ROLE__ROLE_LISTENER] = "listener",
	[KITH__IPC__ROLE__ROLE_SESSION] = "session",
};

#define PROC_ROLE_COUNT (sizeof(role_words) / sizeof(role_words[0]))

const char *
proc_role_word(Kith__Ipc__Role role)
{
	return (size_t)role < PROC_ROLE_COUNT ? role_words[role] : "unknown";
}

bool
proc_role_parse(const char *word, Kith__Ipc__Role *role_r)
{
	size_t i;

	for (i = 0; i < PROC_ROLE_COUNT; i++) {
		if (strcmp(word, role_words[i]) == 0) {
			*role_r = (Kith__Ipc__Role)i;
			return true;
		}
	}
	return false;
}

/* The first argument as the kernel shows it, and where it ended at first. */
static char *title, *title_end;

void
proc_init(int argc, char *argv[], char *envp[])
{
	title = argv[0];
	title_end = argv[0] + strlen(argv[0]);
	setproctitle_init(argc, argv, envp);
}

void
proc_name(const char *program, Kith__Ipc__Role role)
{
	const char *word = proc_role_word(role);

	/* exec by descriptor leaves a number as the command name */
	prctl(PR_SET_NAME, program, 0, 0, 0);
	if (title != NULL) {
		setproctitle("%s", word);
		/* libbsd marks the old end with a dot, which ps would show */
		if (title + strlen(title) < title_end)
			*title_end = '\0';
	}
	log_open(word);
}

void
proc_child_init(void)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT };
	size_t i;

	closefrom(PROC_CHANNEL_FD + 1);
	fcntl(PROC_CHANNEL_FD, F_SETFD, FD_CLOEXEC);
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
#ifndef KITH_SANITIZERS /* the leak checker looks at us by ptrace */
	/* not for debuggers of the same user, and no core with secrets */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* ---- programs -------------------------------------------------------- */

struct proc_programs {
	int kithd;
	int session;
};

static int
open_program(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	int high;

	if (fd < 0)
		return -1;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0) {
		close(fd);
		return -1;
	}
	high = fcntl(fd, F_DUPFD_CLOEXEC, PROC_FD_FIRST);
	close(fd);
	return high;
}

/* Beside kithd itself (a build tree), else where it is installed. */
static int
open_session_program(const char *self)
{
	char path[PROC_PATH_MAX];
	const char *slash = strrchr(self, '/');
	int length = slash != NULL ? (int)(slash - self) : 0;
	int fd;

	snprintf(path, sizeof(path), "%.*s/kithd-session", length, self);
	fd = open_program(path);
	return fd >= 0 ? fd : open_program(PKGLIBEXECDIR "/kithd-session");
}

enum kith_code
proc_programs_open(struct proc_programs **programs_r, struct fault *fault)
{
	struct proc_programs *p = MEM_NEW(struct proc_programs);
	char self[PROC_PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	p->kithd = p->session = -1;
	if (length > 0) {
		self[length] = '\0';
		p->kithd = open_program(self);
		p->session = open_session_program(self);
	}
	if (p->kithd >= 0 && p->session >= 0) {
		*programs_r = p;
		return KITH_OK;
	}
	fault_set_errno(fault, KITH_NOT_FOUND, errno, "Cannot open %s",
	    p->kithd < 0 ? "/proc/self/exe" : PKGLIBEXECDIR "/kithd-session");
	proc_programs_free(&p);
	return KITH_NOT_FOUND;
}

void
proc_programs_free(struct proc_programs **programs)
{
	struct proc_programs *p = *programs;

	if (p == NULL)
		return;
	if (p->kithd >= 0)
		close(p->kithd);
	if (p->session >= 0)
		close(p->session);
	free(p);
	*programs = NULL;
}

/* ---- starting -------------------------------------------------------- */

/* Between fork and exec: only calls that are safe there. */
static void
become(int program, char *const arguments[], int channel)
{
	static char *const nothing[] = { NULL };
	sigset_t none;

	/* a group of its own: Ctrl-C reaches the parent only */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (channel == PROC_CHANNEL_FD)
		fcntl(channel, F_SETFD, 0);
	else if (dup2(channel, PROC_CHANNEL_FD) < 0)
		_exit(127);
	/* of an empty environment setproctitle_init() leaves no list at all */
	fexecve(program, arguments, environ != NULL ? environ : nothing);
	_exit(127);
}

enum kith_code
proc_start(const struct proc_programs *programs, Kith__Ipc__Role role,
    pid_t *pid_r, int *channel_r, struct fault *fault)
{
	bool is_listener = role == KITH__IPC__ROLE__ROLE_LISTENER;
	char *kithd_arguments[] = { (char *)"kithd", (char *)"--role",
		(char *)proc_role_word(role), NULL };
	char *session_arguments[] = { (char *)"kithd-session", NULL };
	int pair[2];
	pid_t pid;
	enum kith_code code = ipc_pair(pair, fault);

	if (code != KITH_OK)
		return code;
	pid = fork();
	if (pid == 0)
		become(is_listener ? programs->session : programs->kithd,
		    is_listener ? session_arguments : kithd_arguments, pair[1]);
	if (pid < 0)
		fault_set_errno(fault, KITH_IO, errno, "Cannot start the %s",
		    proc_role_word(role));
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return KITH_IO;
	}
	*pid_r = pid;
	*channel_r = pair[0];
	return KITH_OK;
}
