/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Two who write, the log, and a disk that is full.
 */

#include "store_testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "store_private.h"

/* ---- locks ----------------------------------------------------------- */

static void
a_second_hub_is_refused(void **state)
{
	struct testing *t = *state;
	struct store *second = NULL;
	struct fault f;
	char pid[32];

	testing_reopen(t, STORE_CREATE | STORE_HUB);
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

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	assert_int_equal(symlink(t->folder, link), 0);
	gives(store_open(path, STORE_HUB, &second, &f), KITH_REFUSED);
	unlink(link);
	free(link);
	free(path);
}

#define WAIT_MS 1000

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

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	holder = hold_write_lock(t);
	store_set_wait_ms(WAIT_MS);
	begun = milliseconds();
	gives(store_begin_write(t->s, STORE_TRY, &f), KITH_BUSY);
	assert_true(milliseconds() - begun < WAIT_MS);
	begun = milliseconds();
	gives(store_begin_write(t->s, STORE_WAIT, &f), KITH_BUSY);
	assert_true(milliseconds() - begun >= WAIT_MS);
	assert_true(milliseconds() - begun < WAIT_MS + 5000);
	store_set_wait_ms(STORE_BUSY_WAIT_MS);
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

	testing_reopen(t, STORE_CREATE | STORE_HUB);
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
		/* As often as it can be, where kithd does it by size. */
		t->s->log_pages_tried = -STORE_WAL_PASSIVE_BYTES;
		(void)store_checkpoint(t->s, NULL);
	}
	assert_int_equal(status, 0);
	assert_true(rounds > 0);
	ok(t, store_verify(t->s, testing_problem, NULL));
}

static void
the_lock_of_a_killed_writer_is_free(void **state)
{
	struct testing *t = *state;
	struct holder holder;
	int status;

	testing_reopen(t, STORE_CREATE | STORE_HUB);
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
	struct fault f = { 0 };
	char *name = mem_format("%s.lock", t->path);

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	unlink(name);
	ok(t, store_open(t->path, 0, &second, NULL));
	testing_begin(t); /* on the new file, or this would not exclude: */
	gives(store_begin_write(second, STORE_TRY, &f), KITH_BUSY);
	assert_non_null(strstr(f.sentence, "another process holds"));
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

	testing_reopen(t, STORE_CREATE | STORE_HUB);
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

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	testing_begin(t);
	gives(store_begin_write(t->s, STORE_TRY, NULL), KITH_NOT_NOW);
	gives(store_begin_read(t->s), KITH_NOT_NOW);
	ok(t, store_user_lock(t->s, testing_user(t, "alice"), "", 0, T0));
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

	testing_reopen(t, STORE_CREATE | STORE_HUB);
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

	testing_reopen(t, STORE_CREATE);
	testing_user(t, "alice");
	store_close(&t->s);
	assert_true(log_length(t) > 0);
	testing_reopen(t, STORE_HUB);
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

	testing_reopen(t, STORE_CREATE | STORE_HUB);
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

/* Messages that are in the log alone, as a hub leaves them that is killed. */
static int64_t
leave_in_the_log(struct testing *t, int count)
{
	int64_t a, b, talk;
	char text[4000];
	int i;

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	a = testing_user(t, "alice");
	b = testing_user(t, "bob");
	talk = testing_friends(t, a, b);
	testing_reopen(t, 0);
	memset(text, 'm', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	testing_begin(t);
	for (i = 0; i < count; i++)
		testing_send(t, talk, a, text);
	testing_commit(t);
	store_close(&t->s);
	assert_true(log_length(t) > 0);
	return talk;
}

static off_t
file_length(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void
a_hub_serves_from_the_log_where_the_disk_is_full(void **state)
{
	struct testing *t = *state;
	struct rlimit before, limit;
	int64_t talk, count = 0;
	struct fault f = { 0 };
	struct store_message message;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	enum kith_code opened, written;

	talk = leave_in_the_log(t, 60);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = (rlim_t)file_length(t->path);
	assert_true(limit.rlim_cur < (rlim_t)log_length(t));
	setrlimit(RLIMIT_FSIZE, &limit);
	opened = store_open(t->path, STORE_HUB, &t->s, &f);
	if (opened != KITH_OK)
		fail_msg("%s: %s", kith_code_word(opened), f.sentence);
	ok(t, store_message_find(t->s, talk, 60, &message));
	testing_begin(t);
	ok(t, store_user_set_display_name(t->s, 1, "Alice", T0));
	written = store_commit(t->s, &f);
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, handler);
	gives(written, KITH_STORAGE_FULL);
	/* there is room again, and nothing was lost meanwhile */
	assert_int_equal(testing_send(t, talk, 1, "after").number, 61);
	testing_reopen(t, STORE_HUB);
	assert_int_equal(log_length(t), 0);
	ok(t, store_message_count(t->s, &count));
	assert_int_equal(count, 61);
	ok(t, store_verify(t->s, testing_problem, NULL));
}

static void
a_hub_serves_while_somebody_reads_for_long(void **state)
{
	struct testing *t = *state;
	struct store *reader = NULL;
	struct store_message message;
	int64_t count = 0, talk = leave_in_the_log(t, 3);

	ok(t, store_open(t->path, STORE_READ, &reader, NULL));
	ok(t, store_begin_read(reader));
	ok(t, store_message_count(reader, &count));
	testing_reopen(t, STORE_HUB);
	assert_true(log_length(t) > 0);
	assert_int_equal(testing_send(t, talk, 1, "meanwhile").number, 4);
	ok(t, store_message_find(reader, talk, 3, &message));
	gives(store_message_find(reader, talk, 4, &message), KITH_NOT_FOUND);
	store_close(&reader);
	testing_reopen(t, STORE_HUB);
	assert_int_equal(log_length(t), 0);
	ok(t, store_verify(t->s, testing_problem, NULL));
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
		CASE(a_hub_serves_from_the_log_where_the_disk_is_full),
		CASE(a_hub_serves_while_somebody_reads_for_long),
	};

	return cmocka_run_group_tests_name("store: locks", tests, NULL, NULL);
}
