/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Knows GLib and the translations, and no widget.
 */
#include "unread-text.h"

#include <glib/gi18n.h>

#define BADGE_MAX 999

char *
unread_text_badge (guint unread)
{
  return unread > BADGE_MAX ? g_strdup_printf ("%d+", BADGE_MAX)
                            : g_strdup_printf ("%u", unread);
}

char *
unread_text_words (guint unread)
{
  return g_strdup_printf (
      ngettext ("%u unread message", "%u unread messages", unread), unread);
}

char *
unread_text_title (guint unread)
{
  g_autofree char *count = unread_text_badge (unread);

  if (unread == 0)
    return g_strdup ("kith");
  /* Translators: the window's title: how many messages are unread, and the
   * program's name. */
  return g_strdup_printf (_ ("(%s) kith"), count);
}
