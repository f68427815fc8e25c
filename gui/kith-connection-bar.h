/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/*
 * KithConnectionBar: a calm bar that says why there is no connection, with the
 * one button that helps. It shows itself only while there is something to say.
 */
#define KITH_TYPE_CONNECTION_BAR (kith_connection_bar_get_type ())
G_DECLARE_FINAL_TYPE (KithConnectionBar, kith_connection_bar, KITH,
                      CONNECTION_BAR, GtkRevealer)

/* Once. */
void kith_connection_bar_set_engine (KithConnectionBar *self,
                                     KithEngine *engine);

G_END_DECLS
