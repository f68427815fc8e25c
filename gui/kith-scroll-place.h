/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/*
 * KithScrollPlace: keeps what a reader looks at where it is, while a list
 * changes above and below. It is in one of two moods:
 *
 *   following  the end of the list is in sight: it stays in sight
 *   anchored   else the row at the top keeps its distance from the edge
 *
 * Signal: moved (): the reader has scrolled, or the list has found its sizes.
 */
#define KITH_TYPE_SCROLL_PLACE (kith_scroll_place_get_type ())
G_DECLARE_FINAL_TYPE (KithScrollPlace, kith_scroll_place, KITH, SCROLL_PLACE,
                      GObject)

/* list is somewhere inside of the window's viewport. Both are borrowed and
 * must live as long as self has signals to answer: their owner keeps self. */
KithScrollPlace *kith_scroll_place_new (GtkScrolledWindow *window,
                                        GtkListBox *list);

/* Goes to the end and follows it. */
void kith_scroll_place_follow (KithScrollPlace *self);

/* Shows this row so many pixels below the upper edge, as soon as the list has
 * its sizes. */
void kith_scroll_place_stay_at (KithScrollPlace *self, GtkListBoxRow *row,
                                int offset_px);

/* TRUE: the end of the list is not the end of what there is: not followed. */
void kith_scroll_place_set_more_below (KithScrollPlace *self, gboolean more);

/* Rows have been added or removed: until the list has its new sizes, the
 * scroll position means nothing. */
void kith_scroll_place_unsettle (KithScrollPlace *self);

/* What was announced by unsettle() brings no new sizes, as in an empty list. */
void kith_scroll_place_settle (KithScrollPlace *self);
gboolean kith_scroll_place_get_settled (KithScrollPlace *self);

/* Whether the end of all there is, is in sight. */
gboolean kith_scroll_place_at_end (KithScrollPlace *self);

/* Whether less than a page is left above, or below. */
gboolean kith_scroll_place_near_top (KithScrollPlace *self);
gboolean kith_scroll_place_near_bottom (KithScrollPlace *self);

/* (transfer none) (nullable): the lowest row that is in sight. */
GtkListBoxRow *kith_scroll_place_get_last_row (KithScrollPlace *self);

/* A page up (TRUE) or down. */
void kith_scroll_place_page (KithScrollPlace *self, gboolean up);

G_END_DECLS
