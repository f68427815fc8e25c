/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* What the daemon costs, read from /proc for it and all its descendants. */
struct bench_server {
	int64_t cpu_ns; /* run time, with that of children that have ended */
	int64_t pss_kib;
	unsigned processes;
};

/* parent: kithd's process id. Ends the program when it is not there. */
void bench_server_read(pid_t parent, struct bench_server *server_r);

/* As bench_server_read(), without the memory, which is slow to read. */
void bench_server_read_cpu(pid_t parent, struct bench_server *server_r);

int64_t bench_memory_available_kib(void);
