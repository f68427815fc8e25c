/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each kind of event does to the cache, and what the main thread is told
 * of it. Every one may come twice (PROTOCOL.md section 6): messages are known
 * by their number, marks only rise, the rest is known by its id.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>

#include "client-error.h"

#define NEWS_MAX KITH_ENGINE_ANNOUNCED
/* Cut only when it is worth it. */
#define MESSAGES_SLACK 1000

static gboolean
impossible (GError **error)
{
  return session_protocol_error (error,
                                 _ ("The server said something impossible."));
}

/* record_r: NULL when it is not known, which is no reason to hang up. */
static gboolean
conversation (Worker *self, guint64 id, ConversationRecord **record_r,
              GError **error)
{
  if (!cache_get_conversation (self->cache, id, record_r, error))
    return FALSE;
  if (*record_r == NULL)
    g_warning ("The server told of a conversation that it has not shown.");
  return TRUE;
}

static gboolean
put (Worker *self, ConversationRecord *record, GError **error)
{
  worker_touch (self, record->id);
  return cache_put_conversation (self->cache, record, error);
}

/* Cuts off what is too old to be kept here. */
static gboolean
trim (Worker *self, ConversationRecord *record, GError **error)
{
  if (record->last_number
      <= record->have_from + CACHE_MESSAGES_MAX + MESSAGES_SLACK)
    return TRUE;
  record->have_from = record->last_number - CACHE_MESSAGES_MAX;
  return cache_delete_below (self->cache, record->id, record->have_from, error);
}

gboolean
events_recount (Worker *self, ConversationRecord *record, GError **error)
{
  /* Only where all messages above the mark are here to be counted. */
  if (record->my_read + 1 < record->have_from) {
    const guint64 above = record->last_number > record->my_read
                              ? record->last_number - record->my_read
                              : 0;

    record->unread = (guint)MIN (record->unread, above);
    return TRUE;
  }
  return cache_count_above (self->cache, record->id, record->peer.id,
                            record->my_read, &record->unread, error);
}

/* ---- messages ---- */

/* The outbox's row of this message has done its work. */
static gboolean
leave_outbox (Worker *self, MessageRecord *message, GError **error)
{
  g_autoptr (MessageRecord) waiting = NULL;

  if (!message->has_operation || message->sender_id != self->account->self.id)
    return TRUE;
  if (!cache_outbox_find (self->cache, message->operation, &waiting, error))
    return FALSE;
  if (waiting == NULL)
    return TRUE;
  message->outbox_id = waiting->outbox_id;
  self->wake_outbox = TRUE;
  if (!cache_outbox_remove (self->cache, waiting->outbox_id, error))
    return FALSE;
  worker_note_outbox_count (self);
  return TRUE;
}

static void
note_message (Worker *self, MessageRecord *message, gboolean news)
{
  Note *note = note_new (NOTE_MESSAGE);

  note->message = message_record_copy (message);
  note->flag = news && session_is_live (self);
  worker_note (self, note);
  if (!news || note->flag)
    return;
  if (self->news->len < NEWS_MAX)
    g_ptr_array_add (self->news, message_record_copy (message));
  else
    self->too_much_news = TRUE;
}

/* Moves the end of what is whole; a hole before the message is noted. */
static void
extend (Worker *self, ConversationRecord *record, guint64 number)
{
  const guint64 old_from = record->have_from, old_to = record->known_to;

  if (number <= record->known_to)
    return;
  record->known_to = number;
  if (number == old_to + 1)
    return;
  record->have_from = number;
  gaps_found (self, record, old_from, old_to);
}

static gboolean
apply_record (Worker *self, MessageRecord *message, GError **error)
{
  g_autoptr (ConversationRecord) record = NULL;
  const gboolean mine = message->sender_id == self->account->self.id;
  gboolean fresh = FALSE;

  if (!conversation (self, message->conversation_id, &record, error))
    return FALSE;
  if (record == NULL)
    return TRUE;
  if (!mine && message->sender_id != record->peer.id)
    return impossible (error);
  if (!cache_add_message (self->cache, message, &fresh, error)
      || !leave_outbox (self, message, error))
    return FALSE;
  /* Not last_number: that of our own, sent, may be above this one. */
  fresh = fresh && message->number > record->known_to;
  extend (self, record, message->number);
  record->last_number = MAX (record->last_number, message->number);
  record->time_us = MAX (record->time_us, message->time_us);
  if (!mine) {
    record->peer_last = MAX (record->peer_last, message->number);
    if (fresh && message->number > record->my_read)
      record->unread++;
  }
  note_message (self, message,
                fresh && !mine && message->number > record->my_read);
  /* Counting all of them again for each would be quadratic. */
  return trim (self, record, error) && put (self, record, error);
}

static gboolean
apply_message (Worker *self, const Kith__Event *event, GError **error)
{
  g_autoptr (MessageRecord) message = message_record_new ();

  if (!message_record_from_wire (message, event->message))
    return impossible (error);
  return apply_record (self, message, error);
}

/* A message of a kind that we do not know: something stands in its place. */
static gboolean
apply_unsupported (Worker *self, const Kith__Event *event, GError **error)
{
  const Kith__Unsupported *unsupported = event->unsupported;
  g_autoptr (MessageRecord) message = message_record_new ();
  g_autoptr (ConversationRecord) record = NULL;

  if (!record_id_valid (unsupported->conversation_id)
      || !record_id_valid (unsupported->number))
    return TRUE;
  if (!conversation (self, unsupported->conversation_id, &record, error))
    return FALSE;
  if (record == NULL)
    return TRUE;
  message->conversation_id = record->id;
  message->number = unsupported->number;
  message->sender_id = record->peer.id;
  message->time_us = record_time (event->time_us);
  message->text = g_strdup (RECORD_TEXT_UNSUPPORTED);
  return apply_record (self, message, error);
}

/* ---- marks ---- */

/* TRUE: we have read further, which changes what is unread. */
static gboolean
merge_mark (Worker *self, ConversationRecord *record, const Kith__Mark *mark)
{
  /* Above what can be a number, as the cache has it. */
  const guint64 delivered = MIN (mark->delivered, (guint64)G_MAXINT64);
  const guint64 read = MIN (mark->read, (guint64)G_MAXINT64);
  const guint64 my_read = record->my_read;

  if (mark->user_id == self->account->self.id) {
    record->delivered_told
        = MAX (record->delivered_told, MAX (delivered, read));
    record->read_told = MAX (record->read_told, read);
    record->my_read = MAX (record->my_read, read);
  } else if (mark->user_id == record->peer.id) {
    record->peer_read = MAX (record->peer_read, read);
    record->peer_delivered
        = MAX (record->peer_delivered, MAX (delivered, read));
  }
  return record->my_read != my_read;
}

static gboolean
apply_mark (Worker *self, const Kith__Event *event, GError **error)
{
  g_autoptr (ConversationRecord) record = NULL;

  if (!conversation (self, event->mark->conversation_id, &record, error))
    return FALSE;
  if (record == NULL)
    return TRUE;
  /* Counting for every mark would be quadratic. */
  if (merge_mark (self, record, event->mark)
      && !events_recount (self, record, error))
    return FALSE;
  return put (self, record, error);
}

/* ---- conversations ---- */

/* Starts the stretch of messages anew at what the server calls the newest. */
static void
restart_at (Worker *self, ConversationRecord *record, guint64 number)
{
  const gboolean had_any = record->known_to > 0;

  record->have_from = MAX (number, 1);
  record->known_to = number;
  record->last_number = number;
  if (had_any)
    worker_note_reopen (self, record->id);
}

static gboolean
merge_last_message (Worker *self, ConversationRecord *record,
                    const Kith__Conversation *wire, GError **error)
{
  g_autoptr (MessageRecord) message = message_record_new ();

  if (wire->last_number == 0)
    return TRUE;
  if (wire->last_number > record->known_to + 1)
    restart_at (self, record, wire->last_number);
  record->known_to = MAX (record->known_to, wire->last_number);
  record->last_number = MAX (record->last_number, wire->last_number);
  if (wire->last_message == NULL)
    return TRUE;
  if (!message_record_from_wire (message, wire->last_message)
      || message->conversation_id != wire->id
      || message->number != wire->last_number)
    return impossible (error);
  record->time_us = MAX (record->time_us, message->time_us);
  if (message->sender_id == record->peer.id)
    record->peer_last = MAX (record->peer_last, message->number);
  if (!cache_add_message (self->cache, message, NULL, error)
      || !leave_outbox (self, message, error))
    return FALSE;
  note_message (self, message, FALSE);
  return TRUE;
}

static gboolean
check_conversation (const Kith__Conversation *wire)
{
  return record_id_valid (wire->id) && wire->last_number <= G_MAXINT64
         && wire->first_kept <= G_MAXINT64 && wire->peer != NULL;
}

/* A new one counts against the limit. NULL with an error. */
static ConversationRecord *
known_or_new (Worker *self, guint64 id, GError **error)
{
  ConversationRecord *record = NULL;
  guint count = 0;

  if (!cache_get_conversation (self->cache, id, &record, error))
    return NULL;
  if (record != NULL)
    return record;
  if (!cache_count_conversations (self->cache, &count, error))
    return NULL;
  if (count >= CACHE_CONVERSATIONS_MAX) {
    session_protocol_error (error,
                            _ ("The server has more conversations than fit."));
    return NULL;
  }
  record = conversation_record_new ();
  record->id = id;
  record->have_from = 1;
  return record;
}

/* What was typed outlives its conversation's leaving and coming. */
static gboolean
welcome (Worker *self, ConversationRecord *record, GError **error)
{
  self->wake_outbox = TRUE;
  return cache_claim (self->cache, record->id, record->peer.name, error)
         && cache_get_draft (self->cache, record->id, &record->draft, error);
}

static void
note_online (Worker *self, const Kith__Conversation *wire)
{
  Note *note = note_new (NOTE_PRESENCE);

  note->id = wire->peer->id;
  note->flag = wire->online;
  worker_note (self, note);
}

gboolean
events_merge_conversation (Worker *self, const Kith__Conversation *wire,
                           GError **error)
{
  g_autoptr (ConversationRecord) record = NULL;
  gboolean is_new;
  Note *note;

  if (!check_conversation (wire))
    return impossible (error);
  record = known_or_new (self, wire->id, error);
  if (record == NULL)
    return FALSE;
  is_new = record->peer.id == 0;
  user_record_clear (&record->peer);
  if (!user_record_from_wire (&record->peer, wire->peer))
    return impossible (error);
  if (is_new && !welcome (self, record, error))
    return FALSE;
  record->friends = wire->friends;
  record->first_kept = MAX (wire->first_kept, 1);
  record->unread = wire->unread;
  for (size_t i = 0; i < wire->n_marks; i++)
    merge_mark (self, record, wire->marks[i]);
  /* A conversation must be there before its message, here and over there. */
  note = note_new (NOTE_CONVERSATION);
  note->conversation = conversation_record_copy (record);
  worker_note (self, note);
  if (!merge_last_message (self, record, wire, error))
    return FALSE;
  if (wire->unread > 0)
    record->peer_last = MAX (record->peer_last, record->my_read + 1);
  note_online (self, wire);
  return events_recount (self, record, error) && put (self, record, error);
}

static gboolean
apply_friend_added (Worker *self, const Kith__Event *event, GError **error)
{
  if (event->friend_added->conversation == NULL)
    return impossible (error);
  return events_merge_conversation (self, event->friend_added->conversation,
                                    error);
}

static gboolean
apply_friend_removed (Worker *self, const Kith__Event *event, GError **error)
{
  const guint64 id = event->friend_removed->conversation_id;
  g_autoptr (ConversationRecord) record = NULL;

  if (!conversation (self, id, &record, error))
    return FALSE;
  if (record == NULL)
    return TRUE;
  record->friends = FALSE;
  return put (self, record, error);
}

static gboolean
apply_user_changed (Worker *self, const Kith__Event *event, GError **error)
{
  Note *note = note_new (NOTE_USER);
  gboolean done;

  if (!user_record_from_wire (&note->user, event->user_changed)) {
    note_free (note);
    return impossible (error);
  }
  done = cache_update_user (self->cache, &note->user, error);
  if (done && note->user.id == self->account->self.id) {
    user_record_clear (&self->account->self);
    user_record_copy (&self->account->self, &note->user);
    done = account_save (self->account, self->folder, error);
  }
  worker_note (self, note);
  return done;
}

/* ---- friend requests ---- */

/* Asking costs a stranger nothing, so what does not fit is no fault of the
 * server's: it is left out until a snapshot finds room for it. */
static gboolean
leave_out (Worker *self, guint64 request_id, GError **error)
{
  g_warning_once ("There are more friend requests than fit; the newest are not "
                  "shown.");
  return cache_delete_request (self->cache, request_id, error);
}

gboolean
events_put_request (Worker *self, const Kith__FriendRequest *wire,
                    gboolean news, GError **error)
{
  g_autoptr (RequestRecord) record = request_record_new ();
  guint count = 0;
  Note *note;

  if (!request_record_from_wire (record, wire, self->account->self.id))
    return impossible (error);
  if (!cache_put_request (self->cache, record, error)
      || !cache_count_requests (self->cache, &count, error))
    return FALSE;
  if (count > CACHE_REQUESTS_MAX)
    return leave_out (self, record->id, error);
  note = note_new (NOTE_REQUEST);
  note->flag = news && record->incoming;
  note->request = g_steal_pointer (&record);
  worker_note (self, note);
  return TRUE;
}

static gboolean
apply_friend_request (Worker *self, const Kith__Event *event, GError **error)
{
  return events_put_request (self, event->friend_request, TRUE, error);
}

static gboolean
apply_friend_request_ended (Worker *self, const Kith__Event *event,
                            GError **error)
{
  Note *note = note_new (NOTE_REQUEST_ENDED);

  note->id = event->friend_request_ended->id;
  worker_note (self, note);
  return cache_delete_request (self->cache, event->friend_request_ended->id,
                               error);
}

static const struct {
  Kith__Event__BodyCase body;
  gboolean (*func) (Worker *self, const Kith__Event *event, GError **error);
} kinds[] = {
  { KITH__EVENT__BODY_MESSAGE, apply_message },
  { KITH__EVENT__BODY_MARK, apply_mark },
  { KITH__EVENT__BODY_FRIEND_REQUEST, apply_friend_request },
  { KITH__EVENT__BODY_FRIEND_REQUEST_ENDED, apply_friend_request_ended },
  { KITH__EVENT__BODY_FRIEND_ADDED, apply_friend_added },
  { KITH__EVENT__BODY_FRIEND_REMOVED, apply_friend_removed },
  { KITH__EVENT__BODY_USER_CHANGED, apply_user_changed },
  { KITH__EVENT__BODY_UNSUPPORTED, apply_unsupported },
};

gboolean
events_apply (Worker *self, const Kith__Event *event, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].body == event->body_case)
      return kinds[i].func (self, event, error);
  return TRUE; /* one of the future: only the cursor moves */
}
