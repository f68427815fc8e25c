/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-message.h"

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

/* sender: what the other person is called; for the screen reader. */
GtkWidget *kith_message_row_new (KithMessage *message, const char *sender);

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
