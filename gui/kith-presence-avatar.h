/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/*
 * KithPresenceAvatar: the initials of a person in a coloured circle, with a dot
 * while that person is online; an icon for who is no person.
 *
 * Properties: size (int, pixels), text (string), online (boolean).
 */
#define KITH_TYPE_PRESENCE_AVATAR (kith_presence_avatar_get_type ())
G_DECLARE_FINAL_TYPE (KithPresenceAvatar, kith_presence_avatar, KITH,
                      PRESENCE_AVATAR, GtkOverlay)

void kith_presence_avatar_set_text (KithPresenceAvatar *self, const char *text);
void kith_presence_avatar_set_online (KithPresenceAvatar *self,
                                      gboolean online);

/* In place of the initials; NULL: the initials. */
void kith_presence_avatar_set_icon (KithPresenceAvatar *self,
                                    const char *icon_name);

G_END_DECLS
