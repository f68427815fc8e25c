/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waiting to connect again: twice as long after each failure, with a random
 * part, so that a server that was restarted is not overrun.
 */
#include "worker-private.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 180000
#define RETRY_DOUBLINGS 8           /* 1 s << 8 is above the maximum */
#define RETRY_SERVER_MAX_MS 3600000 /* what a server can ask of us */
#define RETRY_HELD_MS 30000         /* so long live, and all is well */

static gboolean
on_retry (gpointer data)
{
  Worker *self = data;

  worker_clear_timer (&self->retry_timer);
  session_begin (self);
  return G_SOURCE_REMOVE;
}

/* Between half of it and all of it. */
static guint
with_jitter (guint ms)
{
  return ms / 2 + (guint)g_random_int_range (0, (gint32)(ms / 2) + 1);
}

/* After a live connection the waiting begins anew, unless it was one of a row
 * that fell as soon as they stood: a server can die of what we ask first. */
static void
judge_connection (Worker *self)
{
  if (self->phase != SESSION_LIVE)
    return;
  if (clock_now_ms (self->clock) - self->live_since_ms >= RETRY_HELD_MS)
    self->falls = 0;
  self->failures = self->falls++;
}

void
session_retry_later (Worker *self, KithEngineState state, const char *sentence,
                     guint at_least_ms)
{
  guint doublings, wait_ms;

  judge_connection (self);
  doublings = MIN (self->failures, RETRY_DOUBLINGS);
  wait_ms = with_jitter (MIN (RETRY_FIRST_MS << doublings, RETRY_MAX_MS));
  if (at_least_ms > 0)
    wait_ms = MAX (wait_ms, MIN (at_least_ms, RETRY_SERVER_MAX_MS)
                                + with_jitter (RETRY_FIRST_MS));
  self->failures++;
  session_close (self);
  self->retry_timer = worker_timer (self, wait_ms, on_retry);
  worker_set_state (self, state, sentence, wait_ms);
}

void
command_reconnect (Worker *self, Command *command)
{
  if (self->attempt != NULL)
    return;
  if (self->state == KITH_ENGINE_OFFLINE
      || self->state == KITH_ENGINE_KEY_CHANGED)
    session_begin (self);
}

void
command_network_changed (Worker *self, Command *command)
{
  if (self->attempt != NULL)
    return;
  if (self->phase >= SESSION_SYNCING)
    session_probe (self);
  else if (self->retry_timer != NULL)
    session_begin (self);
}
