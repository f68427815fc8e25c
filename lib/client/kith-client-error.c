/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's error domain. Holds what a GError of it carries besides its
 * sentence; answers what the key or the waiting time was, and says in the
 * person's language what others said in English. Must never take what others
 * said for a format.
 */
#include "client-error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define DETAIL ": " /* between a sentence and what a library said */

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

/* (nullable): NULL where the catalogue does not have it, or there is none. The
 * empty one is never looked up: it stands for the catalogue's head. */
static const char *
translation_of (const char *english)
{
  const char *found;

  if (*english == '\0')
    return NULL;
  found = g_dgettext (GETTEXT_PACKAGE, english);
  return found == english ? NULL : found;
}

/* (transfer full) (nullable): of what stands before a detail that stays. */
static char *
translate_before_detail (const char *english)
{
  const char *detail = strstr (english, DETAIL);
  g_autofree char *before = NULL;
  const char *found;

  if (detail == NULL)
    return NULL;
  before = g_strndup (english, (gsize)(detail - english));
  found = translation_of (before);
  return found == NULL ? NULL : g_strconcat (found, detail, NULL);
}

/* (transfer full) (nullable): the one sentence of kithd's that has a time in it.
 * Only what is between its words is taken from the server. */
static char *
translate_locked_until (const char *english)
{
  const char *const format = N_ ("This account is locked until %s UTC.");
  const char *const gap = strstr (format, "%s");
  const gsize before = (gsize)(gap - format);
  const gsize around = strlen (format) - strlen ("%s");
  const gsize length = strlen (english);
  g_autofree char *until = NULL;

  if (translation_of (format) == NULL || length <= around
      || strncmp (english, format, before) != 0
      || !g_str_has_suffix (english, gap + strlen ("%s")))
    return NULL;
  until = g_strndup (english + before, length - around);
  return g_strdup_printf (_ ("This account is locked until %s UTC."), until);
}

/* (transfer full): what the catalogue does not know stands behind the sentence
 * of its code, so that a person who reads no English knows what it is about. */
static char *
in_the_persons_language (enum kith_code code, const char *english)
{
  const char *of_code = translation_of (kith_code_sentence (code));
  const char *found = translation_of (english);
  char *completed;

  if (found != NULL)
    return g_strdup (found);
  completed = translate_locked_until (english);
  if (completed == NULL)
    completed = translate_before_detail (english);
  if (completed != NULL || of_code == NULL)
    return completed != NULL ? completed : g_strdup (english);
  /* Translators: a whole sentence, and what the server said in English. */
  return g_strdup_printf (_ ("%s (%s)"), of_code, english);
}

GError *
client_error_new (enum kith_code code, const char *sentence)
{
  if (sentence == NULL || *sentence == '\0')
    sentence = g_dgettext (GETTEXT_PACKAGE, kith_code_sentence (code));
  return g_error_new_literal (KITH_CLIENT_ERROR, (gint)code, sentence);
}

GError *
client_error_translate (enum kith_code code, const char *english)
{
  g_autofree char *sentence = NULL;

  if (english != NULL && *english != '\0')
    sentence = in_the_persons_language (code, english);
  return client_error_new (code, sentence);
}

/* (transfer full) */
static char *
why_not_connected (const char *host, const GError *failure)
{
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return g_strdup_printf (
        _ ("Could not connect to %s: no server answers there."), host);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup_printf (_ ("Could not connect to %s: it does not answer."),
                            host);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE)
      || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE))
    return g_strdup_printf (
        _ ("Could not connect to %s: no network leads there."), host);
  if (g_error_matches (failure, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    return g_strdup_printf (
        _ ("Could not connect to %s: nothing is known by that name."), host);
  if (failure->domain == G_RESOLVER_ERROR)
    return g_strdup_printf (
        _ ("Could not connect to %s: its address cannot be looked up now."),
        host);
  return g_strdup (failure->message);
}

GError *
client_error_not_connected (const char *host, const GError *failure)
{
  g_autofree char *sentence = why_not_connected (host, failure);

  return client_error_new (KITH_IO, sentence);
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
