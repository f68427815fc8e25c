/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "kith-message.h"
#include "kith-user.h"

G_BEGIN_DECLS

/*
 * KithConversation: the talk with one other person. Lives in the main thread;
 * one object a conversation, changed in place. What is done with it is done
 * through the KithEngine.
 *
 * Properties (read-only, all with notify):
 *   id            guint64
 *   peer          KithUser     the other person
 *   online        boolean      FALSE too while we are not connected
 *   typing        boolean      the peer is typing; falls back by itself
 *   unread        guint        messages of the peer above what was seen
 *   last-message  KithMessage  (nullable) the newest, pending ones included
 *   time          gint64       of the latest activity, microseconds since
 *                              1970; what the list is sorted by
 *   draft         string       never NULL; what was typed and not sent
 *   friends       boolean      FALSE: can be read but not written to
 *   messages      GListModel   of KithMessage, see below
 *   has-older     boolean      kith_engine_load_older_async() brings more
 *   has-newer     boolean      the window does not reach the newest message
 *
 * The messages: a window of consecutive messages, oldest first; those that are
 * pending or failed stand at the end. It is empty until
 * kith_engine_open_conversation_async() and after
 * kith_engine_close_conversation(). It never holds more than
 * KITH_CONVERSATION_WINDOW: loading at one end drops at the other, never what
 * is near to the end that was loaded. A new message is appended only while
 * has-newer is FALSE. Each change is one items-changed, so a view can hold its
 * place by the object at its top. A message found missing may be inserted
 * between others, and one that was pending may move when it gets its number.
 */
#define KITH_CONVERSATION_WINDOW 400
#define KITH_CONVERSATION_PAGE 50 /* messages that one loading brings */

#define KITH_TYPE_CONVERSATION (kith_conversation_get_type ())
G_DECLARE_FINAL_TYPE (KithConversation, kith_conversation, KITH, CONVERSATION,
                      GObject)

guint64 kith_conversation_get_id (KithConversation *self);
KithUser *kith_conversation_get_peer (KithConversation *self);
gboolean kith_conversation_get_online (KithConversation *self);
gboolean kith_conversation_get_typing (KithConversation *self);
guint kith_conversation_get_unread (KithConversation *self);
KithMessage *kith_conversation_get_last_message (KithConversation *self);
gint64 kith_conversation_get_time (KithConversation *self);
const char *kith_conversation_get_draft (KithConversation *self);
gboolean kith_conversation_get_friends (KithConversation *self);
GListModel *kith_conversation_get_messages (KithConversation *self);
gboolean kith_conversation_get_has_older (KithConversation *self);
gboolean kith_conversation_get_has_newer (KithConversation *self);

/* The highest number that the person has seen: an "unread" line stands above
 * the first message of the peer with a higher one. Ask when opening, before
 * kith_engine_mark_seen(). */
guint64 kith_conversation_get_read_number (KithConversation *self);

G_END_DECLS
