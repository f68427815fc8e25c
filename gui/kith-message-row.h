/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-message.h"
#include "kith-user.h"

G_BEGIN_DECLS

/*
 * KithMessageRow: one message as a bubble, with what stands above it (a day,
 * the line over what is unread).
 *
 * Signals: retry (), discard (): of a message that failed.
 */
#define KITH_TYPE_MESSAGE_ROW (kith_message_row_get_type ())
G_DECLARE_FINAL_TYPE (KithMessageRow, kith_message_row, KITH, MESSAGE_ROW,
                      GtkListBoxRow)

/* peer: the other person, whose name a screen reader reads. */
GtkWidget *kith_message_row_new (KithMessage *message, KithUser *peer);

/* (transfer none) */
KithMessage *kith_message_row_get_message (KithMessageRow *self);

/*
 * What stands before and after it (both nullable), from which it knows whether
 * a new day begins and whether its bubble joins its neighbours.
 * unread_line: the first of the unread messages.
 */
void kith_message_row_set_context (KithMessageRow *self, KithMessage *before,
                                   KithMessage *after, gboolean unread_line);

G_END_DECLS
