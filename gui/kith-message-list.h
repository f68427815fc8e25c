/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/* As the number of the unread line: it stands nowhere. */
#define KITH_MESSAGE_LIST_NOTHING_UNREAD G_MAXUINT64

/*
 * KithMessageList: the rows of the messages that a conversation's window
 * holds, with the days and the unread line between them.
 *
 * Signal: rows-changed (): rows have come or gone and know their neighbours.
 */
#define KITH_TYPE_MESSAGE_LIST (kith_message_list_get_type ())
G_DECLARE_FINAL_TYPE (KithMessageList, kith_message_list, KITH, MESSAGE_LIST,
                      GtkListBox)

/* Once. */
void kith_message_list_set_engine (KithMessageList *self, KithEngine *engine);

/* NULL: no rows. The unread line is gone. */
void kith_message_list_set_conversation (KithMessageList *self,
                                         KithConversation *conversation);

/* Puts the unread line above the first message of the peer with a higher
 * number. */
void kith_message_list_set_unread_after (KithMessageList *self, guint64 number);

/* (transfer none) (nullable): the row below the unread line. NULL too when the
 * line stands somewhere above the window. */
GtkListBoxRow *kith_message_list_get_first_unread (KithMessageList *self);

/* Writes the days anew: after midnight "Today" has become "Yesterday". */
void kith_message_list_refresh_days (KithMessageList *self);

/* Has a screen reader say it. */
void kith_message_list_announce (KithMessageList *self, KithMessage *message);

G_END_DECLS
