/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A real kithd from this build, in a folder of its own on a port of its own.
 * Open sign-up, cheap passwords.
 */
struct real_kithd {
	char *folder;
	guint16 port;
	char *pin;
	GPid pid; /* 0: it does not run */
};

/* NULL when this build has none. */
struct real_kithd *real_kithd_new(void);
void real_kithd_start(struct real_kithd *k); /* waits until it answers */
/* By SIGTERM; it must end well. */
void real_kithd_stop(struct real_kithd *k);
void real_kithd_free(struct real_kithd *k);
