/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Copies of a database: one state however much is written meanwhile, a file
 * that stands alone, and nothing left behind when it does not come about.
 */

#include "store_testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "store_backup.h"
#include "store_copy.h"

#define MESSAGES 3000 /* some 200 pages: several steps */

struct writer {
	struct testing *t;
	struct store *other; /* a second connection */
	int64_t conversation, sender;
	unsigned int calls;
	unsigned int stop_at;
	int64_t last_done;
};

static void
send_by(struct writer *w, const char *text)
{
	const struct store_message message = {
		.conversation_id = w->conversation,
		.sender_id = w->sender,
		.time_us = T0 + 5000000,
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)text,
		.body_length = strlen(text),
	};
	struct store_message_sent sent;

	ok(w->t, store_begin_write(w->other, STORE_TRY, NULL));
	ok(w->t, store_message_add(w->other, &message, &sent));
	ok(w->t, store_commit(w->other, NULL));
}

/* Between any two steps somebody writes. */
static bool
on_progress(
    void *context, enum store_backup_phase phase, int64_t done, int64_t total)
{
	struct writer *w = context;

	if (phase == STORE_BACKUP_COPIES) {
		assert_true(done > w->last_done || done == total);
		assert_true(done <= total);
		w->last_done = done;
		send_by(w, "while it is copied");
	}
	w->calls++;
	return w->calls != w->stop_at;
}

static struct writer
make_much(struct testing *t)
{
	struct writer w = { .t = t };
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");

	w.conversation = testing_friends(t, a, b);
	w.sender = a;
	testing_begin(t);
	for (int i = 0; i < MESSAGES; i++)
		testing_send(t, w.conversation, a,
		    "a message that takes some room on the pages of the file, "
		    "so that a copy has more than one step to go");
	testing_commit(t);
	return w;
}

static int64_t
messages_in(struct testing *t, struct store *s)
{
	int64_t count = 0;

	ok(t, store_message_count(s, &count));
	return count;
}

static void
is_not_there(const char *path)
{
	assert_int_equal(access(path, F_OK), -1);
}

static void
copies_one_state_beside_a_writer(void **state)
{
	struct testing *t = *state;
	struct writer w = make_much(t);
	char *path = mem_format("%s/copy.db", t->folder);
	const struct store_backup wanted = {
		.path = path,
		.verify = true,
		.progress = on_progress,
		.problem = testing_problem,
		.context = &w,
	};
	struct store *copy = NULL;
	struct stat st;
	int64_t bytes = 0;

	ok(t, store_open(t->path, 0, &w.other, NULL));
	ok(t, store_backup(t->s, &wanted, &bytes, NULL));
	assert_true(w.calls > 4);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, bytes);
	assert_int_equal(st.st_mode & 07777, 0600);

	ok(t, store_copy_open(path, STORE_COPY_READ, &copy, NULL));
	assert_int_equal(messages_in(t, copy), MESSAGES);
	assert_true(messages_in(t, t->s) > MESSAGES);
	store_close(&copy);

	/* not once more under that name */
	gives(store_backup(t->s, &wanted, NULL, NULL), KITH_ALREADY);
	unlink(path);
	free(path);
	store_close(&w.other);
}

static void
leaves_nothing_when_given_up(void **state)
{
	struct testing *t = *state;
	struct writer w = make_much(t);
	char *path = mem_format("%s/copy.db", t->folder);
	char *working = mem_format("%s.new", path);
	struct store_backup wanted = {
		.path = path,
		.verify = true,
		.progress = on_progress,
		.context = &w,
	};
	int fd;

	ok(t, store_open(t->path, 0, &w.other, NULL));
	w.stop_at = 2;
	gives(store_backup(t->s, &wanted, NULL, NULL), KITH_STOPPING);
	is_not_there(path);
	is_not_there(working);
	/* and the store has no transaction open */
	testing_begin(t);
	testing_commit(t);

	/* what a killed one has left is not in the way, a living one is */
	fd = open(working, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "half", 4), 4);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	wanted.progress = NULL;
	gives(store_backup(t->s, &wanted, NULL, NULL), KITH_BUSY);
	close(fd);
	ok(t, store_backup(t->s, &wanted, NULL, NULL));
	is_not_there(working);
	unlink(path);
	free(working);
	free(path);
	store_close(&w.other);
}

static void
says_why_it_cannot(void **state)
{
	struct testing *t = *state;
	struct store_backup wanted = { .path = "/nonexistent/copy.db" };
	struct fault f = {};

	gives(store_backup(t->s, &wanted, NULL, &f), KITH_NOT_FOUND);
	assert_non_null(strstr(f.sentence, "/nonexistent"));
	testing_begin(t);
	wanted.path = "/tmp/kith-never-made.db";
	gives(store_backup(t->s, &wanted, NULL, NULL), KITH_NOT_NOW);
	testing_commit(t);
	is_not_there(wanted.path);
}

/* What is wrong in the database is wrong in its copy, and said. */
static void
count_problem(void *context, const char *sentence)
{
	unsigned int *count = context;

	assert_true(strlen(sentence) > 0);
	(*count)++;
}

static void
refuses_to_keep_a_damaged_copy(void **state)
{
	struct testing *t = *state;
	struct writer w = make_much(t);
	char *path = mem_format("%s/copy.db", t->folder);
	unsigned int count = 0;
	const struct store_backup wanted = { .path = path,
		.verify = true,
		.problem = count_problem,
		.context = &count };
	struct fault f = {};

	(void)w;
	testing_sql(t, "DELETE FROM message WHERE number = 7");
	gives(store_backup(t->s, &wanted, NULL, &f), KITH_INTEGRITY);
	assert_true(count > 0);
	assert_non_null(strstr(f.sentence, "damaged"));
	is_not_there(path);
	testing_sql(t,
	    "INSERT INTO message SELECT conversation_id, 7, sender_id, "
	    "time_us, NULL, kind, body FROM message WHERE number = 6");
	free(path);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
	const struct CMUnitTest tests[] = {
		TEST(copies_one_state_beside_a_writer),
		TEST(leaves_nothing_when_given_up),
		TEST(says_why_it_cannot),
		TEST(refuses_to_keep_a_damaged_copy),
	};

	return cmocka_run_group_tests_name("store_backup", tests, NULL, NULL);
}
