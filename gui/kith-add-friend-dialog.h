/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "kith-entry-dialog.h"

G_BEGIN_DECLS

/* KithAddFriendDialog: asks somebody to be a friend, by user name. Destroys
 * itself when done. */
#define KITH_TYPE_ADD_FRIEND_DIALOG (kith_add_friend_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KithAddFriendDialog, kith_add_friend_dialog, KITH,
                      ADD_FRIEND_DIALOG, KithEntryDialog)

GtkWidget *kith_add_friend_dialog_new (GtkWindow *parent, KithEngine *engine);

G_END_DECLS
