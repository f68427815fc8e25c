/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_testing.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

int
testing_setup_folder(void **state)
{
	const char *parent = getenv("TMPDIR");
	struct testing *t = MEM_NEW(struct testing);

	snprintf(t->folder, sizeof(t->folder), "%s/kith-store-XXXXXX",
	    parent != NULL && strlen(parent) < 32 ? parent : "/tmp");
	if (mkdtemp(t->folder) == NULL)
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/kith.db", t->folder);
	*state = t;
	return 0;
}

int
testing_teardown_folder(void **state)
{
	struct testing *t = *state;
	DIR *folder = opendir(t->folder);
	struct dirent *entry;
	char *name;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		name = mem_format("%s/%s", t->folder, entry->d_name);
		unlink(name);
		free(name);
	}
	if (folder != NULL)
		closedir(folder);
	rmdir(t->folder);
	free(t);
	return 0;
}

int
testing_setup(void **state)
{
	struct testing *t;

	if (testing_setup_folder(state) != 0)
		return -1;
	t = *state;
	return store_open(t->path, STORE_CREATE | STORE_HUB, &t->s, NULL) ==
		KITH_OK
	    ? 0
	    : -1;
}

void
testing_problem(void *context, const char *sentence)
{
	(void)context;
	fail_msg("the database is not whole: %s", sentence);
}

int
testing_teardown(void **state)
{
	struct testing *t = *state;
	enum kith_code code = KITH_OK;

	if (t->s != NULL) {
		store_rollback(t->s);
		code = store_verify(t->s, testing_problem, NULL);
		store_close(&t->s);
	}
	testing_teardown_folder(state);
	return code == KITH_OK ? 0 : -1;
}

void
testing_reopen(struct testing *t, unsigned int flags)
{
	struct fault f = { 0 };

	store_close(&t->s);
	if (store_open(t->path, flags, &t->s, &f) != KITH_OK)
		fail_msg("cannot reopen: %s", f.sentence);
}

void
testing_replace(struct testing *t, const char *from)
{
	static const char *const beside[] = { "-wal", "-shm" };
	FILE *in = fopen(from, "r"), *out = fopen(t->path, "w");
	char buffer[4096], *name;
	size_t length, i;

	assert_non_null(in);
	assert_non_null(out);
	while ((length = fread(buffer, 1, sizeof(buffer), in)) > 0)
		assert_int_equal(fwrite(buffer, 1, length, out), length);
	fclose(in);
	assert_int_equal(fclose(out), 0);
	for (i = 0; i < 2; i++) {
		name = mem_format("%s%s", t->path, beside[i]);
		unlink(name);
		free(name);
	}
}

void
testing_ok(struct testing *t, enum kith_code code, const char *what,
    const char *file, int line)
{
	if (code == KITH_OK)
		return;
	print_error("%s:%d: %s: %s (%s)\n", file, line, what,
	    kith_code_word(code),
	    t->s != NULL ? store_fault(t->s)->sentence : "");
	_fail(file, line);
}

void
testing_begin(struct testing *t)
{
	ok(t, store_begin_write(t->s, STORE_TRY, NULL));
}

void
testing_commit(struct testing *t)
{
	ok(t, store_commit(t->s, NULL));
}

int64_t
testing_user(struct testing *t, const char *name)
{
	struct store_user_new new = {
		.name = name,
		.display_name = "",
		.phc = "$argon2id$",
		.state = STORE_USER_ACTIVE,
		.now_us = T0,
	};
	bool own = !store_in_write(t->s);
	int64_t id = 0;

	if (own)
		testing_begin(t);
	ok(t, store_user_add(t->s, &new, &id));
	if (own)
		testing_commit(t);
	return id;
}

int64_t
testing_friends(struct testing *t, int64_t a, int64_t b)
{
	bool own = !store_in_write(t->s);
	int64_t id = 0;

	if (own)
		testing_begin(t);
	ok(t, store_friend_link_add(t->s, a, b, T0, &id));
	if (own)
		testing_commit(t);
	return id;
}

struct store_message_sent
testing_send(
    struct testing *t, int64_t conversation, int64_t sender, const char *text)
{
	struct store_message message = {
		.conversation_id = conversation,
		.sender_id = sender,
		.time_us = T0,
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)text,
		.body_length = strlen(text),
	};
	struct store_message_sent sent = { 0 };
	bool own = !store_in_write(t->s);

	if (own)
		testing_begin(t);
	ok(t, store_message_add(t->s, &message, &sent));
	if (own)
		testing_commit(t);
	return sent;
}

/* ---- lists ----------------------------------------------------------- */

void
testing_list_add(struct testing_list *list, const char *format, ...)
{
	va_list arguments;
	int length;

	if (list->length > 0 && list->length + 1 < TESTING_LIST_MAX)
		list->text[list->length++] = ' ';
	va_start(arguments, format);
	length = vsnprintf(list->text + list->length,
	    TESTING_LIST_MAX - list->length, format, arguments);
	va_end(arguments);
	assert_true(
	    length >= 0 && list->length + (size_t)length < TESTING_LIST_MAX);
	list->length += (size_t)length;
	list->count++;
}

static const char *
kind_word(enum store_event_kind kind)
{
	switch (kind) {
	case STORE_EVENT_MESSAGE:
		return "message";
	case STORE_EVENT_MARK:
		return "mark";
	case STORE_EVENT_FRIEND_REQUEST:
		return "request";
	case STORE_EVENT_FRIEND_REQUEST_ENDED:
		return "ended";
	case STORE_EVENT_FRIEND_ADDED:
		return "added";
	case STORE_EVENT_FRIEND_REMOVED:
		return "removed";
	case STORE_EVENT_USER_CHANGED:
		return "changed";
	case STORE_EVENT_USER_LOCKED:
		return "locked";
	case STORE_EVENT_PASSWORD_CHANGED:
		return "password";
	case STORE_EVENT_DEVICE_REVOKED:
		return "device";
	case STORE_EVENT_USER_DELETED:
		return "deleted";
	}
	return "unknown";
}

bool
testing_list_event(void *context, const struct store_event *event)
{
	struct testing_list *list = context;

	if (list->limit > 0 && list->count >= list->limit)
		return false;
	testing_list_add(list, "%s>%lld", kind_word(event->kind),
	    (long long)event->audience);
	return true;
}

bool
testing_list_message(void *context, const struct store_message *message)
{
	struct testing_list *list = context;

	if (list->limit > 0 && list->count >= list->limit)
		return false;
	testing_list_add(list, "%lld:%.*s", (long long)message->number,
	    (int)message->body_length, (const char *)message->body);
	return true;
}

static bool
is_full(const struct testing_list *list)
{
	return list->limit > 0 && list->count >= list->limit;
}

bool
testing_list_audit(void *context, const struct store_audit *row)
{
	if (is_full(context))
		return false;
	testing_list_add(
	    context, "%s:%s:%s", row->actor, row->command, row->target);
	return true;
}

bool
testing_list_announcement(
    void *context, const struct store_announcement *announcement)
{
	if (is_full(context))
		return false;
	testing_list_add(context, "%s>%u", announcement->body,
	    (unsigned int)announcement->recipients);
	return true;
}

bool
testing_list_user(void *context, const struct store_user *user)
{
	if (is_full(context))
		return false;
	testing_list_add(context, "%s", user->name);
	return true;
}

/* ---- a stranger ------------------------------------------------------ */

static sqlite3 *
stranger(struct testing *t)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 1000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return db;
}

void
testing_sql(struct testing *t, const char *sql)
{
	sqlite3 *db = stranger(t);
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
}

int64_t
testing_sql_integer(struct testing *t, const char *sql)
{
	sqlite3 *db = stranger(t);
	sqlite3_stmt *st = NULL;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

void
testing_no_sorting(struct testing *t, const char *sql)
{
	sqlite3 *db = stranger(t);
	sqlite3_stmt *st = NULL;
	const char *line;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		line = (const char *)sqlite3_column_text(st, 3);
		if (strstr(line, "TEMP B-TREE") != NULL)
			fail_msg("%s: %s", line, sql);
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
}
