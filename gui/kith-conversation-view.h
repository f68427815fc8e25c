/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include <handy.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/* KithConversationView: the right side of the window: who it is, what was
 * said, where to write. */
#define KITH_TYPE_CONVERSATION_VIEW (kith_conversation_view_get_type ())
G_DECLARE_FINAL_TYPE (KithConversationView, kith_conversation_view, KITH,
                      CONVERSATION_VIEW, GtkBox)

/* Once. */
void kith_conversation_view_set_engine (KithConversationView *self,
                                        KithEngine *engine);

/* NULL: an invitation to pick one. */
void kith_conversation_view_set_conversation (KithConversationView *self,
                                              KithConversation *conversation);

/* (transfer none) (nullable) */
KithConversation *
kith_conversation_view_get_conversation (KithConversationView *self);

/* Whether the window has the focus. */
void kith_conversation_view_set_active (KithConversationView *self,
                                        gboolean active);

/* Whether it stands alone in a narrow window and needs a way back. */
void kith_conversation_view_set_folded (KithConversationView *self,
                                        gboolean folded);

/* FALSE: nothing can be written here. */
gboolean kith_conversation_view_focus_composer (KithConversationView *self);
void kith_conversation_view_go_to_newest (KithConversationView *self);
void kith_conversation_view_refresh_days (KithConversationView *self);

/* (transfer none) */
HdyHeaderBar *
kith_conversation_view_get_header_bar (KithConversationView *self);

G_END_DECLS
