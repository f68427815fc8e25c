/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipc.pb-c.h"

/* The tables behind sandbox.c: data only. */

/* System calls by name; a name that this machine does not have is skipped. */
struct sandbox_calls {
	const char *const *allowed[6]; /* NULL-terminated lists, NULL after */
	bool files;     /* open, stat and the like are allowed too */
	bool map_code;  /* mmap and mprotect with PROT_EXEC */
	bool threads;   /* clone() of threads only */
	bool processes; /* clone() of anything */
	bool unix_only; /* socket() for AF_UNIX */
	bool soft;      /* forbidden is EPERM, not death */
};

/* For ROLE_PARENT to ROLE_SESSION. Never NULL for those. */
const struct sandbox_calls *sandbox_calls_of(Kith__Ipc__Role role);

/* What looks at or opens files: EACCES for roles without files. */
extern const char *const sandbox_file_calls[];
