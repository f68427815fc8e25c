/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LESS         "/usr/bin/less"
#define LESS_OPTIONS "FRX" /* leave when it fits; colours; no clearing */

/* NULL: none is wanted, or there is none. */
static const char *
choose(bool guarded)
{
	const char *pager = getenv("KITH_PAGER");

	if (pager == NULL)
		pager = getenv("PAGER");
	if (pager != NULL && (*pager == '\0' || strcmp(pager, "cat") == 0))
		return NULL;
	if (pager == NULL || guarded)
		return access(LESS, X_OK) == 0 ? LESS : NULL;
	return pager;
}

static void
become_pager(int from, const char *pager, bool guarded)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };

	sigaction(SIGPIPE, &usual, NULL);
	if (dup2(from, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	setenv("LESS", LESS_OPTIONS, guarded);
	setenv("LESSHISTFILE", "-", guarded);
	if (guarded) {
		setenv("LESSSECURE", "1", 1);
		unsetenv("LESSOPEN");
		unsetenv("LESSCLOSE");
	}
	execl("/bin/sh", "sh", "-c", pager, (char *)NULL);
	_exit(EXIT_FAILURE);
}

pid_t
pager_start(bool guarded)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const char *pager = choose(guarded);
	int ends[2];
	pid_t pid;

	if (pager == NULL || pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		become_pager(ends[0], pager, guarded);
	close(ends[0]);
	if (pid > 0 && dup2(ends[1], STDOUT_FILENO) >= 0) {
		/* the keys that interrupt are the pager's now */
		sigaction(SIGINT, &ignore, NULL);
		sigaction(SIGQUIT, &ignore, NULL);
	}
	close(ends[1]);
	return pid > 0 ? pid : 0;
}

void
pager_wait(pid_t pid)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	/* the last writing end: with it the pager sees the end */
	if (nothing >= 0) {
		dup2(nothing, STDOUT_FILENO);
		close(nothing);
	} else {
		close(STDOUT_FILENO);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
