/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/*
 * KithHistoryView: the messages of one conversation, growing at both ends as
 * they are scrolled to. It shows the conversation's window of messages, which
 * the engine bounds, so the number of rows is bounded too.
 */
#define KITH_TYPE_HISTORY_VIEW (kith_history_view_get_type ())
G_DECLARE_FINAL_TYPE (KithHistoryView, kith_history_view, KITH, HISTORY_VIEW,
                      GtkOverlay)

/* Once. */
void kith_history_view_set_engine (KithHistoryView *self, KithEngine *engine);

/* Opens it at the first unread message, else at the newest; closes the one
 * before. NULL: shows nothing. */
void kith_history_view_set_conversation (KithHistoryView *self,
                                         KithConversation *conversation);

/* Whether the window has the focus: only then is a message seen that shows. */
void kith_history_view_set_active (KithHistoryView *self, gboolean active);

/* Writes the days anew: after midnight "Today" has become "Yesterday". */
void kith_history_view_refresh_days (KithHistoryView *self);

/* To the newest message, through the engine if it is not in the window. */
void kith_history_view_go_to_newest (KithHistoryView *self);

/* A page up (TRUE) or down, for the keyboard. */
void kith_history_view_scroll_page (KithHistoryView *self, gboolean up);

G_END_DECLS
