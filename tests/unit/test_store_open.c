/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Opening: what is made, what is refused and with which sentence, locks,
 * transactions, migrations from the fixtures.
 */

#include "store_testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
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

/* ---- locks ----------------------------------------------------------- */

static void
a_second_hub_is_refused(void **state)
{
	struct testing *t = *state;
	struct store *second = NULL;
	struct fault f;
	char pid[32];

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	gives(store_open(t->path, STORE_HUB, &second, &f), KITH_REFUSED);
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_non_null(strstr(f.sentence, pid));
	gives(store_open(t->path, 0, &second, &f), KITH_OK);
	store_close(&second);
	testing_reopen(t, STORE_HUB);
}

static void
two_names_are_one_database(void **state)
{
	struct testing *t = *state;
	struct store *second = NULL;
	char *link = mem_format("%s-link", t->folder);
	char *path = mem_format("%s/kith.db", link);
	struct fault f;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	assert_int_equal(symlink(t->folder, link), 0);
	gives(store_open(path, STORE_HUB, &second, &f), KITH_REFUSED);
	unlink(link);
	free(link);
	free(path);
}

static int64_t
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A child that takes the write lock, says so, and holds it until told. */
struct holder {
	pid_t pid;
	int say; /* close it, and the child releases and ends */
};

static struct holder
hold_write_lock(struct testing *t)
{
	int told[2], say[2];
	struct holder holder;
	struct store *s = NULL;
	char byte = 0;

	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(say), 0);
	holder.pid = fork();
	if (holder.pid == 0) {
		close(say[1]);
		if (store_open(t->path, 0, &s, NULL) != KITH_OK ||
		    store_begin_write(s, STORE_WAIT, NULL) != KITH_OK ||
		    write(told[1], "x", 1) != 1)
			_exit(1);
		while (read(say[0], &byte, 1) > 0)
			;
		store_commit(s, NULL);
		store_close(&s);
		_exit(0);
	}
	close(told[1]);
	close(say[0]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	holder.say = say[1];
	return holder;
}

static void
let_go(struct holder *holder)
{
	int status = 0;

	close(holder->say);
	assert_int_equal(waitpid(holder->pid, &status, 0), holder->pid);
	assert_int_equal(status, 0);
}

static void
two_writers_take_turns(void **state)
{
	struct testing *t = *state;
	struct holder holder;
	struct fault f;
	int64_t begun;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	holder = hold_write_lock(t);
	begun = milliseconds();
	gives(store_begin_write(t->s, STORE_TRY, &f), KITH_BUSY);
	assert_true(milliseconds() - begun < 1000);
	gives(store_begin_write(t->s, STORE_WAIT, &f), KITH_BUSY);
	assert_true(milliseconds() - begun >= STORE_BUSY_WAIT_MS);
	assert_true(milliseconds() - begun < STORE_BUSY_WAIT_MS + 3000);
	assert_non_null(strstr(f.sentence, "another process holds"));
	let_go(&holder);
	testing_user(t, "alice");
}

static void
a_waiting_writer_gets_its_turn(void **state)
{
	struct testing *t = *state;
	int64_t a, begun = milliseconds();
	pid_t pid;
	int i, status = 0, rounds = 0;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	a = testing_user(t, "alice");
	pid = fork();
	if (pid == 0) {
		struct store *s = NULL;

		if (store_open(t->path, 0, &s, NULL) != KITH_OK)
			_exit(1);
		for (i = 0; i < 20; i++)
			if (store_begin_write(s, STORE_WAIT, NULL) != KITH_OK ||
			    store_user_set_display_name(
				s, a, i % 2 ? "x" : "y", T0) != KITH_OK ||
			    store_commit(s, NULL) != KITH_OK)
				_exit(2);
		store_close(&s);
		_exit(0);
	}
	/* A busy hub, all the while. */
	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_true(milliseconds() - begun < 20000);
		if (store_begin_write(t->s, STORE_TRY, NULL) != KITH_OK)
			continue;
		ok(t,
		    store_user_set_display_name(
			t->s, a, rounds++ % 2 ? "p" : "q", T0));
		testing_commit(t);
	}
	assert_int_equal(status, 0);
	assert_true(rounds > 0);
}

static void
the_lock_of_a_killed_writer_is_free(void **state)
{
	struct testing *t = *state;
	struct holder holder;
	int status;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	holder = hold_write_lock(t);
	kill(holder.pid, SIGKILL);
	waitpid(holder.pid, &status, 0);
	close(holder.say);
	testing_user(t, "alice");
}

static void
a_deleted_lock_file_does_not_make_two_writers(void **state)
{
	struct testing *t = *state;
	struct store *second = NULL;
	char *name = mem_format("%s.lock", t->path);

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	unlink(name);
	ok(t, store_open(t->path, 0, &second, NULL));
	testing_begin(t); /* on the new file, or this would not exclude: */
	gives(store_begin_write(second, STORE_TRY, NULL), KITH_BUSY);
	testing_commit(t);
	store_close(&second);
	free(name);
}

static void
others_see_a_commit_and_that_there_was_one(void **state)
{
	struct testing *t = *state;
	struct store *admin = NULL;
	struct store_user user;
	int64_t before;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	ok(t, store_open(t->path, 0, &admin, NULL));
	before = store_data_version(admin);
	assert_int_equal(store_data_version(admin), before);
	testing_begin(t);
	testing_user(t, "alice");
	gives(store_user_find_name(admin, "alice", &user), KITH_NOT_FOUND);
	testing_commit(t);
	assert_int_not_equal(store_data_version(admin), before);
	ok(t, store_user_find_name(admin, "alice", &user));
	store_close(&admin);
}

static void
a_rolled_back_write_leaves_nothing(void **state)
{
	struct testing *t = *state;
	int64_t count = -1, newest = -1;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	testing_begin(t);
	gives(store_begin_write(t->s, STORE_TRY, NULL), KITH_NOT_NOW);
	gives(store_begin_read(t->s), KITH_NOT_NOW);
	ok(t, store_user_lock(t->s, testing_user(t, "alice"), "", T0));
	store_rollback(t->s);
	ok(t, store_user_count(t->s, &count));
	ok(t, store_event_newest(t->s, &newest));
	assert_int_equal(count, 0);
	assert_int_equal(newest, 0);
	gives(store_commit(t->s, NULL), KITH_NOT_NOW);
	gives(store_savepoint(t->s), KITH_NOT_NOW);
}

/* ---- the log --------------------------------------------------------- */

static off_t
log_length(struct testing *t)
{
	char *name = mem_format("%s-wal", t->path);
	struct stat st = { 0 };

	if (stat(name, &st) != 0)
		st.st_size = 0;
	free(name);
	return st.st_size;
}

static void
the_log_does_not_grow_without_end(void **state)
{
	struct testing *t = *state;
	int64_t a, b, talk;
	char text[4000];
	int i;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	a = testing_user(t, "alice");
	b = testing_user(t, "bob");
	talk = testing_friends(t, a, b);
	memset(text, 'm', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < 3000; i++) {
		testing_send(t, talk, a, text);
		ok(t, store_checkpoint(t->s, NULL));
	}
	assert_true(log_length(t) < 2 * STORE_WAL_PASSIVE_BYTES);
	testing_reopen(t, STORE_HUB);
	assert_int_equal(log_length(t), 0);
}

static void
what_only_the_admin_wrote_is_in_the_file_when_a_hub_serves(void **state)
{
	struct testing *t = *state;
	char *log = mem_format("%s-wal", t->path);
	struct store_user user;

	opens_with(t, STORE_CREATE, KITH_OK, "");
	testing_user(t, "alice");
	store_close(&t->s);
	assert_true(log_length(t) > 0);
	opens_with(t, STORE_HUB, KITH_OK, "");
	assert_int_equal(log_length(t), 0);
	ok(t, store_user_find_name(t->s, "alice", &user));
	free(log);
}

/* ---- a full disk ----------------------------------------------------- */

static void
a_full_disk_refuses_the_batch_and_reading_goes_on(void **state)
{
	struct testing *t = *state;
	struct rlimit before, limit;
	int64_t a, b, talk, count = 0;
	char text[4000];
	struct fault f = { 0 };
	enum kith_code code;
	struct testing_list list = { 0 };
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	int i;

	opens_with(t, STORE_CREATE | STORE_HUB, KITH_OK, "");
	a = testing_user(t, "alice");
	b = testing_user(t, "bob");
	talk = testing_friends(t, a, b);
	testing_send(t, talk, a, "before");
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = (rlim_t)log_length(t) + 20000;
	setrlimit(RLIMIT_FSIZE, &limit);
	memset(text, 'm', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	testing_begin(t);
	for (i = 0; i < 20; i++)
		testing_send(t, talk, a, text);
	code = store_commit(t->s, &f);
	if (code != KITH_STORAGE_FULL)
		fail_msg("%s: %s", kith_code_word(code), f.sentence);
	assert_true(store_is_broken(code));
	assert_false(store_in_write(t->s));
	ok(t,
	    store_message_each(t->s, talk, (struct store_page){ 0, 9 },
		testing_list_message, &list));
	assert_string_equal(list.text, "1:before");
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, handler);
	assert_int_equal(testing_send(t, talk, a, "after").number, 2);
	ok(t, store_message_count(t->s, &count));
	assert_int_equal(count, 2);
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
	ok(t, store_event_each(t->s, 0, 99, testing_list_event, &events));
	assert_string_equal(events.text,
	    "added>-1 added>-2 message>1 message>1 mark>1 request>-3 "
	    "request>-1");
	ok(t, store_verify(t->s, testing_problem, NULL));
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
		store_close(&t->s);
		unlink(t->path);
	}
}

static const struct migration with_one_more[] = {
	{ "" },
	{ "ALTER TABLE user ADD COLUMN colour TEXT; UPDATE user SET"
	  " colour = 'red';" },
};

static const struct migration with_a_broken_one[] = {
	{ "" },
	{ "ALTER TABLE user ADD COLUMN colour TEXT; UPDATE nothing SET x = 1;" },
};

static void
a_migration_leaves_a_copy_of_what_was(void **state)
{
	struct testing *t = *state;
	struct fault f = { 0 };
	struct stat st;

	make_version(t, 1);
	opens_with(t, 0, KITH_OK, "");
	ok(t, store_migrate(t->s, 1, with_one_more, 2, &f));
	store_close(&t->s);
	assert_int_equal(testing_sql_integer(t, "PRAGMA user_version"), 2);
	assert_int_equal(testing_sql_integer(t,
			     "SELECT count(*) FROM user WHERE colour = 'red'"),
	    3);
	opens_with(t, STORE_HUB, KITH_NEWER, "newer");
	strcat(t->path, ".before-v2");
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	opens_with(t, STORE_HUB, KITH_OK, "");
	check_fixture(t);
}

static void
a_migration_that_fails_changes_nothing(void **state)
{
	struct testing *t = *state;
	struct fault f = { 0 };

	make_version(t, 1);
	opens_with(t, 0, KITH_OK, "");
	assert_int_not_equal(
	    store_migrate(t->s, 1, with_a_broken_one, 2, &f), KITH_OK);
	assert_non_null(strstr(f.sentence, "version 2"));
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
		CASE(a_second_hub_is_refused),
		CASE(two_names_are_one_database),
		CASE(two_writers_take_turns),
		CASE(a_waiting_writer_gets_its_turn),
		CASE(the_lock_of_a_killed_writer_is_free),
		CASE(a_deleted_lock_file_does_not_make_two_writers),
		CASE(others_see_a_commit_and_that_there_was_one),
		CASE(a_rolled_back_write_leaves_nothing),
		CASE(the_log_does_not_grow_without_end),
		CASE(
		    what_only_the_admin_wrote_is_in_the_file_when_a_hub_serves),
		CASE(a_full_disk_refuses_the_batch_and_reading_goes_on),
		CASE(the_server_is_described),
		CASE(every_version_leads_to_the_newest),
		CASE(a_migration_leaves_a_copy_of_what_was),
		CASE(a_migration_that_fails_changes_nothing),
	};

	return cmocka_run_group_tests_name("store: opening", tests, NULL, NULL);
}
