/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "kith-conversation.h"
#include "kith-friend-request.h"
#include "kith-message.h"
#include "kith-user.h"
#include "records.h"

/*
 * The models' other side: how the engine fills them. Main thread only. Each
 * setter notifies only what has changed.
 */

/* ---- KithUser ---- */

KithUser *kith_user_new (const UserRecord *record);
void kith_user_update (KithUser *self, const UserRecord *record);

/* ---- KithFriendRequest ---- */

KithFriendRequest *kith_friend_request_new (const RequestRecord *record,
                                            KithUser *user);
void kith_friend_request_set_busy (KithFriendRequest *self, gboolean busy);

/* ---- KithMessage ---- */

KithMessage *kith_message_new (const MessageRecord *record, gboolean outgoing);
/* Number, time, text, reason and place in the outbox; not yet the ticks. */
void kith_message_update (KithMessage *self, const MessageRecord *record);
/* Ticks of an outgoing message that has its number. */
void kith_message_apply_marks (KithMessage *self, guint64 delivered,
                               guint64 read);
guint64 kith_message_get_outbox_id (KithMessage *self); /* 0: not in it */
/* Is it the one that this operation sends? */
gboolean kith_message_has_operation (KithMessage *self,
                                     const guint8 *operation);
/* Order in a conversation: by number, then those of the outbox. */
int kith_message_compare (KithMessage *a, KithMessage *b);

/* ---- KithConversation ---- */

typedef enum {
  PAGE_NEWEST, /* replaces the window; ends with the outbox */
  PAGE_OLDER,  /* goes before it */
  PAGE_NEWER,  /* goes after it; ends with the outbox when no more */
} PageKind;

KithConversation *kith_conversation_new (guint64 id, KithUser *peer,
                                         guint64 self_id);
/* All but the draft: what is being typed is newer than what was stored. */
void kith_conversation_update (KithConversation *self,
                               const ConversationRecord *record);
void kith_conversation_set_online (KithConversation *self, gboolean online);
void kith_conversation_set_typing (KithConversation *self, gboolean typing);
void kith_conversation_set_draft (KithConversation *self, const char *draft);
/* Seen to its end by the person: unread is 0 at once. */
void kith_conversation_set_seen (KithConversation *self, guint64 number);
guint64 kith_conversation_get_last_number (KithConversation *self);

/*
 * One message came or changed: into the window where it belongs there, and
 * last-message and time. (transfer full): the object that stands for it.
 */
KithMessage *kith_conversation_apply_message (KithConversation *self,
                                              const MessageRecord *record);
/* A message of the outbox was deleted; last: what is then the newest. */
void kith_conversation_remove_outbox (KithConversation *self, guint64 outbox_id,
                                      const MessageRecord *last);

/*
 * A page for the window. generation must be the one of when it was asked for,
 * or else the page is dropped (FALSE): the window was closed meanwhile.
 * records: MessageRecord, oldest first; more: there are further ones beyond.
 */
typedef struct {
  PageKind kind;
  GPtrArray *records;
  gboolean more;
  guint generation;
} MessagePage;

gboolean kith_conversation_apply_page (KithConversation *self,
                                       const MessagePage *page);
guint kith_conversation_get_generation (KithConversation *self);
gboolean kith_conversation_is_open (KithConversation *self);
void kith_conversation_open (KithConversation *self);  /* new generation */
void kith_conversation_close (KithConversation *self); /* empties */
/* The lowest and highest number in the window; 0 when there is none. */
guint64 kith_conversation_get_window_first (KithConversation *self);
guint64 kith_conversation_get_window_last (KithConversation *self);
/* One load at a time: what is under way, or NULL. Ends with the window. */
gpointer kith_conversation_get_load (KithConversation *self);
void kith_conversation_begin_load (KithConversation *self, gpointer load);
void kith_conversation_end_load (KithConversation *self);
