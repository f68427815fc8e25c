/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interface behind which device tokens are kept, and the keeping that
 * lasts as long as the process. Must never write a token anywhere.
 */
#include "kith-secrets.h"

#include <string.h>

G_DEFINE_INTERFACE (KithSecrets, kith_secrets, G_TYPE_OBJECT)

static void
kith_secrets_default_init (KithSecretsInterface *iface)
{
}

void
kith_secrets_store_async (KithSecrets *self, const char *account, GBytes *token,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  KITH_SECRETS_GET_IFACE (self)->store_async (self, account, token, cancellable,
                                              callback, user_data);
}

gboolean
kith_secrets_store_finish (KithSecrets *self, GAsyncResult *result,
                           GError **error)
{
  return KITH_SECRETS_GET_IFACE (self)->store_finish (self, result, error);
}

void
kith_secrets_lookup_async (KithSecrets *self, const char *account,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  KITH_SECRETS_GET_IFACE (self)->lookup_async (self, account, cancellable,
                                               callback, user_data);
}

GBytes *
kith_secrets_lookup_finish (KithSecrets *self, GAsyncResult *result,
                            GError **error)
{
  return KITH_SECRETS_GET_IFACE (self)->lookup_finish (self, result, error);
}

void
kith_secrets_clear_async (KithSecrets *self, const char *account,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  KITH_SECRETS_GET_IFACE (self)->clear_async (self, account, cancellable,
                                              callback, user_data);
}

gboolean
kith_secrets_clear_finish (KithSecrets *self, GAsyncResult *result,
                           GError **error)
{
  return KITH_SECRETS_GET_IFACE (self)->clear_finish (self, result, error);
}

void
kith_secret_free (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

typedef struct {
  gsize length;
  guint8 bytes[];
} SecretBytes;

static void
secret_bytes_free (gpointer data)
{
  SecretBytes *secret = data;

  explicit_bzero (secret->bytes, secret->length);
  g_free (secret);
}

GBytes *
kith_secret_bytes_new (const void *bytes, gsize length)
{
  SecretBytes *secret = g_malloc (sizeof (*secret) + length);

  secret->length = length;
  memcpy (secret->bytes, bytes, length);
  return g_bytes_new_with_free_func (secret->bytes, length, secret_bytes_free,
                                     secret);
}

/* ---- in memory ---- */

#define KITH_TYPE_SECRETS_MEMORY (kith_secrets_memory_get_type ())
G_DECLARE_FINAL_TYPE (KithSecretsMemory, kith_secrets_memory, KITH,
                      SECRETS_MEMORY, GObject)

struct _KithSecretsMemory {
  GObject parent_instance;

  GHashTable *tokens; /* account -> GBytes */
};

static void kith_secrets_memory_iface_init (KithSecretsInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
    KithSecretsMemory, kith_secrets_memory, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (KITH_TYPE_SECRETS, kith_secrets_memory_iface_init))

static void
memory_store_async (KithSecrets *secrets, const char *account, GBytes *token,
                    GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer user_data)
{
  KithSecretsMemory *self = KITH_SECRETS_MEMORY (secrets);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_hash_table_replace (self->tokens, g_strdup (account), g_bytes_ref (token));
  g_task_return_boolean (task, TRUE);
}

static gboolean
memory_boolean_finish (KithSecrets *secrets, GAsyncResult *result,
                       GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
memory_lookup_async (KithSecrets *secrets, const char *account,
                     GCancellable *cancellable, GAsyncReadyCallback callback,
                     gpointer user_data)
{
  KithSecretsMemory *self = KITH_SECRETS_MEMORY (secrets);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GBytes *token = g_hash_table_lookup (self->tokens, account);

  if (token != NULL)
    g_bytes_ref (token);
  g_task_return_pointer (task, token, (GDestroyNotify)g_bytes_unref);
}

static GBytes *
memory_lookup_finish (KithSecrets *secrets, GAsyncResult *result,
                      GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
memory_clear_async (KithSecrets *secrets, const char *account,
                    GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer user_data)
{
  KithSecretsMemory *self = KITH_SECRETS_MEMORY (secrets);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_hash_table_remove (self->tokens, account);
  g_task_return_boolean (task, TRUE);
}

static void
kith_secrets_memory_iface_init (KithSecretsInterface *iface)
{
  iface->store_async = memory_store_async;
  iface->store_finish = memory_boolean_finish;
  iface->lookup_async = memory_lookup_async;
  iface->lookup_finish = memory_lookup_finish;
  iface->clear_async = memory_clear_async;
  iface->clear_finish = memory_boolean_finish;
}

static void
kith_secrets_memory_finalize (GObject *object)
{
  KithSecretsMemory *self = KITH_SECRETS_MEMORY (object);

  g_hash_table_unref (self->tokens);
  G_OBJECT_CLASS (kith_secrets_memory_parent_class)->finalize (object);
}

static void
kith_secrets_memory_class_init (KithSecretsMemoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kith_secrets_memory_finalize;
}

static void
kith_secrets_memory_init (KithSecretsMemory *self)
{
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify)g_bytes_unref);
}

KithSecrets *
kith_secrets_new_memory (void)
{
  return g_object_new (KITH_TYPE_SECRETS_MEMORY, NULL);
}
