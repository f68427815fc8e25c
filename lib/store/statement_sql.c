/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "statement.h"

/*
 * The texts of the statements. The columns of a row stand in the order of its
 * struct; what a conversation's or event's row joins in is told there.
 */

#define USER_COLUMNS                                                        \
	"id, name, display_name, phc, state, state_us, reason, created_us," \
	" until_us, state_before, last_seen_us"

/*
 * One page of a list of users. Without the plus signs SQLite would sometimes
 * go along the index of a filter and sort what it finds, for each page anew.
 */
#define USER_LIST_FILTER                                  \
	" (?2 = 0 OR max(last_seen_us, created_us) < ?2)" \
	" AND (?3 IS NULL OR instr(name, lower(?3)) > 0"  \
	"  OR instr(lower(display_name), lower(?3)) > 0)" \
	" AND +created_us >= ?4 AND (?5 = 0 OR +created_us < ?5)"
#define USER_LIST_STATES " WHERE ((1 << state) & ?1) <> 0 AND" USER_LIST_FILTER
#define USER_LIST        "SELECT " USER_COLUMNS " FROM user" USER_LIST_STATES
#define USER_LIST_BY_NAME      \
	"SELECT " USER_COLUMNS \
	" FROM user INDEXED BY user_list" USER_LIST_STATES
#define USER_LIST_OF_STATE                                        \
	"SELECT " USER_COLUMNS " FROM user INDEXED BY user_state" \
	" WHERE state = ?1 AND" USER_LIST_FILTER

/* Those whom an announcement to everybody reaches: active or locked. */
#define IN_AUDIENCE "state IN (1, 3)"

/* What an audit query leaves in. ?5 is a noun, or a noun and its verb. */
#define AUDIT_COLUMNS "id, time_us, actor, command, target, detail"
#define AUDIT_FILTER                                           \
	" time_us >= ?2 AND (?3 = 0 OR time_us < ?3)"          \
	" AND (?4 IS NULL OR instr(actor, ?4) > 0)"            \
	" AND (?5 IS NULL OR command = ?5"                     \
	"  OR substr(command, 1, length(?5) + 1) = ?5 || ' ')" \
	" AND (?6 IS NULL OR instr(target, ?6) > 0)"
#define DEVICE_COLUMNS "id, user_id, name, created_us, last_seen_us"
#define INVITE_COLUMNS \
	"id, hint, note, uses_left, uses, created_us, expires_us, befriend_id"
#define REQUEST_COLUMNS "id, from_id, to_id, time_us"
#define LINK_COLUMNS    "low_id, high_id, since_us, conversation_id"
#define MESSAGE_COLUMNS                                         \
	"m.conversation_id, m.number, m.sender_id, m.time_us, " \
	"m.operation, m.kind, m.body"

/* One member's view: ?1 is the member. The peer may be missing (a room). */
#define CONVERSATION_VIEW                                                        \
	"SELECT c.id, c.kind, c.first_kept, c.last_number, c.last_sequence,"     \
	"  u.id, u.name, u.display_name, u.state, u.created_us,"                 \
	"  EXISTS (SELECT 1 FROM friend_link f"                                  \
	"    WHERE f.low_id = c.low_id AND f.high_id = c.high_id),"              \
	"  k.read," MESSAGE_COLUMNS " FROM member b"                             \
	"  JOIN conversation c ON c.id = b.conversation_id"                      \
	"  JOIN mark k ON k.conversation_id = c.id AND k.user_id = ?1"           \
	"  LEFT JOIN user u"                                                     \
	"    ON u.id = CASE WHEN c.low_id = ?1 THEN c.high_id ELSE c.low_id END" \
	"  LEFT JOIN message m"                                                  \
	"    ON m.conversation_id = c.id AND m.number = c.last_number"

/* An event with what it tells of, as that is now. */
#define EVENT_VIEW                                                                        \
	"SELECT e.sequence, e.audience, e.kind, e.time_us, e.conversation_id,"            \
	"  e.number, e.user_id, e.peer_id, e.extra, k.delivered, k.read," MESSAGE_COLUMNS \
	" FROM event e"                                                                   \
	"  LEFT JOIN message m ON e.kind = 1"                                             \
	"    AND m.conversation_id = e.conversation_id AND m.number = e.number"           \
	"  LEFT JOIN mark k ON e.kind = 2"                                                \
	"    AND k.conversation_id = e.conversation_id AND k.user_id = e.user_id"

/* clang-format off */
const char *const statement_sql[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN_READ] = "BEGIN",
	[STATEMENT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_SAVEPOINT] = "SAVEPOINT request",
	[STATEMENT_SAVEPOINT_KEEP] = "RELEASE request",
	[STATEMENT_SAVEPOINT_UNDO] = "ROLLBACK TO request",
	[STATEMENT_DATA_VERSION] = "PRAGMA data_version",
	[STATEMENT_NEW_EPOCH] =
	    "UPDATE meta SET value = randomblob(16) WHERE key = 'epoch'",

	[STATEMENT_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[STATEMENT_META_SET] =
	    "INSERT INTO meta (key, value) VALUES (?1, ?2)"
	    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",

	[STATEMENT_USER_ADD] =
	    "INSERT INTO user (name, display_name, phc, state, state_us, reason,"
	    "  created_us) VALUES (?1, ?2, ?3, ?4, ?6, ?5, ?6) RETURNING id",
	[STATEMENT_USER_ADD_SYSTEM] =
	    "INSERT INTO user (name, display_name, phc, state, state_us, reason,"
	    "  created_us) VALUES (?1, ?2, '', 6, ?3, '', ?3) RETURNING id",
	[STATEMENT_USER_IMPORT] =
	    "INSERT INTO user (name, display_name, phc, state, state_us, reason,"
	    "  created_us, until_us, last_seen_us)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
	[STATEMENT_USER_FIND] =
	    "SELECT " USER_COLUMNS " FROM user WHERE id = ?1",
	[STATEMENT_USER_FIND_NAME] =
	    "SELECT " USER_COLUMNS " FROM user"
	    " WHERE name = ?1 AND state NOT IN (4, 6)",
	[STATEMENT_USER_FIND_SOME] =
	    "SELECT " USER_COLUMNS " FROM user"
	    " WHERE id > ?1 % (SELECT max(id) FROM user) ORDER BY id LIMIT 1",
	[STATEMENT_USER_FIND_SYSTEM] =
	    "SELECT " USER_COLUMNS " FROM user WHERE name = ?1 AND state = 6",
	[STATEMENT_USER_EACH] =
	    "SELECT " USER_COLUMNS " FROM user"
	    " WHERE name > ?1 AND state NOT IN (4, 6) ORDER BY name LIMIT ?2",
	[STATEMENT_USER_LIST_NAME] =
	    USER_LIST_BY_NAME " AND name > ?6 ORDER BY name LIMIT ?8",
	[STATEMENT_USER_LIST_NAME_DOWN] =
	    USER_LIST_BY_NAME " AND name < ?6 ORDER BY name DESC LIMIT ?8",
	[STATEMENT_USER_LIST_ID] =
	    USER_LIST " AND id > ?7 ORDER BY id LIMIT ?8",
	[STATEMENT_USER_LIST_ID_DOWN] =
	    USER_LIST " AND id < ?7 ORDER BY id DESC LIMIT ?8",
	[STATEMENT_USER_LIST_CREATED] =
	    USER_LIST " AND (created_us, id) > (?6, ?7)"
	    " ORDER BY created_us, id LIMIT ?8",
	[STATEMENT_USER_LIST_CREATED_DOWN] =
	    USER_LIST " AND (created_us, id) < (?6, ?7)"
	    " ORDER BY created_us DESC, id DESC LIMIT ?8",
	[STATEMENT_USER_LIST_SEEN] =
	    USER_LIST " AND (last_seen_us, id) > (?6, ?7)"
	    " ORDER BY last_seen_us, id LIMIT ?8",
	[STATEMENT_USER_LIST_SEEN_DOWN] =
	    USER_LIST " AND (last_seen_us, id) < (?6, ?7)"
	    " ORDER BY last_seen_us DESC, id DESC LIMIT ?8",
	/* A single state by name goes along an index of its own. */
	[STATEMENT_USER_LIST_STATE] =
	    USER_LIST_OF_STATE " AND name > ?6 ORDER BY name LIMIT ?8",
	[STATEMENT_USER_LIST_STATE_DOWN] =
	    USER_LIST_OF_STATE " AND name < ?6 ORDER BY name DESC LIMIT ?8",
	[STATEMENT_USER_LIST_COUNT] =
	    "SELECT count(*) FROM user INDEXED BY user_list" USER_LIST_STATES,
	[STATEMENT_USER_STATE_COUNT] =
	    "SELECT count(*) FROM user INDEXED BY user_state WHERE state = ?1",
	[STATEMENT_USER_SET_DISPLAY_NAME] =
	    "UPDATE user SET display_name = ?2 WHERE id = ?1",
	[STATEMENT_USER_SET_PHC] = "UPDATE user SET phc = ?2 WHERE id = ?1",
	[STATEMENT_USER_SET_STATE] =
	    "UPDATE user SET state = ?2, reason = ?3, state_us = ?4,"
	    "  until_us = ?5, state_before = ?6 WHERE id = ?1",
	[STATEMENT_USER_PURGE] =
	    "UPDATE user SET state = 4, state_us = ?2, reason = '', phc = '',"
	    "  name = 'deleted:' || id, display_name = '', until_us = NULL,"
	    "  state_before = NULL, last_seen_us = 0 WHERE id = ?1",
	/* Only where it changes anything: the row has an index on it. */
	[STATEMENT_USER_SEEN] =
	    "UPDATE user SET last_seen_us = ?2"
	    " WHERE id = ?1 AND last_seen_us < ?2",
	[STATEMENT_USER_NEXT_DUE] =
	    "SELECT " USER_COLUMNS " FROM user INDEXED BY user_until"
	    " WHERE until_us IS NOT NULL ORDER BY until_us LIMIT 1",
	[STATEMENT_USER_COUNT] =
	    "SELECT count(*) FROM user WHERE state NOT IN (4, 6)",
	[STATEMENT_USER_BELONGINGS] =
	    "SELECT (SELECT count(*) FROM device WHERE user_id = ?1),"
	    "  (SELECT count(*) FROM friend_link WHERE low_id = ?1)"
	    "   + (SELECT count(*) FROM friend_link WHERE high_id = ?1),"
	    "  (SELECT count(*) FROM friend_request WHERE from_id = ?1),"
	    "  (SELECT count(*) FROM friend_request WHERE to_id = ?1),"
	    "  (SELECT count(*) FROM invite WHERE befriend_id = ?1)",
	[STATEMENT_USER_CONVERSATIONS] =
	    "SELECT c.id, CASE WHEN c.low_id = ?1 THEN c.low_sent"
	    "  ELSE c.last_number - c.low_sent END FROM member b"
	    "  JOIN conversation c ON c.id = b.conversation_id"
	    " WHERE b.user_id = ?1",
	[STATEMENT_USER_FIRST_MESSAGE] =
	    "SELECT time_us FROM message WHERE conversation_id = ?1"
	    "  AND sender_id = ?2 ORDER BY number LIMIT 1",
	[STATEMENT_USER_LAST_MESSAGE] =
	    "SELECT time_us FROM message WHERE conversation_id = ?1"
	    "  AND sender_id = ?2 ORDER BY number DESC LIMIT 1",

	[STATEMENT_DEVICE_ADD] =
	    "INSERT INTO device (user_id, token_hash, name, created_us,"
	    "  last_seen_us) VALUES (?1, ?2, ?3, ?4, ?4) RETURNING id",
	[STATEMENT_DEVICE_FIND] =
	    "SELECT " DEVICE_COLUMNS " FROM device WHERE id = ?1",
	[STATEMENT_DEVICE_FIND_TOKEN] =
	    "SELECT " DEVICE_COLUMNS " FROM device WHERE token_hash = ?1",
	[STATEMENT_DEVICE_STALEST] = /* of a person who has ?2 or more */
	    "SELECT id FROM device WHERE user_id = ?1 AND"
	    "  (SELECT count(*) FROM device WHERE user_id = ?1) >= ?2"
	    " ORDER BY last_seen_us, id LIMIT 1",
	[STATEMENT_DEVICE_TOUCH] =
	    "UPDATE device SET last_seen_us = max(last_seen_us, ?2)"
	    " WHERE id = ?1 RETURNING user_id",
	[STATEMENT_DEVICE_REMOVE] =
	    "DELETE FROM device WHERE id = ?2 AND user_id = ?1 RETURNING id",
	[STATEMENT_DEVICE_REMOVE_ALL] = "DELETE FROM device WHERE user_id = ?1",
	[STATEMENT_DEVICE_EACH] =
	    "SELECT " DEVICE_COLUMNS " FROM device WHERE user_id = ?1 ORDER BY id",
	[STATEMENT_DEVICE_ALL] =
	    "SELECT " DEVICE_COLUMNS " FROM device WHERE id > ?1"
	    " ORDER BY id LIMIT ?2",

	[STATEMENT_INVITE_ADD] =
	    "INSERT INTO invite (code_hash, hint, note, uses_left, created_us,"
	    "  expires_us, befriend_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	    " RETURNING id",
	[STATEMENT_INVITE_FIND_CODE] =
	    "SELECT " INVITE_COLUMNS " FROM invite WHERE code_hash = ?1",
	[STATEMENT_INVITE_USE] =
	    "UPDATE invite SET uses_left = uses_left - 1, uses = uses + 1"
	    " WHERE id = ?1",
	[STATEMENT_INVITE_REMOVE] =
	    "DELETE FROM invite WHERE id = ?1 RETURNING id",
	[STATEMENT_INVITE_FORGET_FRIEND] =
	    "UPDATE invite SET befriend_id = NULL WHERE befriend_id = ?1",
	[STATEMENT_INVITE_EACH] =
	    "SELECT " INVITE_COLUMNS " FROM invite WHERE id > ?1"
	    " ORDER BY id LIMIT ?2",

	[STATEMENT_FRIEND_REQUEST_ADD] =
	    "INSERT INTO friend_request (from_id, to_id, time_us)"
	    " VALUES (?1, ?2, ?3) RETURNING id",
	[STATEMENT_FRIEND_REQUEST_FIND] =
	    "SELECT " REQUEST_COLUMNS " FROM friend_request WHERE id = ?1",
	[STATEMENT_FRIEND_REQUEST_FIND_PAIR] =
	    "SELECT " REQUEST_COLUMNS " FROM friend_request"
	    " WHERE from_id = ?1 AND to_id = ?2",
	[STATEMENT_FRIEND_REQUEST_COUNT] =
	    "SELECT count(*) FROM friend_request WHERE from_id = ?1",
	[STATEMENT_FRIEND_REQUEST_REMOVE] =
	    "DELETE FROM friend_request WHERE id = ?1",
	/*
	 * Two halves, so that each goes along its own index in the order of
	 * ids and stops at the limit.
	 */
	[STATEMENT_FRIEND_REQUEST_EACH] =
	    "SELECT * FROM (SELECT " REQUEST_COLUMNS " FROM friend_request"
	    "    INDEXED BY friend_request_from"
	    "    WHERE from_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3)"
	    " UNION ALL SELECT * FROM (SELECT " REQUEST_COLUMNS
	    "    FROM friend_request INDEXED BY friend_request_to"
	    "    WHERE to_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3)"
	    " ORDER BY id LIMIT ?3",
	[STATEMENT_FRIEND_REQUEST_ALL] =
	    "SELECT " REQUEST_COLUMNS " FROM friend_request WHERE id > ?1"
	    " ORDER BY id LIMIT ?2",

	[STATEMENT_FRIEND_LINK_ADD] =
	    "INSERT INTO friend_link (low_id, high_id, since_us,"
	    "  conversation_id) VALUES (?1, ?2, ?3, ?4)",
	[STATEMENT_FRIEND_LINK_FIND] =
	    "SELECT " LINK_COLUMNS " FROM friend_link"
	    " WHERE low_id = ?1 AND high_id = ?2",
	[STATEMENT_FRIEND_LINK_REMOVE] =
	    "DELETE FROM friend_link WHERE low_id = ?1 AND high_id = ?2",
	[STATEMENT_FRIEND_LINK_EACH] =
	    "SELECT * FROM (SELECT " LINK_COLUMNS ", high_id AS friend_id"
	    "    FROM friend_link WHERE low_id = ?1 AND high_id > ?2"
	    "    ORDER BY high_id LIMIT ?3)"
	    " UNION ALL SELECT * FROM (SELECT " LINK_COLUMNS
	    "    , low_id AS friend_id FROM friend_link"
	    "    INDEXED BY friend_link_high WHERE high_id = ?1 AND low_id > ?2"
	    "    ORDER BY low_id LIMIT ?3)"
	    " ORDER BY friend_id LIMIT ?3",
	[STATEMENT_FRIEND_LINK_ALL] =
	    "SELECT " LINK_COLUMNS " FROM friend_link"
	    " WHERE (low_id, high_id) > (?1, ?2)"
	    " ORDER BY low_id, high_id LIMIT ?3",

	[STATEMENT_CONVERSATION_ADD] =
	    "INSERT INTO conversation (kind, low_id, high_id, created_us)"
	    " VALUES (?1, ?2, ?3, ?4) RETURNING id",
	[STATEMENT_CONVERSATION_FIND_PAIR] =
	    "SELECT id FROM conversation WHERE low_id = ?1 AND high_id = ?2",
	[STATEMENT_CONVERSATION_EACH] =
	    CONVERSATION_VIEW " WHERE b.user_id = ?1 AND b.conversation_id > ?2"
	    " ORDER BY b.conversation_id LIMIT ?3",
	[STATEMENT_CONVERSATION_FIND] =
	    CONVERSATION_VIEW " WHERE b.user_id = ?1 AND b.conversation_id = ?2",
	[STATEMENT_CONVERSATION_UNREAD] =
	    "SELECT count(*) FROM (SELECT 1 FROM message"
	    "  WHERE conversation_id = ?1 AND number > ?2 AND sender_id <> ?3"
	    "  LIMIT ?4)",
	[STATEMENT_CONVERSATION_SET_LAST] =
	    "UPDATE conversation SET last_number = ?2, last_time_us = ?3,"
	    "  last_sequence = ?4, low_sent = low_sent + (low_id IS ?5)"
	    " WHERE id = ?1",
	[STATEMENT_CONVERSATION_SET_SEQUENCE] =
	    "UPDATE conversation SET last_sequence = ?2 WHERE id = ?1",
	[STATEMENT_CONVERSATION_FIND_SEQUENCE] =
	    "UPDATE conversation SET last_sequence = coalesce("
	    "  (SELECT max(sequence) FROM event WHERE audience = ?1), 0)"
	    " WHERE id = ?1",
	[STATEMENT_CONVERSATION_NEW_EACH] =
	    "SELECT c.id FROM member b"
	    "  CROSS JOIN conversation c ON c.id = b.conversation_id"
	    " WHERE b.user_id = ?1 AND c.last_sequence > ?2",

	[STATEMENT_MEMBER_ADD] =
	    "INSERT INTO member (conversation_id, user_id) VALUES (?1, ?2)",
	[STATEMENT_MEMBER_EACH] =
	    "SELECT user_id FROM member WHERE conversation_id = ?1",
	[STATEMENT_MEMBER_FIND] =
	    "SELECT c.kind,"
	    "  CASE WHEN c.low_id = ?1 THEN c.high_id ELSE c.low_id END,"
	    "  EXISTS (SELECT 1 FROM friend_link f"
	    "    WHERE f.low_id = c.low_id AND f.high_id = c.high_id),"
	    "  c.first_kept, c.last_number"
	    " FROM member b JOIN conversation c ON c.id = b.conversation_id"
	    " WHERE b.user_id = ?1 AND b.conversation_id = ?2",
	[STATEMENT_MEMBER_PEERS] =
	    "SELECT DISTINCT p.user_id FROM member b"
	    "  JOIN member p ON p.conversation_id = b.conversation_id"
	    " WHERE b.user_id = ?1 AND p.user_id <> ?1",

	[STATEMENT_MESSAGE_MAY_ADD] =
	    "SELECT c.kind, c.last_number, c.last_time_us,"
	    "  EXISTS (SELECT 1 FROM friend_link f"
	    "    WHERE f.low_id = c.low_id AND f.high_id = c.high_id)"
	    " FROM conversation c JOIN member b"
	    "   ON b.conversation_id = c.id AND b.user_id = ?2"
	    " WHERE c.id = ?1",
	[STATEMENT_MESSAGE_ADD] =
	    "INSERT INTO message (conversation_id, number, sender_id, time_us,"
	    "  operation, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STATEMENT_MESSAGE_FIND] =
	    "SELECT " MESSAGE_COLUMNS " FROM message m"
	    " WHERE m.conversation_id = ?1 AND m.number = ?2",
	[STATEMENT_MESSAGE_EACH] =
	    "SELECT " MESSAGE_COLUMNS " FROM message m"
	    " WHERE m.conversation_id = ?1 AND m.number < ?2"
	    " ORDER BY m.number DESC LIMIT ?3",
	[STATEMENT_MESSAGE_COUNT] =
	    "SELECT coalesce(sum(last_number - first_kept + 1), 0)"
	    " FROM conversation",

	[STATEMENT_MARK_ADD] =
	    "INSERT INTO mark (conversation_id, user_id) VALUES (?1, ?2)",
	[STATEMENT_MARK_FIND] =
	    "SELECT k.delivered, k.read, k.sequence, c.last_number,"
	    "  EXISTS (SELECT 1 FROM friend_link f"
	    "    WHERE f.low_id = c.low_id AND f.high_id = c.high_id)"
	    " FROM mark k JOIN conversation c ON c.id = k.conversation_id"
	    " WHERE k.conversation_id = ?1 AND k.user_id = ?2",
	[STATEMENT_MARK_EACH] =
	    "SELECT user_id, delivered, read FROM mark"
	    " WHERE conversation_id = ?1 ORDER BY user_id LIMIT ?2",
	[STATEMENT_MARK_SET] =
	    "UPDATE mark SET delivered = ?3, read = ?4, sequence = ?5"
	    " WHERE conversation_id = ?1 AND user_id = ?2",

	[STATEMENT_EVENT_ADD] =
	    "INSERT INTO event (sequence, audience, kind, time_us,"
	    "  conversation_id, number, user_id, peer_id, extra)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[STATEMENT_EVENT_REMOVE] = "DELETE FROM event WHERE sequence = ?1",
	[STATEMENT_EVENT_FIND] = EVENT_VIEW " WHERE e.sequence = ?1",
	[STATEMENT_EVENT_EACH] =
	    EVENT_VIEW " WHERE e.sequence > ?1 ORDER BY e.sequence LIMIT ?2",
	[STATEMENT_EVENT_NEXT] =
	    "SELECT sequence FROM event INDEXED BY event_audience"
	    " WHERE audience = ?1 AND sequence > ?2 ORDER BY sequence LIMIT 1",
	[STATEMENT_EVENT_BEHIND] =
	    "SELECT count(*) FROM (SELECT 1 FROM event INDEXED BY event_audience"
	    "  WHERE audience = ?1 AND sequence > ?2 LIMIT ?3)",

	[STATEMENT_OPERATION_ADD] =
	    "INSERT INTO operation (user_id, id, digest, result, time_us)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	[STATEMENT_OPERATION_FIND] =
	    "SELECT digest, result FROM operation WHERE user_id = ?1 AND id = ?2",
	/* Numbers rise with time, so the first ones are the oldest. */
	[STATEMENT_OPERATION_OLDEST] =
	    "SELECT time_us FROM operation ORDER BY number LIMIT 1",
	[STATEMENT_OPERATION_PURGE] =
	    "DELETE FROM operation WHERE time_us < ?1 AND number IN"
	    "  (SELECT number FROM operation ORDER BY number LIMIT ?2)",

	[STATEMENT_AUDIT_ADD] =
	    "INSERT INTO audit (time_us, actor, command, target, detail)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	[STATEMENT_AUDIT_EACH] =
	    "SELECT " AUDIT_COLUMNS " FROM audit WHERE id > ?1 AND" AUDIT_FILTER
	    " ORDER BY id LIMIT ?7",
	[STATEMENT_AUDIT_EACH_DOWN] =
	    "SELECT " AUDIT_COLUMNS " FROM audit WHERE id < ?1 AND" AUDIT_FILTER
	    " ORDER BY id DESC LIMIT ?7",
	[STATEMENT_AUDIT_COUNT] =
	    "SELECT count(*) FROM audit WHERE id > ?1 AND" AUDIT_FILTER,

	[STATEMENT_ANNOUNCEMENT_ADD] =
	    "INSERT INTO announcement (time_us, actor, body, recipients)"
	    " VALUES (?1, ?2, ?3, 0) RETURNING id",
	[STATEMENT_ANNOUNCEMENT_SET_RECIPIENTS] =
	    "UPDATE announcement SET recipients = ?2 WHERE id = ?1",
	[STATEMENT_ANNOUNCEMENT_EACH] =
	    "SELECT id, time_us, actor, body, recipients FROM announcement"
	    " WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
	[STATEMENT_ANNOUNCEMENT_AUDIENCE] =
	    "SELECT id FROM user NOT INDEXED WHERE id > ?1 AND id <= ?2"
	    "  AND " IN_AUDIENCE " ORDER BY id LIMIT ?3",
	[STATEMENT_ANNOUNCEMENT_UNTIL] =
	    "SELECT coalesce(max(id), 0) FROM user",
	[STATEMENT_ANNOUNCEMENT_RECIPIENTS] =
	    "SELECT recipients FROM announcement WHERE id = ?1",
	[STATEMENT_ANNOUNCEMENT_AUDIENCE_COUNT] =
	    "SELECT count(*) FROM user WHERE " IN_AUDIENCE,
};
/* clang-format on */
