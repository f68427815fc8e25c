/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * STORE_READ: works whoever writes or has crashed, takes no lock, and changes
 * neither the file nor its log.
 */

#include "store_testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "store_private.h"

#define NOBODY         64738 /* has no entry anywhere, owns nothing */
#define CRASHES        40
#define READERS        2
#define READER_LIMIT_S 60 /* then it is killed */

static struct store *
open_reader(struct testing *t)
{
	struct store *reader = NULL;
	struct fault f = { 0 };

	if (store_open(t->path, STORE_READ, &reader, &f) != KITH_OK)
		fail_msg("cannot open to read: %s", f.sentence);
	return reader;
}

static void
refuses(struct testing *t, enum kith_code wanted, const char *words)
{
	struct store *reader = NULL;
	struct fault f = { 0 };

	gives(store_open(t->path, STORE_READ, &reader, &f), wanted);
	assert_null(reader);
	if (strstr(f.sentence, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, f.sentence);
}

/* How many files are there? */
static int
count_files(struct testing *t)
{
	DIR *folder = opendir(t->folder);
	struct dirent *entry;
	int count = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static char *
read_bytes(struct testing *t, const char *suffix, size_t *length_r)
{
	char *name = mem_format("%s%s", t->path, suffix);
	FILE *file = fopen(name, "r");
	struct stat st;
	char *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	bytes = mem_new((size_t)st.st_size + 1, 1);
	*length_r = fread(bytes, 1, (size_t)st.st_size, file);
	assert_int_equal(*length_r, st.st_size);
	fclose(file);
	free(name);
	return bytes;
}

static void
what_cannot_be_read_is_refused_and_nothing_is_made(void **state)
{
	struct testing *t = *state;
	FILE *file;

	refuses(t, KITH_NOT_FOUND, "there is no database");
	assert_int_equal(count_files(t), 0);
	file = fopen(t->path, "w");
	assert_non_null(file);
	fclose(file);
	refuses(t, KITH_FOREIGN, "is empty");
	file = fopen(t->path, "w");
	fputs("this is a letter to my aunt, and no database at all", file);
	fclose(file);
	refuses(t, KITH_FOREIGN, "is not a database");
	assert_int_equal(count_files(t), 1);
	unlink(t->path);
	testing_sql(t, "CREATE TABLE a (b); PRAGMA user_version=1");
	refuses(t, KITH_FOREIGN, "another program");
}

static void
it_takes_no_lock_and_sees_what_is_committed(void **state)
{
	struct testing *t = *state;
	struct store *reader;
	struct store_user user;
	struct fault f;
	int64_t count;

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	testing_user(t, "alice");
	testing_begin(t);
	testing_user(t, "bob");
	reader = open_reader(t);
	ok(t, store_user_find_name(reader, "alice", &user));
	gives(store_user_find_name(reader, "bob", &user), KITH_NOT_FOUND);
	ok(t, store_begin_read(reader));
	ok(t, store_user_count(reader, &count));
	testing_commit(t);
	gives(store_user_find_name(reader, "bob", &user), KITH_NOT_FOUND);
	store_end_read(reader);
	ok(t, store_user_find_name(reader, "bob", &user));
	gives(store_begin_write(reader, STORE_WAIT, &f), KITH_NOT_NOW);
	assert_non_null(strstr(f.sentence, "reading only"));
	gives(store_user_lock(reader, user.id, "", 0, T0), KITH_NOT_NOW);
	ok(t, store_checkpoint(reader, &f));
	gives(store_verify(reader, testing_problem, NULL), KITH_OK);
	store_close(&reader);
	ok(t, store_user_count(t->s, &count));
	assert_int_equal(count, 2);
}

static void
beside_it_no_file_is_made(void **state)
{
	struct testing *t = *state;
	struct store *reader;
	char *name;

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	testing_user(t, "alice");
	store_close(&t->s);
	name = mem_format("%s.lock", t->path);
	assert_int_equal(unlink(name), 0);
	free(name);
	name = mem_format("%s.running", t->path);
	assert_int_equal(unlink(name), 0);
	free(name);
	reader = open_reader(t);
	store_close(&reader);
	/* the file, its log and the index of that */
	assert_in_range(count_files(t), 1, 3);
	name = mem_format("%s.lock", t->path);
	assert_int_not_equal(access(name, F_OK), 0);
	free(name);
}

static int
read_as_nobody(struct testing *t)
{
	struct fault f = { 0 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(3);
		if (store_open(t->path, STORE_READ, &t->s, &f) == KITH_OK)
			_exit(0);
		fprintf(stderr, "%s\n", f.sentence);
		_exit(f.code == KITH_REFUSED ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Where one may read the file, but not make anything beside it. */
static void
a_stranger_reads_while_a_hub_runs(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct testing *t = *state;
	char *name;
	size_t i;

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	testing_user(t, "alice");
	assert_int_equal(chmod(t->folder, 0555), 0);
	assert_int_equal(read_as_nobody(t), geteuid() == 0 ? 1 : 0);
	for (i = 0; i < 3; i++) {
		name = mem_format("%s%s", t->path, suffixes[i]);
		assert_int_equal(chmod(name, 0444), 0);
		free(name);
	}
	assert_int_equal(read_as_nobody(t), 0);
	store_close(&t->s);
	assert_int_equal(chmod(t->folder, 0755), 0);
	name = mem_format("%s-shm", t->path);
	assert_int_equal(unlink(name), 0);
	free(name);
	assert_int_equal(chmod(t->folder, 0555), 0);
	assert_int_equal(read_as_nobody(t), 1);
	assert_int_equal(chmod(t->folder, 0755), 0);
	assert_int_equal(read_as_nobody(t), geteuid() == 0 ? 1 : 0);
}

/* ---- after a crash --------------------------------------------------- */

/* Writes `count` people, and is gone without a word. */
static void
write_and_crash(struct testing *t, int round, int count)
{
	pid_t pid = fork();
	char name[32];
	int status, i;

	if (pid == 0) {
		if (store_open(t->path, 0, &t->s, NULL) != KITH_OK)
			_exit(3);
		for (i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "u%d.%d", round, i);
			testing_user(t, name);
		}
		testing_begin(t);
		testing_user(t, "never-committed");
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void
after_a_crash_it_reads_all_and_leaves_all(void **state)
{
	struct testing *t = *state;
	struct store *reader;
	struct store_user user;
	size_t length, log_length, again;
	char *bytes, *log, *now;

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	store_close(&t->s);
	write_and_crash(t, 1, 20);
	bytes = read_bytes(t, "", &length);
	log = read_bytes(t, "-wal", &log_length);
	assert_true(log_length > 0);
	reader = open_reader(t);
	ok(t, store_user_find_name(reader, "u1.19", &user));
	gives(store_user_find_name(reader, "never-committed", &user),
	    KITH_NOT_FOUND);
	store_close(&reader);
	now = read_bytes(t, "", &again);
	assert_int_equal(again, length);
	assert_memory_equal(now, bytes, length);
	free(now);
	now = read_bytes(t, "-wal", &again);
	assert_int_equal(again, log_length);
	assert_memory_equal(now, log, log_length);
	free(now);
	free(bytes);
	free(log);
	testing_reopen(t, STORE_HUB);
	ok(t, store_user_find_name(t->s, "u1.19", &user));
	ok(t, store_verify(t->s, testing_problem, NULL));
}

/* Opens and reads until it is told to stop; 0 when all was well. */
static pid_t
start_reader(struct testing *t, const int stop[2])
{
	struct store *reader = NULL;
	struct store_user user;
	int64_t count;
	char byte;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(stop[1]); /* or it would never come to its end */
	alarm(READER_LIMIT_S);
	while (read(stop[0], &byte, 1) < 0) { /* nothing to read yet */
		if (store_open(t->path, STORE_READ, &reader, NULL) != KITH_OK)
			_exit(1);
		if (store_user_count(reader, &count) != KITH_OK ||
		    store_user_find_name(reader, "u0.0", &user) != KITH_OK ||
		    store_user_find_name(reader, "never-committed", &user) !=
			KITH_NOT_FOUND)
			_exit(2);
		store_close(&reader);
	}
	_exit(0);
}

/* Readers rebuild the index at the same moment as those who write. */
static void
readers_and_crashing_writers_do_not_harm_each_other(void **state)
{
	struct testing *t = *state;
	pid_t readers[READERS];
	int stop[2], status, i;
	int64_t count;

	testing_reopen(t, STORE_CREATE | STORE_HUB);
	store_close(&t->s);
	write_and_crash(t, 0, 1);
	assert_int_equal(pipe2(stop, O_NONBLOCK), 0);
	for (i = 0; i < READERS; i++)
		readers[i] = start_reader(t, stop);
	for (i = 1; i <= CRASHES; i++)
		write_and_crash(t, i, 2);
	close(stop[1]);
	for (i = 0; i < READERS; i++) {
		assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	close(stop[0]);
	testing_reopen(t, STORE_HUB);
	ok(t, store_user_count(t->s, &count));
	assert_int_equal(count, 1 + 2 * CRASHES);
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
		CASE(what_cannot_be_read_is_refused_and_nothing_is_made),
		CASE(it_takes_no_lock_and_sees_what_is_committed),
		CASE(beside_it_no_file_is_made),
		CASE(a_stranger_reads_while_a_hub_runs),
		CASE(after_a_crash_it_reads_all_and_leaves_all),
		CASE(readers_and_crashing_writers_do_not_harm_each_other),
	};

	return cmocka_run_group_tests_name("store: reading", tests, NULL, NULL);
}
