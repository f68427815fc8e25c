/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "fault.h"

G_BEGIN_DECLS

/*
 * The engine's errors. The code of such a GError is an enum kith_code (see
 * fault.h): what the server refused has the code that it was refused with,
 * and besides those there are
 *
 *   KITH_OFFLINE      it needs the server, and there is no connection
 *   KITH_TIMEOUT      the server did not answer in time
 *   KITH_UNTRUSTED    first contact, and no CA vouches for the server: show
 *                     kith_client_error_get_pin() for the person to compare,
 *                     then call again with that pin
 *   KITH_KEY_CHANGED  the server shows another key than the pinned one
 *   KITH_MALFORMED    the server broke the protocol
 *   KITH_IO, KITH_TLS, KITH_INTEGRITY, KITH_REFUSED  as in fault.h
 *
 * The message is a plain sentence in the person's language, to be shown as it
 * is. What a server says in words of its own stays in them.
 * Cancelled calls end with G_IO_ERROR_CANCELLED.
 */
#define KITH_CLIENT_ERROR (kith_client_error_quark ())

GQuark kith_client_error_quark (void);

/* (nullable): the key that the server showed, as "sha256:…"; set with
 * KITH_UNTRUSTED and KITH_KEY_CHANGED. Borrowed from the error. */
const char *kith_client_error_get_pin (const GError *error);

/* Milliseconds after which trying again makes sense; 0 if nothing is known. */
guint kith_client_error_get_retry_after_ms (const GError *error);

G_END_DECLS
