/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "kith.pb-c.h"
#include "uuid.h"

/*
 * What the engine's thread, its cache and the models hand to each other:
 * plain records that own their strings. Ids and numbers are 1 to G_MAXINT64,
 * times microseconds since 1970 within RECORD_TIME_MAX_US.
 *
 * The *_from_wire functions are the gate for what a server says: they return
 * FALSE for what cannot be true (an id of 0), which ends the connection, and
 * replace texts and times that are outside our rules by harmless ones.
 */

#define RECORD_OPERATION_SIZE UUID_SIZE
#define RECORD_EPOCH_SIZE 16
#define RECORD_TIME_MAX_US (G_GINT64_CONSTANT (253370764800) * 1000000)

typedef struct {
  guint64 id;
  char *name;
  char *display_name;
} UserRecord;

typedef struct {
  guint64 id;
  UserRecord peer;
  gboolean friends;
  guint64 first_kept;     /* the lowest number that exists on the server */
  guint64 last_number;    /* the highest that is known to exist; 0: none */
  guint64 have_from;      /* the cache holds have_from … known_to whole */
  guint64 known_to;       /* what events, snapshots and history told */
  guint64 peer_last;      /* the newest message of the peer */
  guint64 my_read;        /* seen by the person; MarkRead goes up to here */
  guint64 read_told;      /* the server's mark for it */
  guint64 delivered_told; /* the server's delivered mark for us */
  guint64 peer_delivered;
  guint64 peer_read;
  guint unread;
  gint64 time_us; /* latest activity */
  char *draft;    /* (nullable) */
} ConversationRecord;

typedef struct {
  guint64 conversation_id;
  guint64 number; /* 0: still in the outbox */
  guint64 sender_id;
  gint64 time_us;
  char *text;
  guint64 outbox_id; /* not 0: is, or was until now, in the outbox */
  guint8 operation[RECORD_OPERATION_SIZE];
  gboolean has_operation;
  char *reason; /* not NULL: failed */
} MessageRecord;

typedef struct {
  guint64 id;
  UserRecord user;
  gboolean incoming;
  gint64 time_us;
} RequestRecord;

void user_record_clear (UserRecord *self);
void user_record_copy (UserRecord *to, const UserRecord *from);

ConversationRecord *conversation_record_new (void);
ConversationRecord *conversation_record_copy (const ConversationRecord *self);
void conversation_record_free (ConversationRecord *self);

MessageRecord *message_record_new (void);
MessageRecord *message_record_copy (const MessageRecord *self);
void message_record_free (MessageRecord *self);

RequestRecord *request_record_new (void);
void request_record_free (RequestRecord *self);

/* Fill a zeroed record. */
gboolean user_record_from_wire (UserRecord *to, const Kith__User *from);
gboolean message_record_from_wire (MessageRecord *to,
                                   const Kith__Message *from);
/* self_id: who we are, to tell incoming from outgoing. */
gboolean request_record_from_wire (RequestRecord *to,
                                   const Kith__FriendRequest *from,
                                   guint64 self_id);

gboolean record_id_valid (guint64 id); /* for numbers too */
/* A table by id, whose keys it frees; and (transfer full) a key for it. */
GHashTable *record_table_new (GDestroyNotify value_free);
guint64 *record_key_new (guint64 id);
gint64 record_time (gint64 time_us); /* within the limits */

/* Makes *field a copy of value; TRUE when it was another before. */
gboolean record_set_string (char **field, const char *value);

/* What is shown in place of a message that this version cannot show. */
#define RECORD_TEXT_UNSUPPORTED "This message needs a newer version of kith."
#define RECORD_TEXT_BROKEN "This message cannot be shown."

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConversationRecord, conversation_record_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MessageRecord, message_record_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RequestRecord, request_record_free)
