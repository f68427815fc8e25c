/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The doctor's look at the machine: its clock, its kernel, its limits. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include "format.h"
#include "mem.h"
#include "server_check.h"

#define US_PER_MINUTE   (INT64_C(60) * 1000000)
#define CLOCK_BACK_US   (5 * US_PER_MINUTE)
#define CLOCK_LEAST_US  (INT64_C(1704067200) * 1000000) /* 2024 */
#define FILES_BESIDE    128 /* descriptors that the hub needs besides */
#define PROCESSES_FIXED 16
#define LINE_MAX_BYTES  512

/* linux/landlock.h: ask for the version instead of making a ruleset */
#define LANDLOCK_VERSION (1u << 0)

/* Of struct settings.sandbox: the words of kithd.conf in their order. */
enum {
	SANDBOX_WORD_FULL,
	SANDBOX_WORD_SECCOMP,
	SANDBOX_WORD_OFF,
};

static void
check_synchronised(struct check *c)
{
	struct timex state = { .modes = 0 };
	int answer = adjtimex(&state);

	if (answer < 0)
		return; /* not ours to know here */
	if (answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
		check_add(c, "clock-sync", CHECK_WARNING,
		    "Let the machine keep its clock by the network: apt install "
		    "systemd-timesyncd, or chrony.",
		    "The clock is not kept right by the network.");
	else
		check_add(c, "clock-sync", CHECK_OK, NULL,
		    "The clock is kept right by the network.");
}

void
check_clock(struct check *c)
{
	int64_t now_us = format_now_us();
	int64_t newest_us =
	    c->facts.has_database ? c->facts.figures.newest_us : 0;

	if (now_us < CLOCK_LEAST_US)
		check_add(c, "clock", CHECK_PROBLEM,
		    "Set the clock; messages and certificates depend on it.",
		    "The clock is years behind.");
	else if (newest_us > now_us + CLOCK_BACK_US)
		check_add(c, "clock", CHECK_PROBLEM,
		    "Set the clock; messages and certificates depend on it.",
		    "The newest event in the database lies %" PRId64
		    " minutes ahead of the clock.",
		    (newest_us - now_us) / US_PER_MINUTE);
	else
		check_add(
		    c, "clock", CHECK_OK, NULL, "The clock is plausible.");
	check_synchronised(c);
}

/* ---- the sandbox ---------------------------------------------------------------- */

static bool
has_landlock(void)
{
	return syscall(
		   SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION) >= 1;
}

static bool
has_seccomp(void)
{
	return prctl(PR_GET_SECCOMP) >= 0 || errno != EINVAL;
}

void
check_sandbox(struct check *c)
{
	bool landlock = has_landlock(), seccomp = has_seccomp();

	if (c->settings == NULL)
		return;
	if (c->settings->sandbox == SANDBOX_WORD_OFF)
		check_add(c, "sandbox", CHECK_WARNING,
		    seccomp && landlock
			? "Take \"sandbox = off\" out of kithd.conf: this "
			  "kernel can do all of it."
			: "\"sandbox = seccomp\" works on more kernels than "
			  "full.",
		    "kithd runs without a sandbox.");
	else if (!seccomp)
		check_add(c, "sandbox", CHECK_PROBLEM,
		    "Use a kernel with seccomp, or \"sandbox = off\".",
		    "This kernel has no seccomp: kithd will not start.");
	else if (c->settings->sandbox == SANDBOX_WORD_FULL && !landlock)
		check_add(c, "sandbox", CHECK_PROBLEM,
		    "Add landlock to the kernel's lsm= parameter, or set "
		    "\"sandbox = seccomp\".",
		    "This kernel has no Landlock, or it is not switched on: "
		    "kithd will not start.");
	else
		check_add(c, "sandbox", CHECK_OK, NULL,
		    "The kernel has what the sandbox needs.");
}

/* ---- limits ------------------------------------------------------------------------ */

/* The soft limit in /proc/PID/limits; -1: unlimited or not known. */
static int64_t
limit_of(int pid, const char *name)
{
	char path[64], line[LINE_MAX_BYTES];
	int64_t limit = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0 &&
		    sscanf(line + strlen(name), "%" SCNd64, &limit) != 1)
			limit = -1;
	}
	fclose(file);
	return limit;
}

/* What systemd allows the unit: pids.max of its cgroup; -1: no limit. */
static int64_t
tasks_limit(int pid)
{
	char line[LINE_MAX_BYTES];
	int64_t limit = -1;
	char *path = mem_format("/proc/%d/cgroup", pid);
	FILE *file = fopen(path, "re");

	free(path);
	if (file == NULL)
		return -1;
	if (fgets(line, sizeof(line), file) == NULL ||
	    strncmp(line, "0::", 3) != 0)
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '\0')
		return -1;
	path = mem_format("/sys/fs/cgroup%s/pids.max", line + 3);
	file = fopen(path, "re");
	free(path);
	if (file == NULL)
		return -1;
	if (fscanf(file, "%" SCNd64, &limit) != 1)
		limit = -1;
	fclose(file);
	return limit;
}

void
check_limits(struct check *c)
{
	int pid = control_daemon_pid(c->facts.control);
	int64_t files, tasks, needed_files, needed_tasks;

	if (c->settings == NULL || pid <= 0)
		return;
	files = limit_of(pid, "Max open files");
	tasks = tasks_limit(pid);
	needed_files = (int64_t)c->settings->max_connections + FILES_BESIDE;
	needed_tasks =
	    c->settings->max_connections / c->settings->sessions_per_process +
	    PROCESSES_FIXED;
	if (files >= 0 && files < needed_files)
		check_add(c, "limits", CHECK_WARNING,
		    "Raise LimitNOFILE of kithd.service, or lower "
		    "max-connections.",
		    "kithd may open %" PRId64 " files and needs %" PRId64
		    " for max-connections.",
		    files, needed_files);
	else if (tasks >= 0 && tasks < needed_tasks)
		check_add(c, "limits", CHECK_WARNING,
		    "Raise TasksMax of kithd.service, or lower "
		    "max-connections.",
		    "kithd may start %" PRId64 " processes and needs %" PRId64
		    " for max-connections.",
		    tasks, needed_tasks);
	else
		check_add(c, "limits", CHECK_OK, NULL,
		    "The limits are enough for max-connections (%u).",
		    c->settings->max_connections);
}
