/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "message-window.h"

/*
 * The inside of KithConversation, shared by its two files:
 *
 *   kith-conversation.c      the object, its properties, what is told of it
 *   conversation-messages.c  its messages: the newest, and the window of them
 */

struct _KithConversation {
  GObject parent_instance;

  guint64 id;
  guint64 self_id;
  KithUser *peer;
  gboolean friends;
  gboolean online;
  gboolean typing;
  guint typing_timeout;
  guint unread;
  gint64 time_us;
  gint64 told_us; /* the latest that the server told of */
  char *draft;
  guint64 read_number;
  guint64 last_number;
  guint64 peer_delivered;
  guint64 peer_read;
  KithMessage *last_message;
  MessageWindow *window;
  gboolean open;
  gpointer load; /* the engine's; not owned */
  guint generation;
};

typedef enum {
  CONVERSATION_PROP_0,
  CONVERSATION_PROP_ID,
  CONVERSATION_PROP_PEER,
  CONVERSATION_PROP_ONLINE,
  CONVERSATION_PROP_TYPING,
  CONVERSATION_PROP_UNREAD,
  CONVERSATION_PROP_LAST_MESSAGE,
  CONVERSATION_PROP_TIME,
  CONVERSATION_PROP_DRAFT,
  CONVERSATION_PROP_FRIENDS,
  CONVERSATION_PROP_MESSAGES,
  CONVERSATION_PROP_HAS_OLDER,
  CONVERSATION_PROP_HAS_NEWER,
  CONVERSATION_N_PROPS,
} ConversationProperty;

void conversation_notify (KithConversation *self,
                          ConversationProperty property);
/* The server told of an activity at this time (0: of none), or the newest
 * message is another. */
void conversation_set_time (KithConversation *self, gint64 told_us);
