/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Points in time as a person reads them, in the local time zone. Times are
 * microseconds since 1970; now is what the text is relative to. A time that no
 * calendar can hold gives "". All strings are (transfer full).
 */

/* "14:03" */
char *time_text_clock (gint64 time_us);

/* For a list: "14:03" today, "Yesterday", "Monday" in the last week, else a
 * date. */
char *time_text_short (gint64 time_us, gint64 now_us);

/* For a separator: "Today", "Yesterday", "Monday, 3 March", with the year when
 * it is another one. */
char *time_text_day (gint64 time_us, gint64 now_us);

/* Whether both fall on one local calendar day. */
gboolean time_text_same_day (gint64 a_us, gint64 b_us);

G_END_DECLS
