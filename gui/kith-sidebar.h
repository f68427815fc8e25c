/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include <handy.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/*
 * KithSidebar: friend requests, answered in place, and the conversations.
 *
 * Signals:
 *   conversation-picked (KithConversation *, boolean activated)
 *       activated: by a click or Return, not by moving over it with the
 *       arrow keys
 *   problem (string)
 *       a sentence about something that did not work
 */
#define KITH_TYPE_SIDEBAR (kith_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (KithSidebar, kith_sidebar, KITH, SIDEBAR, GtkBox)

/* Once. */
void kith_sidebar_set_engine (KithSidebar *self, KithEngine *engine);

/* Which row is shown as chosen; NULL: none. Emits nothing. */
void kith_sidebar_select (KithSidebar *self, KithConversation *conversation);

/* (transfer none) (nullable): of those that show, the next one below the chosen
 * one (step 1) or above it (-1); with unread, the next that has unread
 * messages. NULL when there is none. */
KithConversation *kith_sidebar_neighbour (KithSidebar *self, int step,
                                          gboolean unread);

void kith_sidebar_focus_search (KithSidebar *self);
/* TRUE when there was a search to end. */
gboolean kith_sidebar_end_search (KithSidebar *self);
/* To the chosen row, else the first one. */
void kith_sidebar_focus_list (KithSidebar *self);
void kith_sidebar_open_menu (KithSidebar *self);
void kith_sidebar_set_folded (KithSidebar *self, gboolean folded);
void kith_sidebar_refresh_days (KithSidebar *self);

/* (transfer none) */
HdyHeaderBar *kith_sidebar_get_header_bar (KithSidebar *self);

G_END_DECLS
