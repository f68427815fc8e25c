/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench_server.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_client.h"

#define PID_LIMIT (1u << 22) /* the kernel's own highest */

struct process {
	pid_t pid;
	pid_t parent;
	int64_t ended_children_ticks;
};

/* "pid (name) state ppid …": the name may hold anything but the last ')'. */
static bool
read_stat(pid_t pid, struct process *p)
{
	char path[64], line[1024];
	long long user = 0, system = 0;
	int parent = 0;
	FILE *f;
	char *rest;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	rest = fgets(line, sizeof(line), f);
	fclose(f);
	if (rest == NULL || (rest = strrchr(line, ')')) == NULL)
		return false;
	if (sscanf(rest + 1,
		" %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lld %lld",
		&parent, &user, &system) != 3)
		return false;
	p->pid = pid;
	p->parent = parent;
	p->ended_children_ticks = user + system;
	return true;
}

/* The number behind the key ("" for the file's first) in a /proc file. */
static int64_t
read_number(const char *path, const char *key)
{
	char line[256];
	int64_t value = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0) {
			value = strtoll(line + strlen(key), NULL, 10);
			break;
		}
	}
	fclose(f);
	return value;
}

/* Nanoseconds on a processor, over all threads; stat's ticks are too coarse. */
static int64_t
run_time_ns(pid_t pid)
{
	char path[320];
	int64_t sum = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	if ((d = opendir(path)) == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat",
		    (int)pid, e->d_name);
		sum += read_number(path, "");
	}
	closedir(d);
	return sum;
}

static int64_t
pss_kib(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	return read_number(path, "Pss:");
}

static size_t
read_processes(struct process **all_r)
{
	struct process *all = NULL;
	size_t count = 0, room = 0;
	struct dirent *e;
	DIR *d = opendir("/proc");

	if (d == NULL)
		bench_fail("/proc cannot be read");
	while ((e = readdir(d)) != NULL && count < PID_LIMIT) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		if (count == room) {
			room = room > 0 ? room * 2 : 1024;
			all = reallocarray(all, room, sizeof(*all));
			if (all == NULL)
				bench_fail("no memory");
		}
		if (read_stat(pid, &all[count]))
			count++;
	}
	closedir(d);
	*all_r = all;
	return count;
}

/*
 * Marks the descendants of parent. /proc lists by number and a child may have
 * a lower one than its parent, so it goes round until nothing is added: once
 * for each generation.
 */
static bool *
mark_family(const struct process *all, size_t count, pid_t parent)
{
	bool *known = calloc(PID_LIMIT, sizeof(bool));
	bool grew = true;

	if (known == NULL)
		bench_fail("no memory");
	known[parent] = true;
	while (grew) {
		grew = false;
		for (size_t i = 0; i < count; i++)
			if (!known[all[i].pid] && known[all[i].parent])
				known[all[i].pid] = grew = true;
	}
	return known;
}

static void
read_family(pid_t parent, bool memory, struct bench_server *server_r)
{
	const int64_t tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
	struct bench_server sum = { 0 };
	struct process *all = NULL;
	size_t count = read_processes(&all);
	bool *known = mark_family(all, count, parent);

	for (size_t i = 0; i < count; i++) {
		if (!known[all[i].pid])
			continue;
		sum.processes++;
		sum.cpu_ns += run_time_ns(all[i].pid) +
		    all[i].ended_children_ticks * tick_ns;
		if (memory)
			sum.pss_kib += pss_kib(all[i].pid);
	}
	free(known);
	free(all);
	if (sum.processes == 0)
		bench_fail("no process %d", (int)parent);
	*server_r = sum;
}

void
bench_server_read(pid_t parent, struct bench_server *server_r)
{
	read_family(parent, true, server_r);
}

void
bench_server_read_cpu(pid_t parent, struct bench_server *server_r)
{
	read_family(parent, false, server_r);
}

int64_t
bench_memory_available_kib(void)
{
	return read_number("/proc/meminfo", "MemAvailable:");
}
