/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The look of kith: its style sheets over the person's theme, light or dark as
 * that theme is. */
#define KITH_TYPE_STYLE (kith_style_get_type ())
G_DECLARE_FINAL_TYPE (KithStyle, kith_style, KITH, STYLE, GObject)

KithStyle *kith_style_new (void);

/* dark: also where the person's theme is light. */
void kith_style_use_dark (gboolean dark);

G_END_DECLS
