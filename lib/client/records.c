/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plain records, and the gate through which everything that a server says has
 * to come before the cache or a model sees it. Must never trust a text, a time
 * or an id from the wire.
 */
#include "records.h"

#include <string.h>

#include "text.h"

gboolean
record_id_valid (guint64 id)
{
  return id > 0 && id <= G_MAXINT64;
}

GHashTable *
record_table_new (GDestroyNotify value_free)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                value_free);
}

guint64 *
record_key_new (guint64 id)
{
  guint64 *key = g_new (guint64, 1);

  *key = id;
  return key;
}

gint64
record_time (gint64 time_us)
{
  return CLAMP (time_us, 0, RECORD_TIME_MAX_US);
}

gboolean
record_set_string (char **field, const char *value)
{
  char *copy;

  if (g_strcmp0 (*field, value) == 0)
    return FALSE;
  copy = g_strdup (value); /* first: value may point into *field */
  g_free (*field);
  *field = copy;
  return TRUE;
}

void
user_record_clear (UserRecord *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->display_name, g_free);
  self->id = 0;
}

void
user_record_copy (UserRecord *to, const UserRecord *from)
{
  to->id = from->id;
  to->name = g_strdup (from->name);
  to->display_name = g_strdup (from->display_name);
}

ConversationRecord *
conversation_record_new (void)
{
  return g_new0 (ConversationRecord, 1);
}

ConversationRecord *
conversation_record_copy (const ConversationRecord *self)
{
  ConversationRecord *copy = g_memdup2 (self, sizeof (*self));

  user_record_copy (&copy->peer, &self->peer);
  copy->draft = g_strdup (self->draft);
  return copy;
}

void
conversation_record_free (ConversationRecord *self)
{
  if (self == NULL)
    return;
  user_record_clear (&self->peer);
  g_free (self->draft);
  g_free (self);
}

MessageRecord *
message_record_new (void)
{
  return g_new0 (MessageRecord, 1);
}

MessageRecord *
message_record_copy (const MessageRecord *self)
{
  MessageRecord *copy = g_memdup2 (self, sizeof (*self));

  copy->text = g_strdup (self->text);
  copy->reason = g_strdup (self->reason);
  return copy;
}

void
message_record_free (MessageRecord *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->reason);
  g_free (self);
}

RequestRecord *
request_record_new (void)
{
  return g_new0 (RequestRecord, 1);
}

void
request_record_free (RequestRecord *self)
{
  if (self == NULL)
    return;
  user_record_clear (&self->user);
  g_free (self);
}

gboolean
user_record_from_wire (UserRecord *to, const Kith__User *from)
{
  if (from == NULL || !record_id_valid (from->id))
    return FALSE;
  to->id = from->id;
  if (text_check_name (from->name) == KITH_OK
      || text_is_server_name (from->name))
    to->name = g_strdup (from->name);
  else
    to->name = g_strdup_printf ("id:%" G_GUINT64_FORMAT, from->id);
  if (text_check_display_name (from->display_name) == KITH_OK)
    to->display_name = g_strdup (from->display_name);
  else
    to->display_name = g_strdup ("");
  return TRUE;
}

static char *
text_from_wire (const Kith__Content *content)
{
  if (content == NULL || content->kind_case != KITH__CONTENT__KIND_TEXT)
    return g_strdup (RECORD_TEXT_UNSUPPORTED);
  if (text_check_message (content->text, strlen (content->text)) != KITH_OK)
    return g_strdup (RECORD_TEXT_BROKEN);
  return g_strdup (content->text);
}

gboolean
message_record_from_wire (MessageRecord *to, const Kith__Message *from)
{
  if (!record_id_valid (from->conversation_id)
      || !record_id_valid (from->number) || !record_id_valid (from->sender_id))
    return FALSE;
  to->conversation_id = from->conversation_id;
  to->number = from->number;
  to->sender_id = from->sender_id;
  to->time_us = record_time (from->time_us);
  to->text = text_from_wire (from->content);
  to->has_operation = from->operation.len == RECORD_OPERATION_SIZE;
  if (to->has_operation)
    memcpy (to->operation, from->operation.data, RECORD_OPERATION_SIZE);
  return TRUE;
}

gboolean
request_record_from_wire (RequestRecord *to, const Kith__FriendRequest *from,
                          guint64 self_id)
{
  if (!record_id_valid (from->id) || from->from == NULL || from->to == NULL)
    return FALSE;
  to->id = from->id;
  to->time_us = record_time (from->time_us);
  to->incoming = from->to->id == self_id;
  if (!to->incoming && from->from->id != self_id)
    return FALSE;
  return user_record_from_wire (&to->user,
                                to->incoming ? from->from : from->to);
}
