/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define KITH_DEFAULT_PORT 5484

/*
 * KithAddress: where a server is and what is known of it beforehand, as a
 * person types it or a kith: link says it. A plain record; free with
 * kith_address_free() (g_autoptr works).
 */
typedef struct {
  char *host; /* never NULL: a name, an IPv4 or (bare) IPv6 address */
  guint16 port;
  char *invite; /* (nullable): an invite's code */
  char *pin;    /* (nullable): "sha256:…", a key to trust */
} KithAddress;

/*
 * (transfer full) (nullable): reads "host", "host:port", "[v6]:port" or a
 * whole "kith://…" link. White space around it is ignored. NULL with
 * KITH_MALFORMED and a sentence when it is none of these.
 */
KithAddress *kith_address_parse (const char *text, GError **error);
void kith_address_free (KithAddress *self);

/* (transfer full): "host" or "host:port" when the port is not the default;
 * IPv6 in brackets. */
char *kith_address_format (const char *host, guint16 port);

/* (transfer full): a pin in groups of four characters, easier to compare:
 * "sha256: Abcd efgh …". */
char *kith_pin_for_reading (const char *pin);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KithAddress, kith_address_free)

G_END_DECLS
