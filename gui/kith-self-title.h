/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/* Who one is here: the name that friends see, and below it the user name, by
 * which others ask to be friends, where the two differ. */
#define KITH_TYPE_SELF_TITLE (kith_self_title_get_type ())
G_DECLARE_FINAL_TYPE (KithSelfTitle, kith_self_title, KITH, SELF_TITLE, GtkBox)

/* Once. */
void kith_self_title_set_engine (KithSelfTitle *self, KithEngine *engine);

G_END_DECLS
