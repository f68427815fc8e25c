/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Lets Tab go through a list of many rows in one step: the arrows go from row
 * to row, Tab through what is in the row and then out of the list. */
void list_focus_tab_leaves (GtkListBox *list);

G_END_DECLS
