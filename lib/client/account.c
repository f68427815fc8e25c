/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The profile's account.ini. Must never hold a password or a token. */
#include "account.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "client-error.h"
#include "pin.h"
#include "text.h"

#define ACCOUNT_FILE "account.ini"
#define ACCOUNT_GROUP "account"

Account *
account_new (const char *host, guint16 port, const char *name, const char *pin)
{
  Account *self = g_new0 (Account, 1);

  self->host = g_strdup (host);
  self->port = port;
  self->name = g_strdup (name);
  self->pin = g_strdup (pin);
  return self;
}

gboolean
account_set_next_pin (Account *self, const char *pin)
{
  const gboolean usable
      = self->pin != NULL && pin_valid (pin) && !g_str_equal (pin, self->pin);

  if (!usable)
    pin = NULL;
  if (g_strcmp0 (pin, self->next_pin) == 0)
    return FALSE;
  g_free (self->next_pin);
  self->next_pin = g_strdup (pin);
  return TRUE;
}

gboolean
account_promote_pin (Account *self, const char *shown)
{
  if (self->next_pin == NULL || g_strcmp0 (shown, self->next_pin) != 0)
    return FALSE;
  g_free (self->pin);
  self->pin = g_steal_pointer (&self->next_pin);
  return TRUE;
}

Account *
account_copy (const Account *self)
{
  Account *copy = account_new (self->host, self->port, self->name, self->pin);

  copy->next_pin = g_strdup (self->next_pin);
  copy->server_name = g_strdup (self->server_name);
  user_record_copy (&copy->self, &self->self);
  return copy;
}

void
account_free (Account *self)
{
  if (self == NULL)
    return;
  g_free (self->host);
  g_free (self->name);
  g_free (self->pin);
  g_free (self->next_pin);
  g_free (self->server_name);
  user_record_clear (&self->self);
  g_free (self);
}

static char *
file_in (const char *folder)
{
  return g_build_filename (folder, ACCOUNT_FILE, NULL);
}

static char *
read_string (GKeyFile *file, const char *key)
{
  return g_key_file_get_string (file, ACCOUNT_GROUP, key, NULL);
}

static gboolean
plausible (const Account *self)
{
  return self->host != NULL && *self->host != '\0' && self->port != 0
         && self->name != NULL && text_check_name (self->name) == KITH_OK
         && (self->pin == NULL || pin_valid (self->pin));
}

Account *
account_load (const char *folder, GError **error)
{
  g_autofree char *path = file_in (folder);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *next_pin = NULL;
  g_autoptr (Account) self = g_new0 (Account, 1);
  g_autoptr (GError) failure = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &failure)) {
    if (!g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      g_propagate_error (error, client_error_new (KITH_IO, failure->message));
    return NULL;
  }
  self->host = read_string (file, "host");
  self->port
      = (guint16)g_key_file_get_integer (file, ACCOUNT_GROUP, "port", NULL);
  self->name = read_string (file, "name");
  self->pin = read_string (file, "pin");
  next_pin = read_string (file, "next-pin");
  account_set_next_pin (self, next_pin);
  self->server_name = read_string (file, "server-name");
  self->self.id = g_key_file_get_uint64 (file, ACCOUNT_GROUP, "id", NULL);
  self->self.name = g_strdup (self->name);
  self->self.display_name = read_string (file, "display-name");
  if (plausible (self))
    return g_steal_pointer (&self);
  g_propagate_error (
      error, client_error_new (KITH_MALFORMED,
                               _ ("The account's file cannot be read.")));
  return NULL;
}

static void
put_string (GKeyFile *file, const char *key, const char *value)
{
  if (value != NULL)
    g_key_file_set_string (file, ACCOUNT_GROUP, key, value);
}

static gboolean
is_written (const char *path, const char *text)
{
  g_autofree char *there = NULL;

  return g_file_get_contents (path, &there, NULL, NULL)
         && g_str_equal (there, text);
}

/* (transfer full) */
static GError *
not_written (const GError *failure)
{
  g_autofree char *sentence = NULL;

  if (g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOSPC))
    return client_error_new (
        KITH_STORAGE_FULL, _ ("There is no room on this computer to store the "
                              "account."));
  sentence = g_strdup_printf (_ ("The account cannot be stored: %s."),
                              failure->message);
  return client_error_new (KITH_IO, sentence);
}

gboolean
account_save (const Account *self, const char *folder, GError **error)
{
  g_autofree char *path = file_in (folder);
  g_autofree char *text = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) failure = NULL;
  gsize length = 0;

  put_string (file, "host", self->host);
  g_key_file_set_integer (file, ACCOUNT_GROUP, "port", self->port);
  put_string (file, "name", self->name);
  put_string (file, "pin", self->pin);
  put_string (file, "next-pin", self->next_pin);
  put_string (file, "server-name", self->server_name);
  g_key_file_set_uint64 (file, ACCOUNT_GROUP, "id", self->self.id);
  put_string (file, "display-name", self->self.display_name);
  text = g_key_file_to_data (file, &length, NULL);
  /* Each sign-in saves, and a full disk must not keep us from connecting. */
  if (is_written (path, text)
      || g_file_set_contents_full (path, text, (gssize)length,
                                   G_FILE_SET_CONTENTS_CONSISTENT
                                       | G_FILE_SET_CONTENTS_DURABLE,
                                   0600, &failure))
    return TRUE;
  g_propagate_error (error, not_written (failure));
  return FALSE;
}

void
account_delete (const char *folder)
{
  g_autofree char *path = file_in (folder);

  unlink (path);
}

char *
account_secret_name (const Account *self)
{
  return g_strdup_printf ("%s@%s:%u", self->name, self->host, self->port);
}
