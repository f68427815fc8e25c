/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A damaged cache and what exists nowhere else: killed at any moment while it
 * is given up, or on a disk that takes nothing, the outbox and the drafts are
 * there at the next start, each once.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "client-error.h"
#include "client_testing.h"

#define TALK      7u
#define SENDER    1u
#define IN_OUTBOX 20u

#define STEPS_MAX 20000 /* system calls of one giving-up */
/* Valgrind makes many of its own, and each run takes a second there: a sample
 * will do. */
#define STRIDE_VALGRIND 499u
#define SYSCALL_STOP    (SIGTRAP | 0x80) /* by PTRACE_O_TRACESYSGOOD */

/* Bytes that a file may have where the disk "is full". */
#define ROOM_MAX           (400u * 1024u)
#define ROOM_STEP          4096u
#define ROOM_STEP_VALGRIND 65536u

struct profile {
	char *folder;
	char *original; /* of which each round begins anew */
};

static void
copy_file(const char *to, const char *from, const char *name)
{
	g_autofree char *source = g_build_filename(from, name, NULL);
	g_autofree char *target = g_build_filename(to, name, NULL);
	g_autofree char *bytes = NULL;
	g_autoptr(GError) error = NULL;
	gsize length;

	g_file_get_contents(source, &bytes, &length, &error);
	g_assert_no_error(error);
	g_file_set_contents_full(target, bytes, (gssize)length,
	    G_FILE_SET_CONTENTS_NONE, 0600, &error);
	g_assert_no_error(error);
}

static void
begin_anew(struct profile *p)
{
	test_folder_remove(p->folder);
	p->folder = test_folder_new();
	copy_file(p->folder, p->original, "cache.db");
	copy_file(p->folder, p->original, "cache.db-wal");
}

/* ---- what was typed ---- */

static MessageRecord *
new_message(guint i)
{
	MessageRecord *record = message_record_new();

	record->conversation_id = TALK;
	record->sender_id = SENDER;
	record->time_us = 1000 + i;
	record->text = g_strdup_printf("typed %u", i);
	record->has_operation = TRUE;
	uuid_new(record->operation);
	return record;
}

static void
type(Cache *cache)
{
	g_autoptr(GError) error = NULL;

	cache_begin(cache, CACHE_DURABLE, &error);
	for (guint i = 0; i < IN_OUTBOX; i++) {
		g_autoptr(MessageRecord) record = new_message(i);

		cache_outbox_add(cache, record, &error);
		g_assert_no_error(error);
		if (i == 0)
			cache_outbox_fail(
			    cache, record->outbox_id, "No.", &error);
	}
	cache_set_draft(cache, TALK, "and this t", &error);
	cache_commit(cache, &error);
	g_assert_no_error(error);
}

static void
check_outbox(Cache *cache)
{
	g_autoptr(GPtrArray) waiting = cache_outbox_list(cache, 0, NULL);

	g_assert_nonnull(waiting);
	g_assert_cmpuint(waiting->len, ==, IN_OUTBOX);
	for (guint i = 0; i < waiting->len; i++) {
		const MessageRecord *record = g_ptr_array_index(waiting, i);
		g_autofree char *text = g_strdup_printf("typed %u", i);

		g_assert_cmpstr(record->text, ==, text);
		g_assert_cmpstr(record->reason, ==, i == 0 ? "No." : NULL);
	}
}

static void
check_typed(Cache *cache)
{
	g_autofree char *draft = NULL;

	check_outbox(cache);
	g_assert_true(cache_get_draft(cache, TALK, &draft, NULL));
	g_assert_cmpstr(draft, ==, "and this t");
}

/* ---- damage ---- */

static void
run_sql(const char *folder, const char *sql)
{
	g_autofree char *path = g_build_filename(folder, "cache.db", NULL);
	sqlite3 *db = NULL;

	g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(db);
}

/* Of another version, and all that was typed still in its log alone. */
static void
make_original(const char *folder)
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		Cache *cache = cache_open(folder, NULL);

		type(cache);
		run_sql(folder, "PRAGMA user_version = 9");
		_exit(0); /* without a good-bye to the database */
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}

/* What an engine does when it starts. */
static Cache *
open_or_give_up(const char *folder, GError **error)
{
	g_autoptr(GError) failure = NULL;
	Cache *cache = cache_open(folder, &failure);

	if (cache != NULL)
		return cache;
	if (client_error_is(failure, KITH_INTEGRITY))
		return cache_move_aside(folder, error);
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

static void
check_next_start(struct profile *p)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Cache) cache = open_or_give_up(p->folder, &error);

	g_assert_no_error(error);
	check_typed(cache);
}

static gboolean
there_is(struct profile *p, const char *name)
{
	g_autofree char *path = g_build_filename(p->folder, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
test_given_up(struct profile *p, gconstpointer data)
{
	check_next_start(p);
	g_assert_true(there_is(p, "cache.db.damaged"));
	check_next_start(p);
	run_sql(p->folder, "PRAGMA user_version = 9");
	check_next_start(p);
}

/* ---- faults while it is given up ---- */

/* Stops of one that change no file, and are many. */
static gboolean
changes_nothing(pid_t pid)
{
	static const guint64 harmless[] = { SYS_fcntl, SYS_pread64, SYS_read,
		SYS_lseek, SYS_close, SYS_brk, SYS_mmap, SYS_munmap };
	struct __ptrace_syscall_info info = { 0 };

	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(harmless); i++)
		if (info.entry.nr == harmless[i])
			return TRUE;
	return FALSE;
}

static pid_t
start_traced(struct profile *p)
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(open_or_give_up(p->folder, NULL) != NULL ? 0 : 1);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD), ==, 0);
	return pid;
}

/* Before this one of its system calls; TRUE when it had ended before. */
static gboolean
killed_at(struct profile *p, guint step)
{
	const pid_t pid = start_traced(p);
	long number = 0; /* of a signal that is its own */
	int status;

	for (guint i = 0; i < step;) {
		g_assert_cmpint(
		    ptrace(PTRACE_SYSCALL, pid, NULL, number), ==, 0);
		g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
		if (WIFEXITED(status)) {
			g_assert_cmpint(WEXITSTATUS(status), ==, 0);
			return TRUE;
		}
		g_assert_true(WIFSTOPPED(status));
		number = WSTOPSIG(status);
		if (number != SYSCALL_STOP)
			continue; /* valgrind lives by such */
		number = 0;
		i += !changes_nothing(pid);
	}
	kill(pid, SIGKILL);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return FALSE;
}

static void
test_killed(struct profile *p, gconstpointer data)
{
	const guint stride = test_under_valgrind() ? STRIDE_VALGRIND : 1;
	gboolean finished = FALSE;
	guint step;

	for (step = 1; !finished && step < STEPS_MAX; step += stride) {
		begin_anew(p);
		finished = killed_at(p, step);
		check_next_start(p);
	}
	g_assert_true(finished);
	g_test_message("%u steps", step);
	g_assert_cmpuint(step, >, 50); /* else nothing was seen */
}

/* No file may be longer; TRUE when that was enough. */
static gboolean
has_room(struct profile *p, rlim_t room)
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		const struct rlimit limit = { room, room };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(open_or_give_up(p->folder, NULL) != NULL ? 0 : 1);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 0;
}

static void
test_no_room(struct profile *p, gconstpointer data)
{
	const rlim_t more =
	    test_under_valgrind() ? ROOM_STEP_VALGRIND : ROOM_STEP;
	gboolean enough = FALSE;

	for (rlim_t room = 0; !enough && room < ROOM_MAX; room += more) {
		begin_anew(p);
		enough = has_room(p, room);
		check_next_start(p);
	}
	g_assert_true(enough);
}

/* What cannot be moved aside is not deleted. */
static void
test_not_moved(struct profile *p, gconstpointer data)
{
	g_autofree char *aside =
	    g_build_filename(p->folder, "cache.db.damaged", NULL);
	g_autofree char *in_it = g_build_filename(aside, "something", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir(aside, 0700), ==, 0);
	g_assert_true(g_file_set_contents(in_it, "", 0, NULL));
	g_assert_null(open_or_give_up(p->folder, &error));
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_IO);
	g_assert_cmpint(g_unlink(in_it), ==, 0);
	g_assert_cmpint(g_rmdir(aside), ==, 0);
	check_next_start(p);
}

static void
set_up(struct profile *p, gconstpointer data)
{
	p->folder = test_folder_new();
	p->original = test_folder_new();
	make_original(p->original);
	begin_anew(p);
}

static void
tear_down(struct profile *p, gconstpointer data)
{
	test_folder_remove(p->folder);
	test_folder_remove(p->original);
}

#define ADD(name, func)                                                       \
	g_test_add("/client/cache/" name, struct profile, NULL, set_up, func, \
	    tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("given-up", test_given_up);
	ADD("killed", test_killed);
	ADD("no-room", test_no_room);
	ADD("not-moved", test_not_moved);
	return g_test_run();
}
