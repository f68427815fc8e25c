/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "list-focus.h"

static gboolean
focus_cb (GtkWidget *list, GtkDirectionType direction)
{
  GtkWidget *row = gtk_container_get_focus_child (GTK_CONTAINER (list));

  if (!row
      || (direction != GTK_DIR_TAB_FORWARD
          && direction != GTK_DIR_TAB_BACKWARD))
    return FALSE;
  if (gtk_widget_child_focus (row, direction))
    return TRUE;
  /* The list's own way would be to the next row. */
  g_signal_stop_emission_by_name (list, "focus");
  return FALSE;
}

void
list_focus_tab_leaves (GtkListBox *list)
{
  g_return_if_fail (GTK_IS_LIST_BOX (list));
  g_signal_connect (list, "focus", G_CALLBACK (focus_cb), NULL);
}
