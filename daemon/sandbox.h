/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "fault.h"
#include "ipc.pb-c.h"

/*
 * What each role may still ask of the kernel: a seccomp filter (one table of
 * calls a role, sandbox_rules.c) and Landlock rules for files. Applied by each
 * process to itself before its first untrusted byte, while it still has one
 * thread; cannot be undone, and children inherit it.
 *
 * A forbidden call kills the process with SIGSYS; looking at and opening files
 * answers EACCES instead, because libraries try that and can live without. In
 * the parent, whose rules every child inherits, forbidden is EPERM.
 */
enum sandbox_mode {
	SANDBOX_FULL = 0,    /* seccomp and Landlock, both required */
	SANDBOX_SECCOMP = 1, /* for kernels without Landlock */
	SANDBOX_OFF = 2,
	SANDBOX_MODE_COUNT,
};

/*
 * folders: NULL-terminated, or NULL for none; the role may read and write
 * beneath them. The hub passes the database's folder, the parent that and the
 * run directory, the others none.
 * KITH_UNSUPPORTED with a sentence that names the missing part.
 * In a build with sanitizers it is made ready and not entered: their runtimes
 * need calls that no role has.
 */
enum kith_code sandbox_apply(Kith__Ipc__Role role, enum sandbox_mode mode,
    const char *const *folders, struct fault *fault);

/*
 * The same in two steps, for a process that forks many: everything slow is
 * done once by sandbox_prepare(), and each child then calls sandbox_enter(),
 * which makes three system calls. What was prepared holds one descriptor.
 */
struct sandbox;

enum kith_code sandbox_prepare(Kith__Ipc__Role role, enum sandbox_mode mode,
    const char *const *folders, struct sandbox **sandbox_r,
    struct fault *fault);
enum kith_code sandbox_enter(
    const struct sandbox *sandbox, struct fault *fault);
void sandbox_free(struct sandbox **sandbox);

/*
 * In a forked child that is about to close everything: moves the descriptor,
 * where there is one, to the number fd. Returns the first number above what
 * is still needed.
 */
int sandbox_hold(struct sandbox *sandbox, int fd);
