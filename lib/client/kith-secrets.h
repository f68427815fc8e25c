/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * KithSecrets: where device tokens are kept. An account is named by a string
 * "name@host:port". Everything is asynchronous: a keyring may ask the person
 * for its password first. Main thread only.
 *
 * Tokens are GBytes whose memory is wiped when the last reference goes.
 */
#define KITH_TYPE_SECRETS (kith_secrets_get_type ())
G_DECLARE_INTERFACE (KithSecrets, kith_secrets, KITH, SECRETS, GObject)

struct _KithSecretsInterface {
  GTypeInterface parent_iface;

  void (*store_async) (KithSecrets *self, const char *account, GBytes *token,
                       GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*store_finish) (KithSecrets *self, GAsyncResult *result,
                            GError **error);
  void (*lookup_async) (KithSecrets *self, const char *account,
                        GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data);
  GBytes *(*lookup_finish) (KithSecrets *self, GAsyncResult *result,
                            GError **error);
  void (*clear_async) (KithSecrets *self, const char *account,
                       GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*clear_finish) (KithSecrets *self, GAsyncResult *result,
                            GError **error);
};

void kith_secrets_store_async (KithSecrets *self, const char *account,
                               GBytes *token, GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean kith_secrets_store_finish (KithSecrets *self, GAsyncResult *result,
                                    GError **error);

void kith_secrets_lookup_async (KithSecrets *self, const char *account,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/* (transfer full) (nullable): NULL without an error when there is none. */
GBytes *kith_secrets_lookup_finish (KithSecrets *self, GAsyncResult *result,
                                    GError **error);

void kith_secrets_clear_async (KithSecrets *self, const char *account,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean kith_secrets_clear_finish (KithSecrets *self, GAsyncResult *result,
                                    GError **error);

/* Wipes a string and frees it. Takes NULL. */
void kith_secret_free (char *text);
/* (transfer full): a copy of length bytes that is wiped when it is freed. */
GBytes *kith_secret_bytes_new (const void *bytes, gsize length);

/* (transfer full): the desktop's secret service, by libsecret. */
KithSecrets *kith_secrets_new_libsecret (void);

/* (transfer full): for as long as the process lives: for tests. */
KithSecrets *kith_secrets_new_memory (void);

G_END_DECLS
