/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fault.h"
#include "ipc.pb-c.h"

/*
 * What each role may still ask of the kernel: a seccomp filter (one table of
 * calls a role) and Landlock rules for files. Applied by each process to
 * itself before its first untrusted byte, while it still has one thread;
 * cannot be undone, and children inherit it.
 *
 * A forbidden call kills the process with SIGSYS; opening files answers EACCES
 * instead, because libraries try that and can live without.
 */
enum sandbox_mode {
	SANDBOX_FULL = 0,    /* seccomp and Landlock, both required */
	SANDBOX_SECCOMP = 1, /* for kernels without Landlock */
	SANDBOX_OFF = 2,
	SANDBOX_MODE_COUNT,
};

/*
 * folders: NULL-terminated, at most SANDBOX_FOLDERS_MAX; the role may read
 * and write beneath them. The hub passes the database's folder, the parent
 * that and the run directory, the others none (NULL).
 * KITH_UNSUPPORTED with a sentence that names the missing part.
 * In a build with sanitizers nothing is applied: their runtimes need calls
 * that no role has.
 */
#define SANDBOX_FOLDERS_MAX 4u

enum kith_code sandbox_apply(Kith__Ipc__Role role, enum sandbox_mode mode,
    const char *const *folders, struct fault *fault);

/* "full", "seccomp", "off": the words of kithd.conf. */
const char *sandbox_mode_word(enum sandbox_mode mode);
