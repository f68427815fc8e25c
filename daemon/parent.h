/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "settings.h"

/*
 * The parent: starts hub, auth and listener, introduces them to each other,
 * starts again what dies, and answers signals and systemd.
 */

struct parent_options {
	const char *config; /* path of kithd.conf */

	/* called once when everything serves; may be NULL */
	void (*serving)(void *context);
	void *context;
};

/* Takes the settings. Runs until SIGTERM or SIGINT; returns the exit status. */
int parent_main(
    const struct parent_options *options, struct settings *settings);
