/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "records.h"

/*
 * Which account a profile is for: account.ini in its folder. Beside the cache
 * and not in it, so that a damaged cache costs nothing but a download. Holds
 * nothing secret.
 */
typedef struct {
  char *host;
  guint16 port;
  char *name;        /* to sign in with */
  char *pin;         /* (nullable): the trusted key; NULL: by CA */
  char *next_pin;    /* (nullable): the key that the server announced to
                        follow; trusted as well, and only beside a pin */
  char *server_name; /* (nullable): what the server calls itself */
  UserRecord self;   /* id 0 before the first sign-in */
} Account;

Account *account_new (const char *host, guint16 port, const char *name,
                      const char *pin);
/*
 * The server, over a connection that was trusted, announced this as its next
 * key ("" or NULL: none). What is not a pin counts as none; a server that is
 * trusted by CA has none. TRUE when that changes anything.
 */
gboolean account_set_next_pin (Account *self, const char *pin);

/* The server has shown this key: from now on the announced one is the only one,
 * if it was that. TRUE when it was. */
gboolean account_promote_pin (Account *self, const char *shown);

Account *account_copy (const Account *self);
void account_free (Account *self);

/* (nullable): NULL without an error when there is none; a file that cannot be
 * understood is KITH_MALFORMED. */
Account *account_load (const char *folder, GError **error);
/* Writes only what has changed. */
gboolean account_save (const Account *self, const char *folder, GError **error);
void account_delete (const char *folder);

/* (transfer full): "name@host:port", its name in the keyring. */
char *account_secret_name (const Account *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Account, account_free)
