/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many messages are unread, as a person reads it. All (transfer full). */

/* Short, for a badge: "3", or "999+" where there is no end of them. */
char *unread_text_badge (guint unread);

/* For a screen reader: "3 unread messages". */
char *unread_text_words (guint unread);

/* Of the window: "(3) kith", or "kith" when there are none. */
char *unread_text_title (guint unread);

G_END_DECLS
