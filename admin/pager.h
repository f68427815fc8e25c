/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Sends standard output through $KITH_PAGER, $PAGER or "less -FRX": as the user
 * that this process is by now. With `guarded`, which is for whoever got more
 * rights than they logged in with, it is less alone, and one that starts no
 * programs. Returns its process id; 0: there is none, and standard output is
 * what it was.
 */
pid_t pager_start(bool guarded);

/* Ends what is written and waits until the person has read it. */
void pager_wait(pid_t pid);
