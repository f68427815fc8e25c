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
  char *server_name; /* (nullable): what the server calls itself */
  UserRecord self;   /* id 0 before the first sign-in */
} Account;

Account *account_new (const char *host, guint16 port, const char *name,
                      const char *pin);
Account *account_copy (const Account *self);
void account_free (Account *self);

/* (nullable): NULL without an error when there is none; a file that cannot be
 * understood is KITH_MALFORMED. */
Account *account_load (const char *folder, GError **error);
gboolean account_save (const Account *self, const char *folder, GError **error);
void account_delete (const char *folder);

/* (transfer full): "name@host:port", its name in the keyring. */
char *account_secret_name (const Account *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Account, account_free)
