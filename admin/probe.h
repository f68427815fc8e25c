/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "address.h"
#include "fault.h"

/* Is a server there? Asked as a client would, within PROBE_MS. */

#define PROBE_MS 5000 /* for the connection, and again for the handshake */

/*
 * Connects to a numeric address and leaves again. KITH_UNSUPPORTED: this machine
 * has no way there (no IPv6); KITH_TIMEOUT; KITH_IO with the reason.
 */
enum kith_code probe_tcp(const struct address *address, struct fault *f);

/* The same with TLS: whoever answers must have the key of that pin, else
 * KITH_UNTRUSTED; KITH_TLS. */
enum kith_code probe_tls(
    const struct address *address, const char *pin, struct fault *f);
