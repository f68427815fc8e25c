/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fault.h"
#include "ipc.pb-c.h"

/*
 * Process plumbing that every role shares: which processes there are, who is
 * connected to whom (proc_links: the whole topology), and how one is started.
 * The child's side of it is child.h.
 */

#define PROC_CHANNEL_FD 3 /* a child's channel to its parent */

/* The two roles that kithd itself plays when it is re-executed. */
int hub_main(void);
int auth_main(void);

/* Two children with a channel between them. */
struct proc_link {
	Kith__Ipc__Role one;
	Kith__Ipc__Role other;
};

extern const struct proc_link proc_links[];
extern const size_t proc_link_count;

/* "parent", "hub", "auth", "listener", "session". Static. */
const char *proc_role_word(Kith__Ipc__Role role);

/* The role for such a word; false when there is none. */
bool proc_role_parse(const char *word, Kith__Ipc__Role *role_r);

/* First in main(): makes room for titles. argv's strings stay valid. */
void proc_init(int argc, char *argv[], char *envp[]);

/*
 * Sets title ("kithd: hub") and command name, and opens the log for the role.
 * Any process, also after a fork.
 */
void proc_name(const char *program, Kith__Ipc__Role role);

/*
 * First in every re-executed child: descriptor 3 becomes close-on-exec, all
 * above it are closed, signals get their places.
 */
void proc_child_init(void);

struct proc_programs; /* the two programs, opened once so that an upgrade on
                       * disk cannot mix versions */

/* KITH_NOT_FOUND with a sentence when kithd-session is not where it belongs. */
enum kith_code proc_programs_open(
    struct proc_programs **programs_r, struct fault *fault);
void proc_programs_free(struct proc_programs **programs);

/*
 * Starts a child in a process group of its own; *channel_r is the parent's end
 * of its channel.
 */
enum kith_code proc_start(const struct proc_programs *programs,
    Kith__Ipc__Role role, pid_t *pid_r, int *channel_r, struct fault *fault);
