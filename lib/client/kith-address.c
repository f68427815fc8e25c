/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a server is, as a person types it or a link says it. */
#include "kith-address.h"

#include "client-error.h"
#include "invite_link.h"

#define PIN_GROUP 4 /* characters */

void
kith_address_free (KithAddress *self)
{
  if (self == NULL)
    return;
  g_free (self->host);
  g_free (self->invite);
  g_free (self->pin);
  g_free (self);
}

static char *
text_or_null (const char *text)
{
  return *text == '\0' ? NULL : g_strdup (text);
}

KithAddress *
kith_address_parse (const char *text, GError **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  struct invite_link link = { 0 };
  struct fault fault = { 0 };
  enum kith_code code;
  KithAddress *self;

  if (g_ascii_strncasecmp (stripped, "kith:", 5) == 0)
    code = invite_link_parse (stripped, &link, &fault);
  else
    code = address_parse (stripped, &link.address, &fault);
  if (code != KITH_OK) {
    g_propagate_error (error, client_error_translate (code, fault.sentence));
    return NULL;
  }
  self = g_new0 (KithAddress, 1);
  self->host = g_strdup (link.address.host);
  self->port = link.address.port;
  self->invite = text_or_null (link.invite);
  self->pin = text_or_null (link.pin);
  return self;
}

char *
kith_address_format (const char *host, guint16 port)
{
  const gboolean v6 = strchr (host, ':') != NULL;
  const char *open = v6 ? "[" : "", *shut = v6 ? "]" : "";

  if (port == KITH_DEFAULT_PORT)
    return g_strconcat (open, host, shut, NULL);
  return g_strdup_printf ("%s%s%s:%u", open, host, shut, port);
}

char *
kith_pin_for_reading (const char *pin)
{
  GString *text = g_string_new (NULL);
  const char *key = pin;

  if (g_str_has_prefix (pin, PIN_PREFIX)) {
    g_string_append (text, PIN_PREFIX);
    key += strlen (PIN_PREFIX);
  }
  for (gsize i = 0; key[i] != '\0'; i++) {
    if (i % PIN_GROUP == 0 && text->len > 0)
      g_string_append_c (text, ' ');
    g_string_append_c (text, key[i]);
  }
  return g_string_free (text, FALSE);
}
