/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Is the database whole? Every check is a statement that answers with one
 * sentence for each thing that is wrong. The tables themselves are looked at in
 * store_verify_tables.c.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_operation.h"
#include "store_private.h"

#define OPERATION_KEPT_US "2592000000000"
_Static_assert(STORE_OPERATION_KEPT_DAYS == 30, "as it is written there");

/* clang-format off */
static const char *const checks[] = {
	/* The file, its tables and indexes; stops at 100 by itself. */
	"SELECT integrity_check FROM pragma_integrity_check"
	" WHERE integrity_check <> 'ok'",

	"SELECT format('%s row %d refers to a missing row of %s',"
	"  \"table\", rowid, parent) FROM pragma_foreign_key_check LIMIT 100",

	/* Without these no hub starts, or it would count from 1 again. */
	"SELECT 'the epoch, by which clients know this database, is missing'"
	" WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'epoch'"
	"  AND typeof(value) = 'blob' AND length(value) = 16)",

	"SELECT 'the counter of events is missing, or no counter' WHERE NOT"
	" EXISTS (SELECT 1 FROM meta WHERE key = 'last_sequence'"
	"  AND typeof(value) = 'integer' AND value BETWEEN 0 AND 1 << 62)",

	/* Numbers: from first_kept to last_number, each once. */
	"SELECT format('conversation %d: %d messages, %d to %d, where %d to %d"
	" should be', id, n, low, high, first_kept, last_number) FROM ("
	"  SELECT c.id, c.first_kept, c.last_number, count(m.number) AS n,"
	"    coalesce(min(m.number), c.first_kept) AS low,"
	"    coalesce(max(m.number), c.first_kept - 1) AS high"
	"  FROM conversation c LEFT JOIN message m ON m.conversation_id = c.id"
	"  GROUP BY c.id)"
	" WHERE n <> last_number - first_kept + 1 OR low <> first_kept"
	"  OR high <> last_number LIMIT 100",

	"SELECT format('message %d of conversation %d is older than the one"
	" before it', number, conversation_id) FROM ("
	"  SELECT conversation_id, number, time_us, lag(time_us) OVER"
	"    (PARTITION BY conversation_id ORDER BY number) AS before_us"
	"  FROM message) WHERE time_us < before_us LIMIT 100",

	"SELECT format('message %d of conversation %d is by somebody who is no"
	" member', m.number, m.conversation_id) FROM message m WHERE NOT EXISTS"
	"  (SELECT 1 FROM member b WHERE b.conversation_id = m.conversation_id"
	"   AND b.user_id = m.sender_id) LIMIT 100",

	"SELECT format('message %d of conversation %d is no text', number,"
	"  conversation_id) FROM message WHERE kind <> 1 OR NOT kith_is_text(body)"
	" LIMIT 100",

	/* An operation makes one message, for as long as it is remembered. */
	"SELECT format('%d messages of user %d have the same operation',"
	"  count(*), sender_id) FROM message WHERE operation IS NOT NULL"
	" GROUP BY sender_id, operation HAVING count(*) > 1"
	"  AND max(time_us) - min(time_us) < (count(*) - 1) * " OPERATION_KEPT_US
	" LIMIT 100",

	/* Events: one a message, in the messages' order, of what is there. */
	"SELECT format('conversation %d has %d message events for %d numbers',"
	"  conversation_id, count(*), count(DISTINCT number)) FROM event"
	" WHERE kind = 1 GROUP BY conversation_id"
	" HAVING count(*) <> count(DISTINCT number) LIMIT 100",

	"SELECT format('conversation %d has %d messages but %d events of them',"
	"  c.id, c.last_number - c.first_kept + 1, coalesce(e.n, 0))"
	" FROM conversation c LEFT JOIN (SELECT conversation_id, count(*) AS n"
	"  FROM event WHERE kind = 1 GROUP BY conversation_id) e"
	"  ON e.conversation_id = c.id"
	" WHERE coalesce(e.n, 0) <> c.last_number - c.first_kept + 1 LIMIT 100",

	"SELECT format('event %d tells of message %d after message %d',"
	"  sequence, number, before) FROM (SELECT sequence, number,"
	"   lag(number) OVER (PARTITION BY conversation_id ORDER BY sequence)"
	"    AS before FROM event WHERE kind = 1)"
	" WHERE number <= before LIMIT 100",

	"SELECT format('event %d tells of message %d of conversation %d, which"
	" is not there', e.sequence, e.number, e.conversation_id) FROM event e"
	" WHERE e.kind = 1 AND NOT EXISTS (SELECT 1 FROM message m"
	"  WHERE m.conversation_id = e.conversation_id AND m.number = e.number)"
	" LIMIT 100",

	/* Who hears of it: of a conversation its members, else one of whom it is. */
	"SELECT format('event %d of conversation %d is for another audience, %d',"
	"  sequence, conversation_id, audience) FROM event"
	" WHERE kind IN (1, 2) AND audience IS NOT conversation_id"
	"  AND (kind = 1 OR audience IS NOT -user_id) LIMIT 100",

	"SELECT format('event %d is for user %d, whom it does not concern',"
	"  sequence, -audience) FROM event e WHERE audience < 0 AND CASE"
	"  WHEN kind IN (3, 4) THEN -audience NOT IN (user_id, peer_id)"
	"  WHEN kind IN (5, 6) THEN user_id = -audience OR NOT EXISTS (SELECT 1"
	"   FROM member b WHERE b.conversation_id = e.conversation_id"
	"   AND b.user_id = -e.audience)"
	"  WHEN kind >= 100 THEN user_id <> -audience END LIMIT 100",

	"SELECT format('event %d is for a conversation, but is of a person',"
	"  sequence) FROM event WHERE audience >= 0 AND kind NOT IN (1, 2)"
	" LIMIT 100",

	"SELECT format('conversation %d should have %d as its newest event, not"
	" %d', c.id, e.newest, c.last_sequence) FROM conversation c"
	"  JOIN (SELECT audience, max(sequence) AS newest FROM event"
	"   GROUP BY audience) e ON e.audience = c.id"
	" WHERE e.newest <> c.last_sequence LIMIT 100",

	"SELECT format('the newest event is %d, over the counter at %d', newest,"
	"  counter) FROM (SELECT max(sequence) AS newest,"
	"   (SELECT value FROM meta WHERE key = 'last_sequence') AS counter"
	"   FROM event) WHERE newest > coalesce(counter, 0)",

	/* Members and marks. */
	"SELECT format('conversation %d is of kind %d, which does not exist', id,"
	"  kind) FROM conversation WHERE kind <> 1 LIMIT 100",

	"SELECT format('direct conversation %d does not have its two members',"
	"  c.id) FROM conversation c WHERE c.kind = 1 AND (SELECT count(*)"
	"   FROM member b WHERE b.conversation_id = c.id"
	"   AND b.user_id IN (c.low_id, c.high_id)) <> 2 LIMIT 100",

	"SELECT format('user %d is in direct conversation %d of two others',"
	"  b.user_id, c.id) FROM member b JOIN conversation c"
	"   ON c.id = b.conversation_id WHERE c.kind = 1"
	"  AND b.user_id NOT IN (c.low_id, c.high_id) LIMIT 100",

	"SELECT format('member %d of conversation %d has no mark', b.user_id,"
	"  b.conversation_id) FROM member b WHERE NOT EXISTS (SELECT 1"
	"   FROM mark k WHERE k.conversation_id = b.conversation_id"
	"   AND k.user_id = b.user_id) LIMIT 100",

	"SELECT format('user %d has marked %d of %d in conversation %d',"
	"  k.user_id, k.delivered, c.last_number, c.id) FROM mark k"
	"  JOIN conversation c ON c.id = k.conversation_id"
	" WHERE k.delivered > c.last_number OR k.read > k.delivered LIMIT 100",

	"SELECT format('the mark of user %d in conversation %d has %d events',"
	"  k.user_id, k.conversation_id, coalesce(e.n, 0)) FROM mark k"
	"  LEFT JOIN (SELECT conversation_id, user_id, count(*) AS n,"
	"   max(sequence) AS newest FROM event WHERE kind = 2"
	"   GROUP BY conversation_id, user_id) e"
	"  ON e.conversation_id = k.conversation_id AND e.user_id = k.user_id"
	" WHERE coalesce(e.n, 0) <> (k.sequence <> 0)"
	"  OR (k.sequence <> 0 AND e.newest IS NOT k.sequence) LIMIT 100",

	/* Friends. */
	"SELECT format('the friends %d and %d have conversation %d, which is"
	" not theirs', f.low_id, f.high_id, f.conversation_id)"
	" FROM friend_link f JOIN conversation c ON c.id = f.conversation_id"
	" WHERE c.low_id IS NOT f.low_id OR c.high_id IS NOT f.high_id"
	" LIMIT 100",

	"SELECT format('%d and %d are friends and yet request %d waits',"
	"  f.low_id, f.high_id, r.id) FROM friend_request r JOIN friend_link f"
	"  ON f.low_id = min(r.from_id, r.to_id)"
	"  AND f.high_id = max(r.from_id, r.to_id) LIMIT 100",

	"SELECT format('user %d is deleted and yet has devices, friends or"
	" requests', u.id) FROM user u WHERE u.state = 4 AND ("
	"  EXISTS (SELECT 1 FROM device WHERE user_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_link WHERE low_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_link WHERE high_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_request WHERE from_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_request WHERE to_id = u.id))"
	" LIMIT 100",

	"SELECT format('user %d is deleted and yet has a name, a password or a"
	" time to wait for', id) FROM user WHERE state = 4 AND (phc <> ''"
	"  OR name <> 'deleted:' || id OR display_name <> ''"
	"  OR until_us IS NOT NULL) LIMIT 100",

	/* States: 1 active, 2 pending, 3 locked, 5 deleting, 6 the system's. */
	"SELECT format('user %d is in state %d, which does not exist', id,"
	"  state) FROM user WHERE state NOT BETWEEN 1 AND 6 LIMIT 100",

	"SELECT format('user %d has a name that nobody can have', id) FROM user"
	" WHERE state NOT IN (4, 6) AND (name NOT GLOB '[a-z]*[a-z0-9]'"
	"  OR name GLOB '*[^-a-z0-9._]*' OR length(name) > 32) LIMIT 100",

	"SELECT format('user %d waits to be purged, but not until when', id)"
	" FROM user WHERE state = 5 AND until_us IS NULL LIMIT 100",

	"SELECT format('user %d is neither locked nor about to be deleted, and"
	" yet waits for the end of that', id) FROM user"
	" WHERE state NOT IN (3, 5)"
	"  AND (until_us IS NOT NULL OR state_before IS NOT NULL) LIMIT 100",

	"SELECT format('user %d would come back to state %d', id, state_before)"
	" FROM user WHERE state_before NOT BETWEEN 1 AND 3 LIMIT 100",

	"SELECT format('user %d is \"%s\", but not the server''s own account',"
	"  id, name) FROM user WHERE (state = 6) <> (name = ':server')"
	" LIMIT 100",

	"SELECT format('user %d is the server''s own account and yet has a"
	" password, devices, friends or requests', u.id) FROM user u"
	" WHERE u.state = 6 AND (u.phc <> ''"
	"  OR EXISTS (SELECT 1 FROM device WHERE user_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_link WHERE low_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_link WHERE high_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_request WHERE from_id = u.id)"
	"  OR EXISTS (SELECT 1 FROM friend_request WHERE to_id = u.id))",

	"SELECT format('device %d of user %d was seen after the user', d.id,"
	"  u.id) FROM device d JOIN user u ON u.id = d.user_id"
	" WHERE d.last_seen_us > u.last_seen_us LIMIT 100",

	/* Counters. Messages below first_kept are counted and gone. */
	"SELECT format('conversation %d has %d messages of user %d, not %d',"
	"  c.id, count(m.number), c.low_id, c.low_sent) FROM conversation c"
	"  LEFT JOIN message m ON m.conversation_id = c.id"
	"   AND m.sender_id = c.low_id"
	" GROUP BY c.id HAVING count(m.number) > c.low_sent"
	"  OR (c.first_kept = 1 AND count(m.number) <> c.low_sent) LIMIT 100",

	/* Rows that nothing refers to, or that refer to nothing. */
	"SELECT format('conversation %d has no member', c.id)"
	" FROM conversation c WHERE NOT EXISTS (SELECT 1 FROM member b"
	"  WHERE b.conversation_id = c.id) LIMIT 100",

	"SELECT format('event %d is for user %d, who is not there', e.sequence,"
	"  -e.audience) FROM event e WHERE e.audience < 0 AND NOT EXISTS"
	"  (SELECT 1 FROM user u WHERE u.id = -e.audience) LIMIT 100",

	"SELECT format('event %d is for conversation %d, which is not there',"
	"  e.sequence, e.audience) FROM event e WHERE e.audience >= 0"
	"  AND NOT EXISTS (SELECT 1 FROM conversation c"
	"   WHERE c.id = e.audience) LIMIT 100",

	"SELECT format('event %d tells of a user or a conversation that is not"
	" there', e.sequence) FROM event e"
	" WHERE NOT EXISTS (SELECT 1 FROM user u WHERE u.id = e.user_id)"
	"   AND e.user_id IS NOT NULL"
	"  OR NOT EXISTS (SELECT 1 FROM user u WHERE u.id = e.peer_id)"
	"   AND e.peer_id IS NOT NULL"
	"  OR NOT EXISTS (SELECT 1 FROM conversation c"
	"   WHERE c.id = e.conversation_id) AND e.conversation_id IS NOT NULL"
	" LIMIT 100",

	"SELECT format('operation %d is of user %d, who is not there',"
	"  o.number, o.user_id) FROM operation o WHERE NOT EXISTS"
	"  (SELECT 1 FROM user u WHERE u.id = o.user_id) LIMIT 100",

	/* What is kept for administrators. */
	"SELECT format('audit row %d does not say who did what', id) FROM audit"
	" WHERE actor = '' OR command = '' LIMIT 100",

	"SELECT format('audit row %d has details that are no JSON', id)"
	" FROM audit WHERE NOT json_valid(detail) LIMIT 100",

	"SELECT format('announcement %d is on its way and is not there', value)"
	" FROM meta WHERE key = 'announcing' AND value <> 0"
	"  AND value NOT IN (SELECT id FROM announcement)",

	"SELECT format('announcement %d has %d recipients and no sender', a.id,"
	"  a.recipients) FROM announcement a WHERE a.recipients < 1"
	"  OR NOT EXISTS (SELECT 1 FROM user WHERE state = 6) LIMIT 100",
};
/* clang-format on */

/*
 * What takes a moment only: whether the file's pages hang together. It stops at
 * 100 by itself; a number given to it is a table's name to newer SQLites.
 */
static const char *const quick_checks[] = {
	"SELECT quick_check FROM pragma_quick_check"
	" WHERE quick_check <> 'ok'",
};

#define CHECK_COUNT (sizeof(checks) / sizeof(checks[0]))
/* So many, the first ones, know nothing of kith's tables. */
#define CHECK_COUNT_ANY_VERSION 2

struct findings {
	void (*problem)(void *context, const char *sentence);
	void *context;
	unsigned int count;
};

static void
find(void *context, const char *sentence)
{
	struct findings *findings = context;

	if (findings->count >= STORE_PROBLEMS_MAX)
		return;
	findings->problem(findings->context, sentence);
	findings->count++;
}

/*
 * kith_is_text(body). What makes a text good may change with Unicode; that it
 * is one, and is none too long for its frame, does not.
 */
static void
is_text(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *text = sqlite3_value_blob(values[0]);
	size_t length = (size_t)sqlite3_value_bytes(values[0]);

	(void)count;
	sqlite3_result_int(context,
	    length > 0 && length <= TEXT_MESSAGE_MAX &&
		memchr(text, '\0', length) == NULL &&
		text_is_utf8(text, length));
}

static void
add_functions(struct store *s)
{
	if (sqlite3_create_function_v2(s->db, "kith_is_text", 1,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
		is_text, NULL, NULL, NULL) != SQLITE_OK)
		abort(); /* for memory alone */
}

static enum kith_code
run_check(struct store *s, const char *sql, struct findings *findings)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	enum kith_code code = KITH_OK;
	char sentence[FAULT_SENTENCE_MAX];

	if (rc == SQLITE_OK)
		while (findings->count < STORE_PROBLEMS_MAX &&
		    (rc = sqlite3_step(st)) == SQLITE_ROW) {
			column_text(st, 0, sentence, sizeof(sentence));
			find(findings, sentence);
		}
	if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
		code = store_fail(s, rc, sql);
	sqlite3_finalize(st);
	return code;
}

static bool
is_older(const struct store *s)
{
	return s->copy_version != 0 && s->copy_version < store_migration_count;
}

static enum kith_code
run_checks(struct store *s, const char *const *list, size_t count,
    struct findings *findings)
{
	enum kith_code code = KITH_OK;
	size_t i;

	for (i = 0; i < count && code == KITH_OK; i++) {
		code = run_check(s, list[i], findings);
		/* A damaged file is a finding too, and then the last one. */
		if (code == KITH_INTEGRITY || code == KITH_FOREIGN)
			find(findings, s->fault.sentence);
	}
	return code;
}

/* One state for all checks, or a writer between two would be a find. */
static enum kith_code
begin(struct store *s, bool *own_r)
{
	*own_r = false;
	/* A copy that is older has no statements, and no writer either. */
	return is_older(s) ? KITH_OK : store_read_scope(s, own_r);
}

static enum kith_code
end(struct store *s, bool own, enum kith_code code,
    const struct findings *findings)
{
	if (own)
		store_end_read(s);
	return code == KITH_OK && findings->count > 0 ? KITH_INTEGRITY : code;
}

enum kith_code
store_verify(struct store *s,
    void (*problem)(void *context, const char *sentence), void *context)
{
	struct findings findings = { problem, context, 0 };
	bool own;
	enum kith_code code = begin(s, &own);

	add_functions(s);
	if (code == KITH_OK)
		code = run_checks(s, checks,
		    is_older(s) ? CHECK_COUNT_ANY_VERSION : CHECK_COUNT,
		    &findings);
	if (code == KITH_OK)
		code = store_verify_tables(s, find, &findings);
	return end(s, own, code, &findings);
}

enum kith_code
store_verify_quick(struct store *s,
    void (*problem)(void *context, const char *sentence), void *context)
{
	struct findings findings = { problem, context, 0 };
	bool own;
	enum kith_code code = begin(s, &own);

	if (code == KITH_OK)
		code = run_checks(s, quick_checks,
		    sizeof(quick_checks) / sizeof(quick_checks[0]), &findings);
	return end(s, own, code, &findings);
}

void
first_problem_take(void *first, const char *sentence)
{
	struct first_problem *f = first;

	if (f->sentence[0] == '\0')
		snprintf(f->sentence, sizeof(f->sentence), "%s", sentence);
	if (f->problem != NULL)
		f->problem(f->context, sentence);
}
