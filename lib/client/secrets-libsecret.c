/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Device tokens in the desktop's secret service. Only libsecret's asynchronous
 * calls: a keyring may ask the person for a password, or not be there.
 */
#include <string.h>

#include <libsecret/secret.h>

#include "kith-secrets.h"

#define KITH_TYPE_SECRETS_LIBSECRET (kith_secrets_libsecret_get_type ())
G_DECLARE_FINAL_TYPE (KithSecretsLibsecret, kith_secrets_libsecret, KITH,
                      SECRETS_LIBSECRET, GObject)

struct _KithSecretsLibsecret {
  GObject parent_instance;
};

static void kith_secrets_libsecret_iface_init (KithSecretsInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
    KithSecretsLibsecret, kith_secrets_libsecret, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (KITH_TYPE_SECRETS,
                           kith_secrets_libsecret_iface_init))

static const SecretSchema schema = {
  "org.kith.DeviceToken",
  SECRET_SCHEMA_NONE,
  { { "account", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { NULL, SECRET_SCHEMA_ATTRIBUTE_STRING } },
};

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (secret_password_store_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
libsecret_store_async (KithSecrets *self, const char *account, GBytes *token,
                       GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *label = g_strdup_printf ("kith: %s", account);
  gsize length = 0;
  const void *bytes = g_bytes_get_data (token, &length);
  char *text = g_base64_encode (bytes, length);

  secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, text,
                         cancellable, on_stored, task, "account", account,
                         NULL);
  kith_secret_free (text);
}

static gboolean
libsecret_boolean_finish (KithSecrets *self, GAsyncResult *result,
                          GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static GBytes *
token_from_text (const char *text)
{
  gsize length = 0;
  guchar *bytes = g_base64_decode (text, &length);
  GBytes *token = length == 0 ? NULL : kith_secret_bytes_new (bytes, length);

  explicit_bzero (bytes, length);
  g_free (bytes);
  return token;
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  char *text = secret_password_lookup_finish (result, &error);

  if (error != NULL) {
    g_task_return_error (task, error);
    return;
  }
  g_task_return_pointer (task, text == NULL ? NULL : token_from_text (text),
                         (GDestroyNotify)g_bytes_unref);
  kith_secret_free (text);
}

static void
libsecret_lookup_async (KithSecrets *self, const char *account,
                        GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  secret_password_lookup (&schema, cancellable, on_looked_up, task, "account",
                          account, NULL);
}

static GBytes *
libsecret_lookup_finish (KithSecrets *self, GAsyncResult *result,
                         GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  secret_password_clear_finish (result, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
libsecret_clear_async (KithSecrets *self, const char *account,
                       GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  secret_password_clear (&schema, cancellable, on_cleared, task, "account",
                         account, NULL);
}

static void
kith_secrets_libsecret_iface_init (KithSecretsInterface *iface)
{
  iface->store_async = libsecret_store_async;
  iface->store_finish = libsecret_boolean_finish;
  iface->lookup_async = libsecret_lookup_async;
  iface->lookup_finish = libsecret_lookup_finish;
  iface->clear_async = libsecret_clear_async;
  iface->clear_finish = libsecret_boolean_finish;
}

static void
kith_secrets_libsecret_class_init (KithSecretsLibsecretClass *klass)
{
}

static void
kith_secrets_libsecret_init (KithSecretsLibsecret *self)
{
}

KithSecrets *
kith_secrets_new_libsecret (void)
{
  return g_object_new (KITH_TYPE_SECRETS_LIBSECRET, NULL);
}
