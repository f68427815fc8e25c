/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "models.h"

/*
 * The window of consecutive messages that an open conversation shows: in order
 * (kith_message_compare), each once, at most KITH_CONVERSATION_WINDOW of them.
 * Main thread only.
 */
typedef struct _MessageWindow MessageWindow;

MessageWindow *message_window_new (void);
void message_window_free (MessageWindow *self);

GListModel *message_window_get_model (MessageWindow *self); /* borrowed */
gboolean message_window_get_has_older (MessageWindow *self);
gboolean message_window_get_has_newer (MessageWindow *self);

/* Borrowed, NULL when it is not in the window. */
KithMessage *message_window_find_number (MessageWindow *self, guint64 number);
KithMessage *message_window_find_outbox (MessageWindow *self,
                                         guint64 outbox_id);
KithMessage *message_window_find_operation (MessageWindow *self,
                                            const guint8 *operation);

/* Puts a new message in its place, if it belongs into the window. */
void message_window_add (MessageWindow *self, KithMessage *message);
/* Its order has changed: move it if that is needed. */
void message_window_resort (MessageWindow *self, KithMessage *message);
void message_window_remove (MessageWindow *self, KithMessage *message);

/* messages: of KithMessage, in order; those already there are passed over. */
void message_window_apply_page (MessageWindow *self, PageKind kind,
                                GPtrArray *messages, gboolean more);
void message_window_clear (MessageWindow *self);

/* 0 when there is none with a number. */
guint64 message_window_get_first (MessageWindow *self);
guint64 message_window_get_last (MessageWindow *self);
