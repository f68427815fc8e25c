/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's error domain. Holds what a GError of it carries besides its
 * sentence; answers what the key or the waiting time was.
 */
#include "client-error.h"

typedef struct {
  char *pin;
  guint retry_after_ms;
} KithClientErrorPrivate;

static void
kith_client_error_private_init (KithClientErrorPrivate *priv)
{
}

static void
kith_client_error_private_copy (const KithClientErrorPrivate *from,
                                KithClientErrorPrivate *to)
{
  if (from == NULL || to == NULL)
    return;
  to->pin = g_strdup (from->pin);
  to->retry_after_ms = from->retry_after_ms;
}

static void
kith_client_error_private_clear (KithClientErrorPrivate *priv)
{
  if (priv != NULL)
    g_free (priv->pin);
}

G_DEFINE_EXTENDED_ERROR (KithClientError, kith_client_error)

/* NULL for errors of other domains. */
static KithClientErrorPrivate *
private_of (const GError *error)
{
  if (error == NULL || error->domain != KITH_CLIENT_ERROR)
    return NULL;
  return kith_client_error_get_private (error);
}

const char *
kith_client_error_get_pin (const GError *error)
{
  KithClientErrorPrivate *priv = private_of (error);

  return priv == NULL ? NULL : priv->pin;
}

guint
kith_client_error_get_retry_after_ms (const GError *error)
{
  KithClientErrorPrivate *priv = private_of (error);

  return priv == NULL ? 0 : priv->retry_after_ms;
}

GError *
client_error_new (enum kith_code code, const char *sentence)
{
  if (sentence == NULL || *sentence == '\0')
    sentence = kith_code_sentence (code);
  return g_error_new_literal (KITH_CLIENT_ERROR, (gint)code, sentence);
}

void
client_error_set_pin (GError *error, const char *pin)
{
  KithClientErrorPrivate *priv = private_of (error);

  if (priv == NULL)
    return;
  g_free (priv->pin);
  priv->pin = g_strdup (pin);
}

void
client_error_set_retry_after_ms (GError *error, guint retry_after_ms)
{
  KithClientErrorPrivate *priv = private_of (error);

  if (priv != NULL)
    priv->retry_after_ms = retry_after_ms;
}

gboolean
client_error_is (const GError *error, enum kith_code code)
{
  return g_error_matches (error, KITH_CLIENT_ERROR, (gint)code);
}
