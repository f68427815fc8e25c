/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "settings.h"

/* The sockets that others connect to; made by the parent, used by children. */

#define LISTENING_BACKLOG 4096 /* connections that may wait for accept() */

struct listening {
	size_t count;
	int fd[SETTINGS_LISTEN_MAX]; /* non-blocking, close-on-exec */
	char text[SETTINGS_LISTEN_MAX][ADDRESS_TEXT_SIZE];
};

/*
 * Binds every address of "listen"; an IPv6 address takes IPv6 only. KITH_IO
 * with a sentence that names the address; nothing stays open then.
 */
enum kith_code listening_open(const struct settings *settings,
    struct listening *listening_r, struct fault *fault);

void listening_close(struct listening *listening);

/*
 * Makes the control socket RUN-DIRECTORY/control, mode 0600. One that nobody
 * answers on is replaced; KITH_REFUSED when somebody does. *path_r is new.
 */
enum kith_code listening_control(
    const char *run_directory, int *fd_r, char **path_r, struct fault *fault);
