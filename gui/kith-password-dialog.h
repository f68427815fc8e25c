/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "kith-entry-dialog.h"

G_BEGIN_DECLS

/* KithPasswordDialog: asks for the password of the account that is there, when
 * no token works any more. Destroys itself when done. */
#define KITH_TYPE_PASSWORD_DIALOG (kith_password_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KithPasswordDialog, kith_password_dialog, KITH,
                      PASSWORD_DIALOG, KithEntryDialog)

GtkWidget *kith_password_dialog_new (GtkWindow *parent, KithEngine *engine);

G_END_DECLS
