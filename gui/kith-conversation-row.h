/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-conversation.h"

G_BEGIN_DECLS

/* KithConversationRow: one conversation in the sidebar: who, whether they are
 * there, the last message, when, how many are unread. */
#define KITH_TYPE_CONVERSATION_ROW (kith_conversation_row_get_type ())
G_DECLARE_FINAL_TYPE (KithConversationRow, kith_conversation_row, KITH,
                      CONVERSATION_ROW, GtkListBoxRow)

GtkWidget *kith_conversation_row_new (KithConversation *conversation);

/* (transfer none) */
KithConversation *
kith_conversation_row_get_conversation (KithConversationRow *self);

/* Writes the time anew: after midnight "14:03" has become "Yesterday". */
void kith_conversation_row_refresh_time (KithConversationRow *self);

/* Whether the user name begins with what is searched for, or for each of its
 * words a word of the title does (case does not matter); TRUE for "". */
gboolean kith_conversation_row_matches (KithConversationRow *self,
                                        const char *words);

G_END_DECLS
