/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times as words. Knows GLib and the translations, and no widget.
 */
#include "time-text.h"

#include <glib/gi18n.h>

#define WEEK_DAYS 7

static GDateTime *
local_time (gint64 time_us)
{
  g_autoptr (GDateTime) utc
      = g_date_time_new_from_unix_utc (time_us / G_USEC_PER_SEC);

  return utc ? g_date_time_to_local (utc) : NULL;
}

/* Days since 1 January of year 1, so that two can be subtracted. */
static gint
day_number (GDateTime *time)
{
  GDate date;
  gint year, month, day;

  g_date_time_get_ymd (time, &year, &month, &day);
  g_date_clear (&date, 1);
  g_date_set_dmy (&date, day, month, year);
  return g_date_get_julian (&date);
}

static char *
format (GDateTime *time, const char *pattern)
{
  char *text = g_date_time_format (time, pattern);

  return text ? text : g_strdup ("");
}

char *
time_text_clock (gint64 time_us)
{
  g_autoptr (GDateTime) time = local_time (time_us);

  /* Translators: the time of a message, as g_date_time_format() writes it. */
  return time ? format (time, _ ("%H:%M")) : g_strdup ("");
}

char *
time_text_short (gint64 time_us, gint64 now_us)
{
  g_autoptr (GDateTime) time = local_time (time_us);
  g_autoptr (GDateTime) now = local_time (now_us);
  gint ago;

  if (!time || !now)
    return g_strdup ("");
  ago = day_number (now) - day_number (time);
  /* The server's clock may be a little ahead of ours over midnight. */
  if (ago <= 0)
    return format (time, _ ("%H:%M"));
  if (ago == 1)
    return g_strdup (_ ("Yesterday"));
  if (ago < WEEK_DAYS)
    return format (time, "%A");
  if (g_date_time_get_year (time) == g_date_time_get_year (now))
    /* Translators: day and short month, in a list. */
    return format (time, _ ("%-d %b"));
  /* Translators: day, short month and year, in a list. */
  return format (time, _ ("%-d %b %Y"));
}

char *
time_text_day (gint64 time_us, gint64 now_us)
{
  g_autoptr (GDateTime) time = local_time (time_us);
  g_autoptr (GDateTime) now = local_time (now_us);
  gint ago;

  if (!time || !now)
    return g_strdup ("");
  ago = day_number (now) - day_number (time);
  if (ago == 0)
    return g_strdup (_ ("Today"));
  if (ago == 1)
    return g_strdup (_ ("Yesterday"));
  if (g_date_time_get_year (time) == g_date_time_get_year (now))
    /* Translators: weekday, day and month, between the days of a talk. */
    return format (time, _ ("%A, %-d %B"));
  /* Translators: weekday, day, month and year, between the days of a talk. */
  return format (time, _ ("%A, %-d %B %Y"));
}

gboolean
time_text_same_day (gint64 a_us, gint64 b_us)
{
  g_autoptr (GDateTime) a = local_time (a_us);
  g_autoptr (GDateTime) b = local_time (b_us);

  return a && b && day_number (a) == day_number (b);
}
