/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Another database takes the place of one: the content is the other's, the
 * epoch nobody's, the old one is kept; and killed before any single system
 * call, one of both is there and whole.
 */

#include "store_testing.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "store_backup.h"
#include "store_copy.h"
#include "store_restore.h"

#define STEPS_MAX 200000 /* stops of one restore */
/*
 * A system call stops its process twice. Valgrind makes many of its own, and
 * each run takes a second there: a sample will do.
 */
#define STRIDE          2
#define STRIDE_VALGRIND 997

/* Names in the folder of the test. */
static char *
beside(struct testing *t, const char *suffix)
{
	return mem_format("%s%s", t->path, suffix);
}

static void
remove_beside(struct testing *t, const char *suffix)
{
	char *path = beside(t, suffix);

	unlink(path);
	free(path);
}

/* alice and bob with two messages; a copy of that; then a third message. */
static void
make_old_and_copy(struct testing *t)
{
	char *path = beside(t, ".copy");
	const struct store_backup wanted = { .path = path, .verify = true };
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	int64_t conversation = testing_friends(t, a, b);

	testing_begin(t);
	testing_send(t, conversation, a, "one");
	testing_send(t, conversation, b, "two");
	testing_commit(t);
	ok(t, store_backup(t->s, &wanted, NULL, NULL));
	testing_begin(t);
	testing_send(t, conversation, a, "three");
	testing_commit(t);
	free(path);
}

static int64_t
count_messages(struct testing *t)
{
	int64_t count = -1;

	ok(t, store_message_count(t->s, &count));
	return count;
}

static enum kith_code
restore(struct testing *t, const char *from,
    const struct store_restore_end *end, bool migrate, struct fault *f)
{
	struct store_restore *r = NULL;
	struct store_restore_source source = {
		.name = from,
		.migrate = migrate,
	};
	bool kept = false;
	enum kith_code code;

	source.fd = open(from, O_RDONLY | O_CLOEXEC);
	assert_true(source.fd >= 0);
	code = store_restore_new(t->path, &r, f);
	if (code == KITH_OK)
		code = store_restore_fill(r, &source, f);
	if (code == KITH_OK)
		code = store_restore_commit(r, end, &kept, f);
	store_restore_free(&r);
	close(source.fd);
	return code;
}

static enum kith_code
amend(void *context, struct store *s)
{
	(void)context;
	return store_meta_set(s, STORE_META_SERVER_NAME, "restored");
}

static void
gives_back_the_content_under_a_new_epoch(void **state)
{
	struct testing *t = *state;
	char *from, *kept;
	struct store_restore_end end = { .amend = amend };
	uint8_t before[STORE_EPOCH_LENGTH], after[STORE_EPOCH_LENGTH];
	char name[STORE_META_MAX];
	struct store *old = NULL;
	int64_t count = 0;

	make_old_and_copy(t);
	ok(t, store_epoch(t->s, before));
	from = beside(t, ".copy");
	kept = beside(t, ".kept");
	end.kept = kept;
	/* a hub holds it */
	gives(restore(t, from, &end, true, NULL), KITH_REFUSED);
	store_close(&t->s);
	ok(t, restore(t, from, &end, true, NULL));

	testing_reopen(t, STORE_HUB);
	assert_int_equal(count_messages(t), 2);
	ok(t, store_epoch(t->s, after));
	assert_memory_not_equal(before, after, sizeof(before));
	ok(t, store_meta_get(t->s, STORE_META_SERVER_NAME, name));
	assert_string_equal(name, "restored");

	ok(t, store_copy_open(kept, STORE_COPY_READ, &old, NULL));
	ok(t, store_message_count(old, &count));
	assert_int_equal(count, 3);
	store_close(&old);
	/* and not over something that is kept */
	store_close(&t->s);
	gives(restore(t, from, &end, true, NULL), KITH_ALREADY);
	testing_reopen(t, STORE_HUB);
	unlink(kept);
	unlink(from);
	free(kept);
	free(from);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
refuses_what_is_not_whole(void **state)
{
	struct testing *t = *state;
	char *from, *kept;
	struct store_restore_end end = {};
	struct fault f = {};
	int fd;

	make_old_and_copy(t);
	from = beside(t, ".copy");
	end.kept = kept = beside(t, ".kept");
	store_close(&t->s);

	/* a page of it is wrong */
	fd = open(from, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (off_t at = 4096 * 3; at < 4096 * 5; at += 64)
		assert_int_equal(pwrite(fd, "damage!!", 8, at), 8);
	close(fd);
	gives(restore(t, from, &end, true, &f), KITH_INTEGRITY);
	assert_non_null(strstr(f.sentence, from));
	write_file(from,
	    "this is no database, and says so in so many words: "
	    "it has more bytes than a header of one would have");
	gives(restore(t, from, &end, true, &f), KITH_FOREIGN);
	assert_non_null(strstr(f.sentence, from));
	assert_null(strstr(f.sentence, ".incoming"));
	write_file(from, "");
	gives(restore(t, from, &end, true, &f), KITH_FOREIGN);

	testing_reopen(t, STORE_HUB);
	assert_int_equal(count_messages(t), 3);
	assert_int_equal(access(kept, F_OK), -1);
	remove_beside(t, ".copy");
	free(kept);
	free(from);
}

static void
replaces_a_damaged_one_and_keeps_it(void **state)
{
	struct testing *t = *state;
	char *from, *kept;
	struct store_restore_end end = {};
	struct stat st;

	make_old_and_copy(t);
	from = beside(t, ".copy");
	end.kept = kept = beside(t, ".kept");
	store_close(&t->s);
	write_file(t->path,
	    "nothing is left of it, not even the header of it "
	    "with its magic at the beginning");
	ok(t, restore(t, from, &end, true, NULL));
	testing_reopen(t, STORE_HUB);
	assert_int_equal(count_messages(t), 2);
	assert_int_equal(stat(kept, &st), 0);
	assert_true(st.st_size < 200);
	unlink(kept);
	unlink(from);
	free(kept);
	free(from);
}

static void
writes_it_anew_without_free_pages(void **state)
{
	struct testing *t = *state;
	struct store_restore_end end = {};
	struct store_restore *r = NULL;
	uint8_t before[STORE_EPOCH_LENGTH], after[STORE_EPOCH_LENGTH];
	bool was_kept = false;
	char *kept;

	make_old_and_copy(t);
	testing_sql(t,
	    "CREATE TABLE ballast (x); INSERT INTO ballast "
	    "VALUES (zeroblob(1000000)); DROP TABLE ballast");
	ok(t, store_epoch(t->s, before));
	store_close(&t->s);
	end.kept = kept = beside(t, ".kept");
	ok(t, store_restore_new(t->path, &r, NULL));
	ok(t, store_restore_vacuum(r, NULL));
	assert_true(store_restore_incoming(r)->bytes + 900000 <
	    store_restore_present(r)->bytes);
	ok(t, store_restore_commit(r, &end, &was_kept, NULL));
	assert_true(was_kept);
	store_restore_free(&r);
	testing_reopen(t, STORE_HUB);
	assert_int_equal(count_messages(t), 3);
	ok(t, store_epoch(t->s, after));
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(testing_sql_integer(t, "PRAGMA auto_vacuum"), 2);
	unlink(kept);
	remove_beside(t, ".copy");
	free(kept);
}

/* ---- killed before each system call ---------------------------------- */

/* True when the child got to its end before its step. */
static bool
killed_at(struct testing *t, const char *from,
    const struct store_restore_end *end, int step)
{
	int status, i;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(restore(t, from, end, true, NULL) == KITH_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	for (i = 0; i < step; i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return true;
		}
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return false;
}

static void
check_one_of_both(struct testing *t, const char *kept)
{
	int64_t count;

	/* who only reads cannot clean up, and has to find it whole as well */
	testing_reopen(t, STORE_READ);
	testing_reopen(t, STORE_HUB);
	ok(t, store_verify(t->s, testing_problem, NULL));
	count = count_messages(t);
	assert_true(count == 2 || count == 4);
	if (count == 2)
		assert_int_equal(access(kept, F_OK), 0);
	store_close(&t->s);
}

static void
copy_file(const char *from, const char *to)
{
	char *command = mem_format("cp %s %s", from, to);

	assert_int_equal(system(command), 0);
	free(command);
}

static bool
under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

/* The old one's latest message is still in its log only. */
static void
killed_at_any_moment_one_of_both_is_whole(void **state)
{
	struct testing *t = *state;
	char *from, *kept, *original, *log, *original_log;
	struct store_restore_end end = { .amend = amend };
	const int stride = under_valgrind() ? STRIDE_VALGRIND : STRIDE;
	bool finished = false;
	int step;

	make_old_and_copy(t);
	testing_reopen(t, 0);
	testing_begin(t);
	testing_send(t, 1, 1, "four");
	testing_commit(t);
	store_close(&t->s);
	from = beside(t, ".copy");
	original = beside(t, ".original");
	original_log = beside(t, ".original-log");
	log = beside(t, "-wal");
	end.kept = kept = beside(t, ".kept");
	copy_file(log, original_log);
	copy_file(t->path, original);
	for (step = 1; !finished && step < STEPS_MAX; step += stride) {
		unlink(kept);
		testing_replace(t, original);
		copy_file(original_log, log);
		finished = killed_at(t, from, &end, step);
		check_one_of_both(t, kept);
	}
	assert_true(finished);
	assert_true(step > 200); /* else nothing was seen */
	testing_reopen(t, STORE_HUB);
	assert_int_equal(count_messages(t), 2);
	free(log);
	free(kept);
	free(original);
	free(original_log);
	free(from);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
	const struct CMUnitTest tests[] = {
		CASE(gives_back_the_content_under_a_new_epoch),
		CASE(refuses_what_is_not_whole),
		CASE(replaces_a_damaged_one_and_keeps_it),
		CASE(writes_it_anew_without_free_pages),
		CASE(killed_at_any_moment_one_of_both_is_whole),
	};

	return cmocka_run_group_tests_name(
	    "store: another in its place", tests, NULL, NULL);
}
