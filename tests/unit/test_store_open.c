/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Opening: what is made, what is refused and with which sentence, migrations
 * from the fixtures.
 */

#include "store_testing.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "store_private.h"

#define NOBODY 64738 /* has no entry anywhere, owns nothing */

/* Opening gives this code, and a sentence that has these words. */
static void
opens_with(struct testing *t, unsigned int flags, enum kith_code wanted,
    const char *words)
{
	struct fault f = { 0 };
	enum kith_code code = store_open(t->path, flags, &t->s, &f);

	if (code != wanted)
		fail_msg("%s instead of %s: %s", kith_code_word(code),
		    kith_code_word(wanted), f.sentence);
	if (wanted == KITH_OK)
		return;
	assert_null(t->s);
	assert_int_equal(f.code, wanted);
	if (strstr(f.sentence, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, f.sentence);
}

static void
write_file(struct testing *t, const void *bytes, size_t length)
{
	FILE *file = fopen(t->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static mode_t
mode_of(struct testing *t, const char *suffix)
{
	char *name = mem_format("%s%s", t->path, suffix);
	struct stat st = { 0 };

	assert_int_equal(stat(name, &st), 0);
	free(name);
	return st.st_mode & 0777;
}

/* ---- what is there, and what is not ---------------------------------- */

static void
a_new_database_is_private(void **state)
{
	struct testing *t = *state;
	mode_t before = umask(0);

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	testing_user(t, "alice");
	umask(before);
	assert_int_equal(mode_of(t, ""), 0600);
	assert_int_equal(mode_of(t, "-wal"), 0600);
	assert_int_equal(mode_of(t, "-shm"), 0600);
	assert_int_equal(mode_of(t, ".lock"), 0600);
	assert_int_equal(mode_of(t, ".running"), 0600);
	assert_int_equal(testing_sql_integer(t, "PRAGMA user_version"),
	    store_migration_count);
	assert_int_equal(testing_sql_integer(t, "PRAGMA application_id"),
	    STORE_APPLICATION_ID);
}

static void
a_missing_one_is_not_made_by_accident(void **state)
{
	struct testing *t = *state;

	opens_with(t, 0, KITH_NOT_FOUND, "there is no database");
	opens_with(t, STORE_HUB, KITH_NOT_FOUND, "there is no database");
	assert_int_equal(access(t->path, F_OK), -1);
	snprintf(t->path, sizeof(t->path), "%s/missing/kith.db", t->folder);
	opens_with(t, STORE_CREATE, KITH_NOT_FOUND, "folder");
}

static void
what_is_not_a_database_of_kith_is_left_alone(void **state)
{
	struct testing *t = *state;
	char text[8192];

	memset(text, 'x', sizeof(text));
	write_file(t, text, sizeof(text));
	opens_with(
	    t, STORE_CREATE | STORE_HUB, KITH_FOREIGN, "is not a database");
	write_file(t, text, 50);
	opens_with(
	    t, STORE_CREATE | STORE_HUB, KITH_FOREIGN, "is not a database");
	write_file(t, "", 0);
	opens_with(t, STORE_HUB, KITH_FOREIGN, "empty");
	testing_sql(t, "CREATE TABLE recipe (id)");
	opens_with(
	    t, STORE_CREATE | STORE_HUB, KITH_FOREIGN, "another program");
	assert_int_equal(testing_sql_integer(t,
			     "SELECT count(*) FROM"
			     " sqlite_schema"),
	    1);
	unlink(t->path);
	assert_int_equal(mkdir(t->path, 0700), 0);
	opens_with(t, 0, KITH_FOREIGN, "not a regular file");
	assert_int_equal(rmdir(t->path), 0);
	assert_int_equal(symlink("/dev/null", t->path), 0);
	opens_with(t, STORE_CREATE, KITH_FOREIGN, "not a regular file");
}

static void
an_empty_file_becomes_a_database_where_one_may_be_made(void **state)
{
	struct testing *t = *state;

	write_file(t, "", 0);
	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	testing_user(t, "alice");
}

static void
a_newer_one_is_refused(void **state)
{
	struct testing *t = *state;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	store_close(&t->s);
	testing_sql(t, "PRAGMA user_version=4711");
	opens_with(t, STORE_CREATE | STORE_MIGRATE | STORE_HUB, KITH_NEWER,
	    "version 4711");
	assert_int_equal(testing_sql_integer(t, "PRAGMA user_version"), 4711);
}

static void
an_older_one_waits_for_the_daemon(void **state)
{
	struct testing *t = *state;
	int version = 0;
	struct fault f;

	opens_with(t, STORE_CREATE, KITH_OK, "");
	gives(store_examine(t->s, store_migration_count + 1, &version, &f),
	    KITH_REFUSED);
	assert_non_null(strstr(f.sentence, "older version"));
}

static void
one_whose_tables_are_not_right_is_refused(void **state)
{
	struct testing *t = *state;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	store_close(&t->s);
	testing_sql(t, "DROP TABLE operation");
	opens_with(t, STORE_HUB, KITH_INTEGRITY, "tables");
	testing_sql(t, "PRAGMA user_version=0");
	opens_with(t, STORE_HUB, KITH_INTEGRITY, "version is missing");
}

/* ---- damage ---------------------------------------------------------- */

static void
fill(struct testing *t)
{
	int64_t a, b, talk;
	char text[900];
	int i;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	memset(text, 'm', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	a = testing_user(t, "alice");
	b = testing_user(t, "bob");
	talk = testing_friends(t, a, b);
	testing_begin(t);
	for (i = 0; i < 300; i++)
		testing_send(t, talk, i % 2 ? a : b, text);
	testing_commit(t);
	store_close(&t->s);
}

static void
a_truncated_one_is_refused(void **state)
{
	struct testing *t = *state;
	struct stat st;
	off_t length;

	fill(t);
	assert_int_equal(stat(t->path, &st), 0);
	for (length = st.st_size - 4096; length > 0;
	     length -= st.st_size / 7 + 13) {
		assert_int_equal(truncate(t->path, length), 0);
		opens_with(t, STORE_HUB,
		    length < 100 ? KITH_FOREIGN : KITH_INTEGRITY, "damaged");
	}
}

/*
 * A flip may hit a text, which no structure can notice; then what comes out is
 * as valid as it went in. Whatever happens, it must not crash.
 */
static void
flipped_bytes_are_found_or_harmless(void **state)
{
	struct testing *t = *state;
	struct testing_list list;
	struct fault f;
	unsigned int random = 1, found = 0, i, flips;
	struct stat st;
	uint8_t *good, *bad;
	FILE *file;

	fill(t);
	assert_int_equal(stat(t->path, &st), 0);
	good = mem_new(2, (size_t)st.st_size);
	bad = good + st.st_size;
	file = fopen(t->path, "r");
	assert_int_equal(fread(good, 1, (size_t)st.st_size, file), st.st_size);
	fclose(file);
	for (i = 0; i < 200; i++) {
		memcpy(bad, good, (size_t)st.st_size);
		for (flips = 0; flips < 20; flips++) {
			random = random * 1103515245u + 12345u;
			/* In turns: anywhere, and where pages are described. */
			bad[((random >> 8) % (unsigned)(st.st_size / 4096)) *
				4096 +
			    (random >> 20) % (i % 2 ? 64 : 4096)] ^=
			    (uint8_t)(1u << (random >> 28) % 8);
		}
		write_file(t, bad, (size_t)st.st_size);
		memset(&list, 0, sizeof(list));
		if (store_open(t->path, STORE_HUB, &t->s, &f) != KITH_OK) {
			found += i % 2;
			continue;
		}
		store_event_each(t->s, 0, 1000, testing_list_event, &list);
		store_close(&t->s);
	}
	free(good);
	if (found < 95)
		fail_msg("of 100 whose structure was hit %u were found", found);
}

/* ---- rights ---------------------------------------------------------- */

/* Runs it in a child as nobody; the test fails unless the child returns. */
static void
as_nobody(void (*run)(struct testing *t), struct testing *t)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(3);
		run(t);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
expect_refused(struct testing *t)
{
	struct fault f = { 0 };

	if (store_open(t->path, STORE_HUB, &t->s, &f) != KITH_REFUSED ||
	    strstr(f.sentence, t->path) == NULL) {
		fprintf(stderr, "%s: %s\n", kith_code_word(f.code), f.sentence);
		_exit(1);
	}
}

static void
one_that_cannot_be_written_is_refused(void **state)
{
	struct testing *t = *state;

	fill(t);
	assert_int_equal(chmod(t->folder, 0555), 0);
	assert_int_equal(chmod(t->path, 0444), 0);
	as_nobody(expect_refused, t);
	assert_int_equal(chmod(t->path, 0666), 0); /* but not its folder */
	as_nobody(expect_refused, t);
	assert_int_equal(chmod(t->folder, 0755), 0);
	opens_with(t, STORE_HUB, KITH_OK, "");
}

/* ---- meta ------------------------------------------------------------ */

static void
the_server_is_described(void **state)
{
	struct testing *t = *state;
	uint8_t epoch[STORE_EPOCH_LENGTH] = { 0 };
	uint8_t again[STORE_EPOCH_LENGTH] = { 0 };
	uint8_t zero[STORE_EPOCH_LENGTH] = { 0 };
	char value[STORE_META_MAX];
	char long_value[STORE_META_MAX + 1];

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	ok(t, store_epoch(t->s, epoch));
	assert_memory_not_equal(epoch, zero, sizeof(epoch));
	gives(store_meta_get(t->s, STORE_META_LISTEN, value), KITH_NOT_FOUND);
	gives(store_meta_set(t->s, STORE_META_LISTEN, "x"), KITH_NOT_NOW);
	memset(long_value, 'x', sizeof(long_value));
	long_value[STORE_META_MAX] = '\0';
	testing_begin(t);
	ok(t, store_meta_set(t->s, STORE_META_LISTEN, "[::1]:5484"));
	ok(t, store_meta_set(t->s, STORE_META_LISTEN, "127.0.0.1:5484"));
	gives(store_meta_set(t->s, STORE_META_LISTEN, long_value),
	    KITH_TOO_LARGE);
	testing_commit(t);
	testing_reopen(t, STORE_HUB);
	ok(t, store_meta_get(t->s, STORE_META_LISTEN, value));
	assert_string_equal(value, "127.0.0.1:5484");
	ok(t, store_epoch(t->s, again));
	assert_memory_equal(epoch, again, sizeof(epoch));
}

/* ---- migrations ------------------------------------------------------ */

static char *
read_fixture(int version)
{
	const char *folder = getenv("srcdir");
	char *name = mem_format("%s/tests/unit/fixtures/v%d.sql",
	    folder != NULL ? folder : ".", version);
	FILE *file = fopen(name, "r");
	char *text = mem_new(65536, 1);

	if (file == NULL)
		fail_msg("%s: %s", name, strerror(errno));
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	free(name);
	return text;
}

/* A database of an older version, with its fixture in it. */
static void
make_version(struct testing *t, int version)
{
	char *fixture = read_fixture(version);
	char *stamp = mem_format("PRAGMA application_id=%d;"
				 "PRAGMA user_version=%d",
	    STORE_APPLICATION_ID, version);
	int i;

	for (i = 0; i < version; i++)
		testing_sql(t, store_migrations[i].sql);
	testing_sql(t, fixture);
	testing_sql(t, stamp);
	free(fixture);
	free(stamp);
}

static void
check_fixture(struct testing *t)
{
	uint8_t hash[STORE_TOKEN_HASH_LENGTH] = { 0xaa };
	uint8_t code_hash[STORE_CODE_HASH_LENGTH] = { 0xbb };
	const uint8_t id[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		15, 16 };
	uint8_t digest[STORE_DIGEST_LENGTH] = { 0xcc };
	struct store_operation operation = { 1, id, digest, NULL, 0 };
	uint8_t epoch[STORE_EPOCH_LENGTH];
	char name[STORE_META_MAX];
	struct store_user user;
	struct store_device device;
	struct store_invite invite;
	struct store_friend_request request;
	struct store_mark mark;
	struct testing_list messages = { 0 }, events = { 0 };

	ok(t, store_epoch(t->s, epoch));
	assert_int_equal(epoch[15], 15);
	ok(t, store_meta_get(t->s, STORE_META_SERVER_NAME, name));
	assert_string_equal(name, "fixture");
	ok(t, store_user_find_name(t->s, "alice", &user));
	assert_string_equal(user.display_name, "Alice Ä.");
	ok(t, store_user_find(t->s, 3, &user));
	assert_int_equal(user.state, STORE_USER_LOCKED);
	ok(t, store_device_find_token(t->s, hash, &device));
	assert_string_equal(device.name, "laptop");
	ok(t, store_invite_find(t->s, code_hash, T0, &invite));
	assert_string_equal(invite.note, "for dave");
	ok(t, store_friend_request_find(t->s, 1, &request));
	assert_int_equal(request.from_id, 3);
	ok(t, store_mark_find(t->s, 1, 2, &mark));
	assert_int_equal(mark.read, 1);
	ok(t, store_operation_find(t->s, &operation));
	assert_memory_equal(operation.result, "answer", 6);
	ok(t,
	    store_message_each(t->s, 1, (struct store_page){ 0, 9 },
		testing_list_message, &messages));
	assert_string_equal(messages.text, "2:grüß dich 1:hello");
	ok(t, store_event_each(t->s, 0, 7, testing_list_event, &events));
	assert_string_equal(events.text,
	    "added>-1 added>-2 message>1 message>1 mark>1 request>-3 "
	    "request>-1");
	ok(t, store_verify(t->s, testing_problem, NULL));
}

/* What version 2 brought, where the database was of it before. */
static void
check_fixture_2(struct testing *t)
{
	struct store_user user;
	struct testing_list rows = { 0 };

	ok(t, store_user_find_name(t->s, "carol", &user));
	assert_true(user.until_us == 1800000000000000);
	assert_int_equal(user.state_before, STORE_USER_PENDING);
	ok(t, store_user_find_name(t->s, "dora", &user));
	assert_int_equal(user.state, STORE_USER_DELETING);
	ok(t, store_user_find_system(t->s, &user));
	assert_string_equal(user.display_name, "fixture");
	ok(t,
	    store_audit_each(t->s, &(struct store_audit_query){ .limit = 9 },
		testing_list_audit, &rows));
	ok(t,
	    store_announcement_each(t->s, (struct store_page){ 0, 9 },
		testing_list_announcement, &rows));
	assert_string_equal(
	    rows.text, "root (uid 0):user lock:carol (id:3) tea at five>1");
}

/* What the way from version 1 to 2 finds out by itself. */
static void
check_migrated_to_2(struct testing *t)
{
	struct store_user_activity activity;
	struct store_user user;

	ok(t, store_user_find_name(t->s, "alice", &user));
	assert_true(user.last_seen_us == 1700000000000004);
	ok(t, store_user_find_name(t->s, "bob", &user));
	assert_true(user.last_seen_us == 0);
	assert_true(user.until_us == 0);
	ok(t, store_user_activity(t->s, 1, &activity));
	assert_int_equal(activity.messages_sent, 1);
	ok(t, store_user_activity(t->s, 2, &activity));
	assert_int_equal(activity.messages_sent, 1);
}

static void
every_version_leads_to_the_newest(void **state)
{
	struct testing *t = *state;
	int version;

	for (version = 1; version <= store_migration_count; version++) {
		make_version(t, version);
		opens_with(t, STORE_HUB | STORE_MIGRATE, KITH_OK, "");
		check_fixture(t);
		check_migrated_to_2(t);
		if (version >= 2)
			check_fixture_2(t);
		store_close(&t->s);
		unlink(t->path);
	}
}

static void
the_copy_before_a_migration_is_of_the_old_version(void **state)
{
	struct testing *t = *state;

	make_version(t, 1);
	opens_with(t, STORE_HUB | STORE_MIGRATE, KITH_OK, "");
	store_close(&t->s);
	snprintf(t->path, sizeof(t->path), "%s/kith.db.before-v2", t->folder);
	assert_int_equal(testing_sql_integer(t, "PRAGMA user_version"), 1);
	assert_int_equal(
	    testing_sql_integer(t, "SELECT count(*) FROM message"), 2);
	opens_with(t, STORE_READ, KITH_REFUSED, "older version");
}

/* The step after the newest. */
static const struct migration one_more = {
	"ALTER TABLE user ADD COLUMN colour TEXT; UPDATE user SET"
	" colour = 'red';"
};

static const struct migration a_broken_one = {
	"ALTER TABLE user ADD COLUMN colour TEXT; UPDATE nothing SET x = 1;"
};

static enum kith_code
migrate_on(struct testing *t, const struct migration *step, struct fault *f)
{
	struct migration *steps =
	    mem_new((size_t)store_migration_count + 1, sizeof(*steps));
	enum kith_code code;

	steps[store_migration_count] = *step;
	code = store_migrate(
	    t->s, store_migration_count, steps, store_migration_count + 1, f);
	free(steps);
	return code;
}

static void
a_migration_leaves_a_copy_of_what_was(void **state)
{
	struct testing *t = *state;
	struct fault f = { 0 };
	struct stat st;

	make_version(t, store_migration_count);
	opens_with(t, 0, KITH_OK, "");
	ok(t, migrate_on(t, &one_more, &f));
	store_close(&t->s);
	assert_int_equal(testing_sql_integer(t, "PRAGMA user_version"),
	    store_migration_count + 1);
	assert_int_equal(testing_sql_integer(t,
			     "SELECT count(*) FROM user WHERE colour = 'red'"),
	    5);
	opens_with(t, STORE_HUB, KITH_NEWER, "newer");
	opens_with(t, STORE_READ, KITH_NEWER, "newer");
	snprintf(t->path, sizeof(t->path), "%s/kith.db.before-v%d", t->folder,
	    store_migration_count + 1);
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	opens_with(t, STORE_HUB, KITH_OK, "");
	check_fixture(t);
}

static void
a_migration_that_fails_changes_nothing(void **state)
{
	struct testing *t = *state;
	char *words = mem_format("to version %d", store_migration_count + 1);
	struct fault f = { 0 };

	make_version(t, store_migration_count);
	opens_with(t, 0, KITH_OK, "");
	assert_int_not_equal(migrate_on(t, &a_broken_one, &f), KITH_OK);
	assert_non_null(strstr(f.sentence, words));
	free(words);
	store_close(&t->s);
	opens_with(t, STORE_HUB, KITH_OK, "");
	check_fixture(t);
}

static int
teardown(void **state)
{
	struct testing *t = *state;

	store_close(&t->s);
	return testing_teardown_folder(state);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, testing_setup_folder, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_database_is_private),
		CASE(a_missing_one_is_not_made_by_accident),
		CASE(what_is_not_a_database_of_kith_is_left_alone),
		CASE(an_empty_file_becomes_a_database_where_one_may_be_made),
		CASE(a_newer_one_is_refused),
		CASE(an_older_one_waits_for_the_daemon),
		CASE(one_whose_tables_are_not_right_is_refused),
		CASE(a_truncated_one_is_refused),
		CASE(flipped_bytes_are_found_or_harmless),
		CASE(one_that_cannot_be_written_is_refused),
		CASE(the_server_is_described),
		CASE(every_version_leads_to_the_newest),
		CASE(the_copy_before_a_migration_is_of_the_old_version),
		CASE(a_migration_leaves_a_copy_of_what_was),
		CASE(a_migration_that_fails_changes_nothing),
	};

	return cmocka_run_group_tests_name("store: opening", tests, NULL, NULL);
}
