/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers of the machine, or of a test that moves time by hand. */
#include "clock.h"

struct _Clock {
  gatomicrefcount references;
  gboolean manual;
  GMutex lock;       /* guards the rest */
  gint64 now_ms;     /* of a manual clock */
  GPtrArray *timers; /* of ManualSource, those not yet destroyed; borrowed */
};

typedef struct {
  GSource source;
  Clock *clock;
  gint64 due_ms;
} ManualSource;

static Clock *
new_clock (gboolean manual)
{
  Clock *self = g_new0 (Clock, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->manual = manual;
  self->timers = g_ptr_array_new ();
  return self;
}

Clock *
clock_new (void)
{
  return new_clock (FALSE);
}

Clock *
clock_new_manual (void)
{
  return new_clock (TRUE);
}

Clock *
clock_ref (Clock *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
clock_unref (Clock *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_ptr_array_unref (self->timers);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gint64
clock_now_ms (Clock *self)
{
  gint64 now_ms;

  if (!self->manual)
    return g_get_monotonic_time () / 1000;
  g_mutex_lock (&self->lock);
  now_ms = self->now_ms;
  g_mutex_unlock (&self->lock);
  return now_ms;
}

static gboolean
manual_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  ManualSource *self = (ManualSource *)source;

  g_mutex_lock (&self->clock->lock);
  g_ptr_array_remove (self->clock->timers, self);
  g_mutex_unlock (&self->clock->lock);
  if (callback != NULL)
    callback (data);
  return G_SOURCE_REMOVE;
}

static void
manual_finalize (GSource *source)
{
  ManualSource *self = (ManualSource *)source;

  g_mutex_lock (&self->clock->lock);
  g_ptr_array_remove (self->clock->timers, self);
  g_mutex_unlock (&self->clock->lock);
  clock_unref (self->clock);
}

static GSourceFuncs manual_funcs = {
  .dispatch = manual_dispatch,
  .finalize = manual_finalize,
};

GSource *
clock_timeout_source_new (Clock *self, guint64 ms)
{
  ManualSource *source;

  if (!self->manual)
    return g_timeout_source_new ((guint)MIN (ms, G_MAXUINT));
  source = (ManualSource *)g_source_new (&manual_funcs, sizeof (*source));
  source->clock = clock_ref (self);
  g_mutex_lock (&self->lock);
  source->due_ms = self->now_ms + (gint64)ms;
  g_ptr_array_add (self->timers, source);
  g_mutex_unlock (&self->lock);
  if (ms == 0)
    g_source_set_ready_time (&source->source, 0);
  return &source->source;
}

void
clock_advance (Clock *self, guint64 ms)
{
  g_mutex_lock (&self->lock);
  self->now_ms += (gint64)ms;
  for (guint i = 0; i < self->timers->len; i++) {
    ManualSource *source = g_ptr_array_index (self->timers, i);

    if (source->due_ms <= self->now_ms)
      g_source_set_ready_time (&source->source, 0);
  }
  g_mutex_unlock (&self->lock);
}

gint64
clock_next_ms (Clock *self)
{
  gint64 next = -1;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->timers->len; i++) {
    ManualSource *source = g_ptr_array_index (self->timers, i);
    const gint64 left = MAX (source->due_ms - self->now_ms, 0);

    if (g_source_is_destroyed (&source->source))
      continue;
    if (next < 0 || left < next)
      next = left;
  }
  g_mutex_unlock (&self->lock);
  return next;
}
