/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/*
 * KithConversationList: the rows of the conversations, in the order of the
 * model.
 *
 * Signals:
 *   conversation-picked (KithConversation, gboolean activated): activated is
 *     FALSE when the row was only moved to, as with the arrow keys
 *   arranged (): the rows are as the model is, after it has changed
 */
#define KITH_TYPE_CONVERSATION_LIST (kith_conversation_list_get_type ())
G_DECLARE_FINAL_TYPE (KithConversationList, kith_conversation_list, KITH,
                      CONVERSATION_LIST, GtkListBox)

/* Once; the rows are there afterwards. */
void kith_conversation_list_set_engine (KithConversationList *self,
                                        KithEngine *engine);

gboolean kith_conversation_list_is_empty (KithConversationList *self);

/* Shows only those whose person is found by these words; "": all. */
void kith_conversation_list_filter (KithConversationList *self,
                                    const char *words);

/* Marks the row of a conversation, without picking it. NULL: none. */
void kith_conversation_list_select (KithConversationList *self,
                                    KithConversation *conversation);

/* (transfer none) (nullable): of those that show, the next one below the
 * selected one (step 1) or above it (-1); unread: with something unread. */
KithConversation *kith_conversation_list_neighbour (KithConversationList *self,
                                                    int step, gboolean unread);

/* (transfer none) (nullable): the first that shows. */
KithConversation *kith_conversation_list_get_first (KithConversationList *self);

/* Puts the keyboard on the first row that shows. FALSE: there is none. */
gboolean kith_conversation_list_focus_first (KithConversationList *self);

/* As above, but on the selected row if that one shows. */
gboolean kith_conversation_list_focus_selected (KithConversationList *self);

/* Writes the times anew: after midnight "Today" has become "Yesterday". */
void kith_conversation_list_refresh_days (KithConversationList *self);

G_END_DECLS
