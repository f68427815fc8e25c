/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Time, for the engine's thread: all its waits come from here, so that a test
 * can put a clock of its own underneath that stands still until it is moved.
 * Safe to use from several threads.
 */
typedef struct _Clock Clock;

/* (transfer full): the machine's monotonic clock. */
Clock *clock_new (void);

/* (transfer full): stands still until clock_advance(). */
Clock *clock_new_manual (void);

Clock *clock_ref (Clock *self);
void clock_unref (Clock *self);

gint64 clock_now_ms (Clock *self);

/* (transfer full): a source that is ready once, this many milliseconds from
 * now; to be attached and destroyed as any other. */
GSource *clock_timeout_source_new (Clock *self, guint64 ms);

/* Moves a manual clock; sources that are due become ready. */
void clock_advance (Clock *self, guint64 ms);

/* Milliseconds until the next source of a manual clock; -1: there is none. */
gint64 clock_next_ms (Clock *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Clock, clock_unref)
