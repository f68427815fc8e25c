/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_private.h"

/*
 * The schema, as the steps that lead to it: an empty file is version 0, step N
 * makes version N of version N - 1. A step that has been released is never
 * changed.
 *
 * Ids that people or the log may remember are AUTOINCREMENT: never used again.
 * Constants are those of the enums in the headers. Times are microseconds
 * since 1970.
 */
const struct migration store_migrations[] = {
	/* clang-format off */
	/* 1: people, friends, direct messages */
	{ "CREATE TABLE meta ("
	  "  key TEXT NOT NULL PRIMARY KEY,"
	  "  value ANY NOT NULL"
	  ") STRICT, WITHOUT ROWID;"

	  "CREATE TABLE user ("
	  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  "  name TEXT NOT NULL UNIQUE,"
	  "  display_name TEXT NOT NULL,"
	  "  phc TEXT NOT NULL,"
	  "  state INTEGER NOT NULL,"
	  "  state_us INTEGER NOT NULL,"
	  "  reason TEXT NOT NULL,"
	  "  created_us INTEGER NOT NULL"
	  ") STRICT;"

	  "CREATE TABLE device ("
	  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  "  user_id INTEGER NOT NULL REFERENCES user (id),"
	  "  token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),"
	  "  name TEXT NOT NULL,"
	  "  created_us INTEGER NOT NULL,"
	  "  last_seen_us INTEGER NOT NULL"
	  ") STRICT;"
	  "CREATE INDEX device_user ON device (user_id);"

	  "CREATE TABLE invite ("
	  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  "  code_hash BLOB NOT NULL UNIQUE CHECK (length(code_hash) = 32),"
	  "  hint TEXT NOT NULL,"
	  "  note TEXT NOT NULL,"
	  "  uses_left INTEGER NOT NULL CHECK (uses_left >= 0),"
	  "  uses INTEGER NOT NULL DEFAULT 0,"
	  "  created_us INTEGER NOT NULL,"
	  "  expires_us INTEGER,"
	  "  befriend_id INTEGER REFERENCES user (id)"
	  ") STRICT;"
	  "CREATE INDEX invite_befriend ON invite (befriend_id)"
	  "  WHERE befriend_id IS NOT NULL;"

	  "CREATE TABLE conversation ("
	  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  "  kind INTEGER NOT NULL,"
	  "  low_id INTEGER REFERENCES user (id),"
	  "  high_id INTEGER REFERENCES user (id),"
	  "  first_kept INTEGER NOT NULL DEFAULT 1,"
	  "  last_number INTEGER NOT NULL DEFAULT 0,"
	  "  last_time_us INTEGER NOT NULL DEFAULT 0,"
	  "  last_sequence INTEGER NOT NULL DEFAULT 0,"
	  "  created_us INTEGER NOT NULL,"
	  "  CHECK (low_id < high_id)"
	  ") STRICT;"
	  "CREATE UNIQUE INDEX conversation_pair"
	  "  ON conversation (low_id, high_id);"

	  "CREATE TABLE member ("
	  "  conversation_id INTEGER NOT NULL REFERENCES conversation (id),"
	  "  user_id INTEGER NOT NULL REFERENCES user (id),"
	  "  PRIMARY KEY (conversation_id, user_id)"
	  ") STRICT, WITHOUT ROWID;"
	  "CREATE INDEX member_user ON member (user_id, conversation_id);"

	  "CREATE TABLE friend_request ("
	  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  "  from_id INTEGER NOT NULL REFERENCES user (id),"
	  "  to_id INTEGER NOT NULL REFERENCES user (id),"
	  "  time_us INTEGER NOT NULL,"
	  "  UNIQUE (from_id, to_id),"
	  "  CHECK (from_id <> to_id)"
	  ") STRICT;"
	  "CREATE INDEX friend_request_from ON friend_request (from_id, id);"
	  "CREATE INDEX friend_request_to ON friend_request (to_id, id);"

	  "CREATE TABLE friend_link ("
	  "  low_id INTEGER NOT NULL REFERENCES user (id),"
	  "  high_id INTEGER NOT NULL REFERENCES user (id),"
	  "  since_us INTEGER NOT NULL,"
	  "  conversation_id INTEGER NOT NULL REFERENCES conversation (id),"
	  "  PRIMARY KEY (low_id, high_id),"
	  "  CHECK (low_id < high_id)"
	  ") STRICT, WITHOUT ROWID;"
	  "CREATE INDEX friend_link_high ON friend_link (high_id, low_id);"

	  "CREATE TABLE message ("
	  "  conversation_id INTEGER NOT NULL REFERENCES conversation (id),"
	  "  number INTEGER NOT NULL,"
	  "  sender_id INTEGER NOT NULL REFERENCES user (id),"
	  "  time_us INTEGER NOT NULL,"
	  "  operation BLOB,"
	  "  kind INTEGER NOT NULL,"
	  "  body BLOB NOT NULL,"
	  "  PRIMARY KEY (conversation_id, number)"
	  ") STRICT, WITHOUT ROWID;"

	  "CREATE TABLE mark ("
	  "  conversation_id INTEGER NOT NULL,"
	  "  user_id INTEGER NOT NULL,"
	  "  delivered INTEGER NOT NULL DEFAULT 0,"
	  "  read INTEGER NOT NULL DEFAULT 0,"
	  "  sequence INTEGER NOT NULL DEFAULT 0," /* of its event; 0: none */
	  "  PRIMARY KEY (conversation_id, user_id),"
	  "  FOREIGN KEY (conversation_id, user_id)"
	  "    REFERENCES member (conversation_id, user_id),"
	  "  CHECK (read <= delivered)"
	  ") STRICT, WITHOUT ROWID;"

	  /*
	   * Not AUTOINCREMENT: the newest sequence is in meta, written once a
	   * transaction instead of once an event.
	   */
	  "CREATE TABLE event ("
	  "  sequence INTEGER PRIMARY KEY,"
	  "  audience INTEGER NOT NULL,"
	  "  kind INTEGER NOT NULL,"
	  "  time_us INTEGER NOT NULL,"
	  "  conversation_id INTEGER,"
	  "  number INTEGER,"
	  "  user_id INTEGER,"
	  "  peer_id INTEGER,"
	  "  extra INTEGER"
	  ") STRICT;"
	  "CREATE INDEX event_audience ON event (audience, sequence);"

	  "CREATE TABLE operation ("
	  "  number INTEGER PRIMARY KEY,"
	  "  user_id INTEGER NOT NULL,"
	  "  id BLOB NOT NULL CHECK (length(id) = 16),"
	  "  digest BLOB NOT NULL,"
	  "  result BLOB NOT NULL,"
	  "  time_us INTEGER NOT NULL"
	  ") STRICT;"
	  "CREATE UNIQUE INDEX operation_id ON operation (id, user_id);"

	  "INSERT INTO meta (key, value) VALUES"
	  "  ('epoch', randomblob(16)), ('last_sequence', 0);" },

	/*
	 * 2: locks that end, deletion with a time of grace, the server's own
	 * account and its announcements, who did what, lists of many people
	 */
	{ "ALTER TABLE user ADD COLUMN until_us INTEGER;"
	  "ALTER TABLE user ADD COLUMN state_before INTEGER;"
	  "ALTER TABLE user"
	  "  ADD COLUMN last_seen_us INTEGER NOT NULL DEFAULT 0;"
	  "UPDATE user SET last_seen_us = coalesce((SELECT"
	  "  max(d.last_seen_us) FROM device d WHERE d.user_id = user.id), 0);"
	  "CREATE INDEX user_until ON user (until_us)"
	  "  WHERE until_us IS NOT NULL;"
	  "CREATE INDEX user_state ON user (state, name);"
	  /* All that a list filters by: rows are read only to be shown. */
	  "CREATE INDEX user_list ON user"
	  "  (name, state, created_us, last_seen_us, display_name);"
	  "CREATE INDEX user_created ON user (created_us);"
	  "CREATE INDEX user_last_seen ON user (last_seen_us);"

	  /*
	   * How many of its messages are by low_id; the rest of last_number
	   * are by high_id. The row is written with each message anyway, where
	   * an index by sender would cost every message a page.
	   */
	  "ALTER TABLE conversation"
	  "  ADD COLUMN low_sent INTEGER NOT NULL DEFAULT 0;"
	  "UPDATE conversation SET low_sent = (SELECT count(*) FROM message m"
	  "  WHERE m.conversation_id = conversation.id"
	  "    AND m.sender_id = conversation.low_id);"

	  "CREATE TABLE audit ("
	  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  "  time_us INTEGER NOT NULL,"
	  "  actor TEXT NOT NULL,"
	  "  command TEXT NOT NULL,"
	  "  target TEXT NOT NULL,"
	  "  detail TEXT NOT NULL"
	  ") STRICT;"

	  "CREATE TABLE announcement ("
	  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  "  time_us INTEGER NOT NULL,"
	  "  actor TEXT NOT NULL,"
	  "  body TEXT NOT NULL,"
	  "  recipients INTEGER NOT NULL"
	  ") STRICT;" },
	/* clang-format on */
};

const int store_migration_count =
    (int)(sizeof(store_migrations) / sizeof(store_migrations[0]));
