/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "kith-user.h"

G_BEGIN_DECLS

/*
 * KithFriendRequest: an open friend request, from or to the person of this
 * account. It leaves the engine's list when it is answered or withdrawn, here
 * or elsewhere. Lives in the main thread. Nothing of it but "busy" changes.
 *
 * Properties (read-only):
 *   id        guint64
 *   user      KithUser  the other person
 *   incoming  boolean   TRUE: the other asks, accept or reject;
 *                       FALSE: this account asks, can be cancelled
 *   time      gint64    microseconds since 1970, by the server's clock
 *   busy      boolean   an answer is on its way (notify): buttons rest
 */
#define KITH_TYPE_FRIEND_REQUEST (kith_friend_request_get_type ())
G_DECLARE_FINAL_TYPE (KithFriendRequest, kith_friend_request, KITH,
                      FRIEND_REQUEST, GObject)

guint64 kith_friend_request_get_id (KithFriendRequest *self);
KithUser *kith_friend_request_get_user (KithFriendRequest *self);
gboolean kith_friend_request_get_incoming (KithFriendRequest *self);
gint64 kith_friend_request_get_time (KithFriendRequest *self);
gboolean kith_friend_request_get_busy (KithFriendRequest *self);

G_END_DECLS
