/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting what there is, and the quick look at the file. */
#include <stdio.h>

#include "store_figures.h"
#include "store_testing.h"

static void
test_everything_is_counted(void **state)
{
	struct testing *t = *state;
	struct store_figures f;
	int64_t alice, bob, conversation;

	ok(t, store_figures_take(t->s, T0, &f));
	assert_int_equal(f.users_active, 0);
	assert_int_equal(f.newest_us, 0);
	alice = testing_user(t, "alice");
	bob = testing_user(t, "bob");
	conversation = testing_friends(t, alice, bob);
	for (int i = 0; i < 3; i++)
		testing_send(t, conversation, alice, "hello");
	testing_sql(t,
	    "INSERT INTO user (name, display_name, phc, state, state_us,"
	    " reason, created_us) VALUES ('l', '', '', 3, 0, '', 0),"
	    " ('p', '', '', 2, 0, '', 0), ('d', '', '', 5, 0, '', 0),"
	    " ('deleted:9', '', '', 4, 0, '', 0)");
	testing_sql(t,
	    "INSERT INTO invite (code_hash, hint, note, uses_left,"
	    " created_us, expires_us) VALUES"
	    " (randomblob(32), '', '', 1, 0, NULL),"
	    " (randomblob(32), '', '', 1, 0, 1700000000000001),"
	    " (randomblob(32), '', '', 1, 0, 1700000000000000),"
	    " (randomblob(32), '', '', 0, 0, NULL)");
	ok(t, store_figures_take(t->s, T0, &f));
	assert_int_equal(f.users_active, 2);
	assert_int_equal(f.users_locked, 1);
	assert_int_equal(f.users_pending, 1);
	assert_int_equal(f.users_deleting, 1);
	assert_int_equal(f.friend_links, 1);
	assert_int_equal(f.conversations, 1);
	assert_int_equal(f.messages, 3);
	assert_int_equal(f.invites, 2);
	assert_int_equal(f.devices, 0);
	assert_true(f.newest_us >= T0);
	assert_int_equal(f.pages, testing_sql_integer(t, "PRAGMA page_count"));
	assert_int_equal(
	    f.schema_version, testing_sql_integer(t, "PRAGMA user_version"));
	testing_sql(t, "DELETE FROM user WHERE phc = ''");
}

static void
count_problem(void *context, const char *sentence)
{
	++*(int *)context;
}

static void
test_a_damaged_page_is_seen_quickly(void **state)
{
	struct testing *t = *state;
	int problems = 0;
	FILE *file;

	testing_user(t, "alice");
	ok(t, store_verify_quick(t->s, count_problem, &problems));
	assert_int_equal(problems, 0);
	store_close(&t->s);
	file = fopen(t->path, "r+b");
	assert_non_null(file);
	/* a table's root page, not the schema's */
	assert_int_equal(fseek(file, 3 * 4096L, SEEK_SET), 0);
	for (int i = 0; i < 4096; i++)
		fputc(0x5a, file);
	fclose(file);
	testing_reopen(t, 0);
	gives(
	    store_verify_quick(t->s, count_problem, &problems), KITH_INTEGRITY);
	assert_true(problems > 0);
	store_close(&t->s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_everything_is_counted,
		    testing_setup, testing_teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_damaged_page_is_seen_quickly, testing_setup,
		    testing_teardown_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
