/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Each contradiction that store_verify() looks for is found, and named. */

#include "store_testing.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* What to look for in the sentences, and whether it was there. */
struct hunt {
	const char *words;
	bool found;
};

static void
hunt_problem(void *context, const char *sentence)
{
	struct hunt *hunt = context;

	if (strstr(sentence, hunt->words) != NULL)
		hunt->found = true;
}

static const struct {
	const char *sql;
	const char *words;
} wrecks[] = {
	{ "UPDATE user SET state = 9 WHERE id = 1", "user 1 is in state 9" },
	{ "UPDATE user SET until_us = NULL WHERE name = 'dora'",
	    "not until when" },
	{ "UPDATE user SET until_us = 5 WHERE id = 1",
	    "user 1 is neither locked" },
	{ "UPDATE user SET state_before = 2 WHERE id = 1",
	    "user 1 is neither locked" },
	{ "UPDATE user SET state_before = 6 WHERE name = 'carol'",
	    "come back to state 6" },
	{ "UPDATE user SET name = 'x' WHERE state = 6",
	    "not the server's own" },
	{ "UPDATE user SET name = ':server2' WHERE state = 6",
	    "not the server's own" },
	{ "UPDATE user SET state = 1 WHERE state = 6", "not the server's own" },
	{ "UPDATE user SET phc = 'x' WHERE state = 6", "yet has a password" },
	{ "INSERT INTO device (user_id, token_hash, name, created_us,"
	  "  last_seen_us) SELECT id, randomblob(32), '', 0, 0 FROM user"
	  "  WHERE state = 6",
	    "yet has a password, devices" },
	{ "UPDATE user SET phc = 'x' WHERE state = 4",
	    "is deleted and yet has a name" },
	{ "UPDATE user SET name = 'eve' WHERE state = 4",
	    "is deleted and yet has a name" },
	{ "UPDATE device SET last_seen_us = last_seen_us + 1",
	    "was seen after the user" },
	{ "UPDATE conversation SET low_sent = 0", "2 messages of user 1" },
	{ "UPDATE conversation SET low_sent = 3", "not 3" },
	{ "INSERT INTO conversation (kind, created_us) VALUES (2, 0)",
	    "has no member" },
	{ "UPDATE event SET audience = -99 WHERE sequence = 1",
	    "is for user 99, who is not there" },
	{ "UPDATE event SET audience = 99 WHERE sequence = 1",
	    "is for conversation 99" },
	{ "UPDATE event SET user_id = 99 WHERE user_id IS NOT NULL",
	    "tells of a user or a conversation" },
	{ "UPDATE event SET conversation_id = 99 WHERE sequence = 1",
	    "tells of a user or a conversation" },
	{ "INSERT INTO operation (user_id, id, digest, result, time_us)"
	  " VALUES (99, randomblob(16), x'', x'', 0)",
	    "is of user 99" },
	{ "UPDATE audit SET actor = ''", "does not say who did what" },
	{ "UPDATE audit SET detail = 'oops'", "are no JSON" },
	{ "UPDATE meta SET value = 99 WHERE key = 'announcing'",
	    "announcement 99 is on its way and is not there" },
	{ "UPDATE announcement SET recipients = 0",
	    "recipients and no sender" },
	/* what would keep a hub from starting, or make it count anew */
	{ "DELETE FROM meta WHERE key = 'epoch'", "epoch" },
	{ "UPDATE meta SET value = x'00' WHERE key = 'epoch'", "epoch" },
	{ "DELETE FROM event; DELETE FROM meta WHERE key = 'last_sequence'",
	    "counter of events" },
	{ "UPDATE meta SET value = 'x' WHERE key = 'last_sequence'",
	    "counter of events" },
	{ "UPDATE meta SET value = 9223372036854775807"
	  " WHERE key = 'last_sequence'",
	    "counter of events" },
	/* who would read what is not meant for them, or not hear of it */
	{ "INSERT INTO member VALUES (1, 3); INSERT INTO mark"
	  " (conversation_id, user_id) VALUES (1, 3)",
	    "user 3 is in direct conversation 1" },
	{ "UPDATE conversation SET kind = 2 WHERE id = 1", "is of kind 2" },
	{ "UPDATE event SET audience = 2 WHERE kind = 1"
	  " AND conversation_id = 1 AND number = 2",
	    "of conversation 1 is for another audience, 2" },
	{ "UPDATE event SET audience = -3 WHERE kind = 1"
	  " AND conversation_id = 1 AND number = 2",
	    "of conversation 1 is for another audience, -3" },
	/* a mark's event is the conversation's or its own person's */
	{ "UPDATE event SET audience = -2 WHERE kind = 2",
	    "of conversation 1 is for another audience, -2" },
	{ "UPDATE mark SET sequence = 0 WHERE sequence <> 0",
	    "the mark of user 1 in conversation 1 has 1 events" },
	{ "DELETE FROM event WHERE kind = 2",
	    "the mark of user 1 in conversation 1 has 0 events" },
	{ "UPDATE event SET audience = -3 WHERE kind = 5 AND audience = -1",
	    "is for user 3, whom it does not concern" },
	{ "UPDATE event SET audience = -1 WHERE kind = 103",
	    "is for user 1, whom it does not concern" },
	{ "UPDATE event SET audience = 1 WHERE kind = 5",
	    "is for a conversation, but is of a person" },
	/* what not every client could take in */
	{ "UPDATE message SET body = x'c328' WHERE number = 2",
	    "message 2 of conversation 1 is no text" },
	{ "UPDATE message SET body = x'' WHERE number = 2", "is no text" },
	{ "UPDATE message SET body = x'610062' WHERE number = 2",
	    "is no text" },
	{ "UPDATE message SET body = CAST(printf('%.*c', 4097, 'x') AS BLOB)"
	  " WHERE number = 2",
	    "is no text" },
	{ "UPDATE message SET kind = 7 WHERE number = 2", "is no text" },
	{ "UPDATE user SET name = 'Al Ice' WHERE id = 1",
	    "user 1 has a name that nobody can have" },
	/* tables that are not kith's, or not any more */
	{ "DROP INDEX operation_id", "the index operation_id is missing" },
	{ "DROP INDEX conversation_pair;"
	  "CREATE INDEX conversation_pair ON conversation (low_id, high_id)",
	    "the index conversation_pair is not as kith makes it" },
	{ "CREATE TRIGGER thief BEFORE INSERT ON message"
	  " BEGIN SELECT raise(IGNORE); END",
	    "the table message has a trigger, thief" },
	{ "ALTER TABLE audit ADD COLUMN more TEXT",
	    "the table audit is not as kith makes it" },
};

/* Something of everything, and nothing wrong. */
static void
fill(struct testing *t)
{
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob"),
		c = testing_user(t, "carol"), d = testing_user(t, "dora"),
		e = testing_user(t, "emil"), id;
	int64_t talk = testing_friends(t, a, b);
	uint8_t hash[32] = { 1 };
	struct store_announcement done;
	bool marked;

	testing_send(t, talk, a, "one");
	testing_send(t, talk, b, "two");
	testing_send(t, talk, a, "three");
	testing_begin(t);
	ok(t,
	    store_mark_raise(
		t->s, &(struct store_mark){ talk, a, 2, 1 }, T0, &marked));
	ok(t, store_device_add(t->s, a, hash, "laptop", T0, &id));
	ok(t, store_user_lock(t->s, c, "spam", T0 + 1, T0));
	ok(t, store_user_delete(t->s, d, T0 + 1, T0));
	ok(t, store_user_purge(t->s, e, T0));
	ok(t,
	    store_announce(t->s,
		&(struct store_announcement_new){ .body = "tea",
		    .actor = "root",
		    .server_name = "home",
		    .now_us = T0 },
		&done, NULL));
	ok(t,
	    store_audit_add(t->s,
		&(struct store_audit){ 0, T0, "root", "announce", "", "{}" }));
	testing_commit(t);
	ok(t, store_verify(t->s, testing_problem, NULL));
}

static void
every_contradiction_is_named(void **state)
{
	struct testing *t = *state;
	char *good = mem_format("%s/good", t->folder);
	char *keep = mem_format("VACUUM INTO '%s'", good);
	size_t i;

	fill(t);
	store_close(&t->s);
	testing_sql(t, keep);
	for (i = 0; i < sizeof(wrecks) / sizeof(wrecks[0]); i++) {
		struct hunt hunt = { .words = wrecks[i].words };

		testing_sql(t, wrecks[i].sql);
		testing_reopen(t, STORE_READ);
		gives(store_verify(t->s, hunt_problem, &hunt), KITH_INTEGRITY);
		if (!hunt.found)
			fail_msg("not named: %s", wrecks[i].sql);
		store_close(&t->s);
		testing_replace(t, good);
	}
	free(keep);
	free(good);
	testing_reopen(t, STORE_HUB);
}

#define DAY_US 86400000000LL

static void
send_again(struct testing *t, int64_t talk, int64_t time_us)
{
	struct store_message message = {
		.conversation_id = talk,
		.sender_id = 1,
		.time_us = time_us,
		.has_operation = true,
		.operation = { 1, 2, 3 },
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)"x",
		.body_length = 1,
	};
	struct store_message_sent sent;

	testing_begin(t);
	ok(t, store_message_add(t->s, &message, &sent));
	testing_commit(t);
}

/* Who was away for so long may send it again: no damage is done by it. */
static void
a_forgotten_operation_may_come_again(void **state)
{
	struct testing *t = *state;
	int64_t talk = testing_friends(
	    t, testing_user(t, "alice"), testing_user(t, "bob"));
	struct hunt hunt = { .words = "same operation" };

	send_again(t, talk, T0);
	send_again(t, talk, T0 + STORE_OPERATION_KEPT_DAYS * DAY_US);
	ok(t, store_verify(t->s, testing_problem, NULL));
	send_again(t, talk, T0 + (STORE_OPERATION_KEPT_DAYS + 1) * DAY_US);
	gives(store_verify(t->s, hunt_problem, &hunt), KITH_INTEGRITY);
	assert_true(hunt.found);
	store_close(&t->s);
	testing_sql(t, "UPDATE message SET operation = NULL");
	testing_reopen(t, STORE_HUB);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_contradiction_is_named,
		    testing_setup, testing_teardown),
		cmocka_unit_test_setup_teardown(
		    a_forgotten_operation_may_come_again, testing_setup,
		    testing_teardown),
	};

	return cmocka_run_group_tests_name("store: verify", tests, NULL, NULL);
}
