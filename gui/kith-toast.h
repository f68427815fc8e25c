/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KithToast: a note over the window that leaves by itself. */
#define KITH_TYPE_TOAST (kith_toast_get_type ())
G_DECLARE_FINAL_TYPE (KithToast, kith_toast, KITH, TOAST, GtkRevealer)

/* Shows a sentence as plain text, in place of the one before. */
void kith_toast_say (KithToast *self, const char *sentence);

G_END_DECLS
