/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/*
 * KithUser: a person, as far as this account knows them. Lives in the main
 * thread; there is one object a person, and it changes in place.
 *
 * Properties (all read-only, with notify):
 *   id            guint64
 *   name          string   [a-z0-9._-]{2,32}, unique on the server; of the
 *                          server itself ":" and such a name
 *   display-name  string   free text, may be empty; already checked: no
 *                          control or bidi characters, at most 128 bytes
 *   title         string   what to show: the display name, or else the name
 */
#define KITH_TYPE_USER (kith_user_get_type ())
G_DECLARE_FINAL_TYPE (KithUser, kith_user, KITH, USER, GObject)

guint64 kith_user_get_id (KithUser *self);
const char *kith_user_get_name (KithUser *self);
const char *kith_user_get_display_name (KithUser *self);
const char *kith_user_get_title (KithUser *self);

/* Not a person: the server, which makes its administrator's announcements.
 * Never a friend, never online, never written to. */
gboolean kith_user_get_is_server (KithUser *self);

G_END_DECLS
