/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-friend-request.h"

G_BEGIN_DECLS

/*
 * KithRequestRow: one friend request, answered in place.
 *
 * Signal: answered (KithRequestRow, int) with a KithAnswer.
 */
#define KITH_TYPE_REQUEST_ROW (kith_request_row_get_type ())
G_DECLARE_FINAL_TYPE (KithRequestRow, kith_request_row, KITH, REQUEST_ROW,
                      GtkListBoxRow)

GtkWidget *kith_request_row_new (KithFriendRequest *request);

/* (transfer none) */
KithFriendRequest *kith_request_row_get_request (KithRequestRow *self);

G_END_DECLS
