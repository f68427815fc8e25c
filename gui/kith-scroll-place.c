/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a reader is in a list that changes.
 *
 * The place is restored while the list gets its new sizes, before anything is
 * painted, so that nothing is seen to jump. Between a change of the model and
 * that moment the scroll position means nothing and is not listened to.
 */
#include "kith-scroll-place.h"

#define AT_END_PX 6

struct _KithScrollPlace {
  GObject parent_instance;

  GtkAdjustment *adjustment;
  GtkWidget *content; /* borrowed: what is scrolled */
  GtkListBox *list;   /* borrowed */

  gboolean following;
  gboolean more_below;
  gboolean unsettled;
  gboolean restoring;
  GtkWidget *anchor; /* weak */
  double anchor_offset;
};

G_DEFINE_TYPE (KithScrollPlace, kith_scroll_place, G_TYPE_OBJECT)

static guint moved_signal;

static double
end_value (KithScrollPlace *self)
{
  return gtk_adjustment_get_upper (self->adjustment)
         - gtk_adjustment_get_page_size (self->adjustment);
}

static gboolean
end_in_sight (KithScrollPlace *self)
{
  return gtk_adjustment_get_value (self->adjustment)
         >= end_value (self) - AT_END_PX;
}

static void
set_anchor (KithScrollPlace *self, GtkWidget *row, double offset)
{
  g_set_weak_pointer (&self->anchor, row);
  self->anchor_offset = offset;
}

/* Where a widget begins, in the coordinates of the scrolling. */
static gboolean
content_y (KithScrollPlace *self, GtkWidget *widget, int *y_r)
{
  return gtk_widget_translate_coordinates (widget, self->content, 0, 0, NULL,
                                           y_r);
}

static void
remember (KithScrollPlace *self)
{
  double value = gtk_adjustment_get_value (self->adjustment);
  GtkListBoxRow *row;
  int list_y, row_y;

  if (!content_y (self, GTK_WIDGET (self->list), &list_y))
    return;
  row = gtk_list_box_get_row_at_y (self->list, (int)value - list_y);
  if (!row)
    row = gtk_list_box_get_row_at_index (self->list, 0);
  if (row && content_y (self, GTK_WIDGET (row), &row_y))
    set_anchor (self, GTK_WIDGET (row), row_y - value);
}

static void
restore (KithScrollPlace *self)
{
  int y;

  self->restoring = TRUE;
  if (self->following)
    gtk_adjustment_set_value (self->adjustment, end_value (self));
  else if (self->anchor && content_y (self, self->anchor, &y))
    gtk_adjustment_set_value (self->adjustment, y - self->anchor_offset);
  self->restoring = FALSE;
}

static void
value_changed_cb (KithScrollPlace *self)
{
  if (self->unsettled || self->restoring)
    return;
  self->following = kith_scroll_place_at_end (self);
  if (!self->following)
    remember (self);
  g_signal_emit (self, moved_signal, 0);
}

/* The content or the window has another height. */
static void
range_changed_cb (KithScrollPlace *self)
{
  if (self->following)
    restore (self);
  g_signal_emit (self, moved_signal, 0);
}

static void
list_allocated_cb (KithScrollPlace *self)
{
  restore (self);
  self->unsettled = FALSE;
  g_signal_emit (self, moved_signal, 0);
}

static void
kith_scroll_place_dispose (GObject *object)
{
  KithScrollPlace *self = KITH_SCROLL_PLACE (object);

  g_clear_weak_pointer (&self->anchor);
  g_clear_object (&self->adjustment);
  G_OBJECT_CLASS (kith_scroll_place_parent_class)->dispose (object);
}

static void
kith_scroll_place_class_init (KithScrollPlaceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kith_scroll_place_dispose;
  moved_signal
      = g_signal_new ("moved", KITH_TYPE_SCROLL_PLACE, G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kith_scroll_place_init (KithScrollPlace *self)
{
  self->following = TRUE;
}

KithScrollPlace *
kith_scroll_place_new (GtkScrolledWindow *window, GtkListBox *list)
{
  KithScrollPlace *self = g_object_new (KITH_TYPE_SCROLL_PLACE, NULL);
  GtkWidget *viewport = gtk_bin_get_child (GTK_BIN (window));

  self->adjustment
      = g_object_ref (gtk_scrolled_window_get_vadjustment (window));
  self->content = gtk_bin_get_child (GTK_BIN (viewport));
  self->list = list;
  g_signal_connect_object (self->adjustment, "value-changed",
                           G_CALLBACK (value_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->adjustment, "changed",
                           G_CALLBACK (range_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (list, "size-allocate",
                           G_CALLBACK (list_allocated_cb), self,
                           G_CONNECT_SWAPPED);
  return self;
}

void
kith_scroll_place_follow (KithScrollPlace *self)
{
  g_return_if_fail (KITH_IS_SCROLL_PLACE (self));
  self->following = TRUE;
  set_anchor (self, NULL, 0);
  restore (self);
}

void
kith_scroll_place_stay_at (KithScrollPlace *self, GtkListBoxRow *row,
                           int offset_px)
{
  g_return_if_fail (KITH_IS_SCROLL_PLACE (self));
  self->following = FALSE;
  set_anchor (self, GTK_WIDGET (row), offset_px);
}

void
kith_scroll_place_set_more_below (KithScrollPlace *self, gboolean more)
{
  g_return_if_fail (KITH_IS_SCROLL_PLACE (self));
  self->more_below = more;
}

void
kith_scroll_place_unsettle (KithScrollPlace *self)
{
  g_return_if_fail (KITH_IS_SCROLL_PLACE (self));
  self->unsettled = TRUE;
}

void
kith_scroll_place_settle (KithScrollPlace *self)
{
  g_return_if_fail (KITH_IS_SCROLL_PLACE (self));
  self->unsettled = FALSE;
}

gboolean
kith_scroll_place_get_settled (KithScrollPlace *self)
{
  g_return_val_if_fail (KITH_IS_SCROLL_PLACE (self), FALSE);
  return !self->unsettled;
}

gboolean
kith_scroll_place_at_end (KithScrollPlace *self)
{
  g_return_val_if_fail (KITH_IS_SCROLL_PLACE (self), FALSE);
  return end_in_sight (self) && !self->more_below;
}

gboolean
kith_scroll_place_near_top (KithScrollPlace *self)
{
  g_return_val_if_fail (KITH_IS_SCROLL_PLACE (self), FALSE);
  return gtk_adjustment_get_value (self->adjustment)
         < gtk_adjustment_get_page_size (self->adjustment);
}

gboolean
kith_scroll_place_near_bottom (KithScrollPlace *self)
{
  g_return_val_if_fail (KITH_IS_SCROLL_PLACE (self), FALSE);
  return gtk_adjustment_get_value (self->adjustment)
         > end_value (self) - gtk_adjustment_get_page_size (self->adjustment);
}

GtkListBoxRow *
kith_scroll_place_get_last_row (KithScrollPlace *self)
{
  double end = gtk_adjustment_get_value (self->adjustment)
               + gtk_adjustment_get_page_size (self->adjustment);
  GtkAllocation place;
  int list_y;

  g_return_val_if_fail (KITH_IS_SCROLL_PLACE (self), NULL);
  if (!content_y (self, GTK_WIDGET (self->list), &list_y))
    return NULL;
  gtk_widget_get_allocation (GTK_WIDGET (self->list), &place);
  return gtk_list_box_get_row_at_y (self->list,
                                    MIN ((int)end - list_y, place.height) - 1);
}

void
kith_scroll_place_page (KithScrollPlace *self, gboolean up)
{
  double step;

  g_return_if_fail (KITH_IS_SCROLL_PLACE (self));
  step = gtk_adjustment_get_page_increment (self->adjustment);
  gtk_adjustment_set_value (self->adjustment,
                            gtk_adjustment_get_value (self->adjustment)
                                + (up ? -step : step));
}
