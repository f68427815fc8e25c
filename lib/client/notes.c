/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one way from the engine's thread to the main thread. Must never run
 * anything of the main thread's in the other, nor lose the order.
 */
#include "notes.h"

#include "client-error.h"

#define NOTES_PRIORITY (G_PRIORITY_HIGH_IDLE + 30) /* GTK paints at + 20 */

struct _NoteQueue {
  gatomicrefcount references;
  GMainContext *context;
  const NoteHandler *handler;
  gpointer data; /* main thread only; NULL once stopped */
  gboolean stopped;
  GMutex lock; /* guards the two below */
  GQueue waiting;
  GSource *source;
};

Note *
note_new (NoteKind kind)
{
  Note *self = g_new0 (Note, 1);

  self->kind = kind;
  return self;
}

void
note_free (Note *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  account_free (self->account);
  g_clear_pointer (&self->token, g_bytes_unref);
  conversation_record_free (self->conversation);
  user_record_clear (&self->user);
  request_record_free (self->request);
  message_record_free (self->message);
  g_clear_pointer (&self->page.records, g_ptr_array_unref);
  g_clear_object (&self->task);
  g_clear_error (&self->error);
  g_free (self);
}

NoteQueue *
note_queue_new (GMainContext *context, const NoteHandler *handler,
                gpointer data)
{
  NoteQueue *self = g_new0 (NoteQueue, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  g_queue_init (&self->waiting);
  self->context = g_main_context_ref (context);
  self->handler = handler;
  self->data = data;
  return self;
}

NoteQueue *
note_queue_ref (NoteQueue *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
note_queue_unref (NoteQueue *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_queue_clear_full (&self->waiting, (GDestroyNotify)note_free);
  if (self->source != NULL)
    g_source_unref (self->source);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static Note *
take (NoteQueue *self, guint *left_r)
{
  Note *note;

  g_mutex_lock (&self->lock);
  note = g_queue_pop_head (&self->waiting);
  *left_r = g_queue_get_length (&self->waiting);
  g_mutex_unlock (&self->lock);
  return note;
}

/* FALSE when there was none. */
static gboolean
apply_one (NoteQueue *self)
{
  guint left = 0;
  Note *note = take (self, &left);

  if (note == NULL)
    return FALSE;
  if (!self->stopped)
    self->handler->apply (note, self->data);
  else if (note->task != NULL)
    g_task_return_error (note->task, client_error_new (KITH_STOPPING, NULL));
  note_free (note);
  if (left == NOTES_WAITING_LOW && !self->stopped)
    self->handler->drained (self->data);
  return TRUE;
}

static gboolean
on_waiting (gpointer data)
{
  NoteQueue *self = data;
  gboolean more;

  for (guint i = 0; i < NOTES_AT_ONCE; i++)
    if (!apply_one (self))
      break;
  g_mutex_lock (&self->lock);
  more = !g_queue_is_empty (&self->waiting);
  if (!more)
    g_clear_pointer (&self->source, g_source_unref);
  g_mutex_unlock (&self->lock);
  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
note_queue_flush (NoteQueue *self)
{
  while (apply_one (self))
    ;
}

void
note_queue_stop (NoteQueue *self)
{
  self->stopped = TRUE;
  self->data = NULL;
  note_queue_flush (self);
}

void
note_queue_post (NoteQueue *self, Note *note)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->waiting, note);
  if (self->source == NULL) {
    self->source = g_idle_source_new ();
    /* After input and painting: a flood of news must not freeze a window. */
    g_source_set_priority (self->source, NOTES_PRIORITY);
    g_source_set_callback (self->source, on_waiting, note_queue_ref (self),
                           (GDestroyNotify)note_queue_unref);
    g_source_attach (self->source, self->context);
  }
  g_mutex_unlock (&self->lock);
}

guint
note_queue_length (NoteQueue *self)
{
  guint length;

  g_mutex_lock (&self->lock);
  length = g_queue_get_length (&self->waiting);
  g_mutex_unlock (&self->lock);
  return length;
}
