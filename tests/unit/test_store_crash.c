/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Power cuts: this program has the crash VFS, so that a child that is killed
 * loses what it had not synced. And that the VFS itself keeps its word.
 */

#include "store_testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash_vfs.h"
#include "store_private.h"

#define KILL_ROUNDS 40
#define BATCH       7

struct child {
	pid_t pid;
	int acknowledged; /* read: one int64_t for each message on disk */
};

static void
tell(int fd, int64_t number)
{
	if (write(fd, &number, sizeof(number)) != (ssize_t)sizeof(number))
		_exit(4);
}

static struct child
start(struct testing *t, void (*run)(struct testing *t, int fd))
{
	struct child child;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	child.pid = fork();
	if (child.pid == 0) {
		close(ends[0]);
		if (store_open(t->path, STORE_HUB, &t->s, NULL) != KITH_OK)
			_exit(3);
		run(t, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	child.acknowledged = ends[0];
	return child;
}

/* The highest number that was acknowledged, after the child is gone. */
static int64_t
finish(struct child *child, int sig)
{
	int64_t number, last = 0;
	int status;

	if (sig != 0)
		kill(child->pid, sig);
	while (read(child->acknowledged, &number, sizeof(number)) ==
	    (ssize_t)sizeof(number))
		last = number;
	close(child->acknowledged);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	if (sig == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		fail_msg("the child ended with %d", status);
	return last;
}

static int64_t
wait_for_one(struct child *child)
{
	int64_t number = -1;

	assert_int_equal(
	    read(child->acknowledged, &number, sizeof(number)), sizeof(number));
	return number;
}

/* alice and bob, friends, conversation 1; closed again. */
static void
make_two_friends(struct testing *t)
{
	testing_reopen(t, STORE_CREATE | STORE_HUB);
	testing_friends(t, testing_user(t, "alice"), testing_user(t, "bob"));
	store_close(&t->s);
}

static int64_t
count_messages(struct testing *t)
{
	int64_t count = -1;

	testing_reopen(t, STORE_HUB);
	ok(t, store_message_count(t->s, &count));
	ok(t, store_verify(t->s, testing_problem, NULL));
	store_close(&t->s);
	return count;
}

/* ---- one commit ------------------------------------------------------ */

static void
send_and_wait(struct testing *t, int fd)
{
	int64_t number = testing_send(t, 1, 1, "hello").number;

	if (crash_vfs_held() != 0)
		_exit(5);
	tell(fd, number);
	pause();
}

static void
a_commit_survives_a_power_cut(void **state)
{
	struct testing *t = *state;
	struct child child;

	make_two_friends(t);
	child = start(t, send_and_wait);
	assert_int_equal(wait_for_one(&child), 1);
	finish(&child, SIGKILL);
	assert_int_equal(count_messages(t), 1);
}

static void
send_unsynced_and_wait(struct testing *t, int fd)
{
	int64_t count = 0;

	if (sqlite3_exec(t->s->db, "PRAGMA synchronous=OFF", NULL, NULL,
		NULL) != SQLITE_OK)
		_exit(5);
	testing_send(t, 1, 1, "hello");
	/* It is there for the one who wrote it, and held back. */
	if (store_message_count(t->s, &count) != KITH_OK || count != 1 ||
	    crash_vfs_held() == 0)
		_exit(6);
	tell(fd, count);
	pause();
}

static void
an_unsynced_commit_does_not(void **state)
{
	struct testing *t = *state;
	struct child child;

	make_two_friends(t);
	child = start(t, send_unsynced_and_wait);
	assert_int_equal(wait_for_one(&child), 1);
	finish(&child, SIGKILL);
	assert_int_equal(count_messages(t), 0);
}

static void
send_unsynced_and_close(struct testing *t, int fd)
{
	sqlite3_exec(t->s->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	testing_send(t, 1, 1, "hello");
	store_close(&t->s);
	tell(fd, 1);
}

static void
a_clean_close_loses_nothing(void **state)
{
	struct testing *t = *state;
	struct child child;

	make_two_friends(t);
	child = start(t, send_unsynced_and_close);
	finish(&child, 0);
	assert_int_equal(count_messages(t), 1);
}

static void
begin_and_wait(struct testing *t, int fd)
{
	testing_begin(t);
	testing_send(t, 1, 1, "hello");
	tell(fd, 1);
	pause();
}

static void
half_a_transaction_leaves_nothing(void **state)
{
	struct testing *t = *state;
	struct child child;

	make_two_friends(t);
	child = start(t, begin_and_wait);
	assert_int_equal(wait_for_one(&child), 1);
	finish(&child, SIGKILL);
	assert_int_equal(count_messages(t), 0);
}

/* ---- many ------------------------------------------------------------ */

/* Messages large enough for the log to be copied and begun anew. */
static void
send_for_ever(struct testing *t, int fd)
{
	struct store_message_sent sent = { 0 };
	char text[3000];
	int i;

	memset(text, 'm', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (;;) {
		testing_begin(t);
		for (i = 0; i < BATCH; i++)
			sent = testing_send(t, 1, 1 + i % 2, text);
		testing_commit(t);
		tell(fd, sent.number);
		/* As often as it can be, where kithd does it by size. */
		t->s->log_pages_tried = -STORE_WAL_PASSIVE_BYTES;
		ok(t, store_checkpoint(t->s, NULL));
	}
}

static void
nothing_acknowledged_is_lost_however_often_it_is_killed(void **state)
{
	struct testing *t = *state;
	struct child child;
	int64_t acknowledged, there, before = 0;
	unsigned int random = 4711, pause_us;
	int round;

	make_two_friends(t);
	for (round = 0; round < KILL_ROUNDS; round++) {
		random = random * 1103515245u + 12345u;
		pause_us = (random >> 10) % 20000;
		child = start(t, send_for_ever);
		acknowledged = wait_for_one(&child);
		usleep(pause_us); /* the random moment */
		there = finish(&child, SIGKILL);
		if (there > acknowledged)
			acknowledged = there;
		there = count_messages(t);
		/* A batch may be on disk whose answer was not read. */
		assert_true(there >= acknowledged);
		assert_true(there <= acknowledged + BATCH);
		assert_int_equal(there % BATCH, 0);
		assert_true(there > before);
		before = there;
	}
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
		CASE(a_commit_survives_a_power_cut),
		CASE(an_unsynced_commit_does_not),
		CASE(a_clean_close_loses_nothing),
		CASE(half_a_transaction_leaves_nothing),
		CASE(nothing_acknowledged_is_lost_however_often_it_is_killed),
	};

	return cmocka_run_group_tests_name(
	    "store: power cuts", tests, NULL, NULL);
}
