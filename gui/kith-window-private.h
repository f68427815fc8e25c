/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "kith-conversation-view.h"
#include "kith-key-changed-page.h"
#include "kith-notice-page.h"
#include "kith-sidebar.h"
#include "kith-toast.h"
#include "kith-trust-page.h"
#include "kith-welcome-page.h"
#include "kith-window.h"

G_BEGIN_DECLS

/* Shared by kith-window.c and kith-window-actions.c only. */

struct _KithWindow {
  HdyApplicationWindow parent_instance;

  GtkStack *stack;
  KithNoticePage *notice_page;
  KithWelcomePage *welcome_page;
  KithTrustPage *trust_page;
  KithKeyChangedPage *key_changed_page;
  HdyLeaflet *leaflet;
  KithSidebar *sidebar;
  KithConversationView *conversation_view;
  KithToast *toast;
  HdyHeaderGroup *header_group;

  KithEngine *engine;
  KithSettings *settings;
  KithEngineState state;      /* what the pages show now */
  char *pending_link;         /* (nullable): to open once there is no account */
  GtkWidget *password_dialog; /* weak */
  gint64 day_us;              /* on which day the times were written */
  guint day_source;
  guint check_source;          /* 0: nothing to check */
  GSignalGroup *shown_signals; /* of the conversation that is open */
};

/* ---- kith-window.c ---------------------------------------------------- */

/* Is somebody signed in, and no page of another kind before it? */
gboolean kith_window_chatting (KithWindow *self);
/* activated: the person wants to write there, not only to look. */
void kith_window_show_conversation (KithWindow *self,
                                    KithConversation *conversation,
                                    gboolean activated);
void kith_window_close_conversation (KithWindow *self);
/* Puts the keyboard where one goes on: to the composer, else to the list. */
void kith_window_take_focus (KithWindow *self);
/* Back to the form, if the question whether to trust is there. */
void kith_window_leave_trust_page (KithWindow *self);
/* Over the window, for a moment. What was asked for before the window went may
 * end after it: then nobody is told. */
void kith_window_say (KithWindow *self, const char *sentence);

/* ---- kith-window-actions.c -------------------------------------------- */

void kith_window_add_actions (KithWindow *self);
/* Once; when the question is there already, it comes to the front. */
void kith_window_ask_password (KithWindow *self);

G_END_DECLS
