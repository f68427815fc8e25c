/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the commands and lib/store. Runs as the database's owner, never as
 * root on a file that somebody else can write (owner.h).
 */
#include "database.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "mem.h"

#define CONTROL_PATH_DEFAULT "/run/kith/control"
#define ID_PREFIX            "id:"

static enum kith_code
busy(struct call *call)
{
	return call_fail(call, KITH_BUSY,
	    "The database is busy: another process has been writing for more "
	    "than %d s. Nothing was changed; --wait waits longer.",
	    call->wait_ms / 1000);
}

/* What SQLite says of it is for who looks into SQLite. */
static enum kith_code
full(struct call *call)
{
	return call_fail(call, KITH_STORAGE_FULL,
	    "The disk with %s is full: make room there, and try again.",
	    call->database);
}

/* NOT_FOUND is kept for what a command was asked about. */
static enum kith_code
missing(struct call *call, bool create)
{
	return call_fail(call, KITH_IO,
	    create ? "The folder of the database %s is not there; make it "
		     "first, or start kithd."
		   : "There is no database at %s. It is made by the first "
		     "\"kith-admin user add\", or when kithd starts.",
	    call->database);
}

/* Somebody else's, whom root would have become. */
static enum kith_code
no_permission(struct call *call)
{
	char *sentence;
	struct stat st;

	if (stat(call->database, &st) == 0 ? st.st_uid == geteuid()
					   : errno != EACCES)
		return KITH_REFUSED;
	sentence = mem_dup_string(call->fault.sentence);
	call_fail(call, KITH_REFUSED,
	    "%.180s. Run this as root (sudo), or as the database's owner.",
	    sentence);
	free(sentence);
	return KITH_REFUSED;
}

enum kith_code
database_open(struct call *call, bool create)
{
	bool writes = (call->command->flags & COMMAND_WRITES) != 0;
	unsigned int flags = create ? STORE_CREATE : 0;
	enum kith_code code;

	if (call->store != NULL)
		return KITH_OK;
	if (!writes && !create)
		flags = STORE_READ;
	store_set_wait_ms(call->wait_ms);
	code = store_open(call->database, flags, &call->store, &call->fault);
	if (code == KITH_BUSY)
		return busy(call);
	if (code == KITH_NOT_FOUND)
		return missing(call, create);
	return code == KITH_REFUSED ? no_permission(call) : code;
}

enum kith_code
database_open_read(struct call *call)
{
	enum kith_code code = database_open(call, false);

	if (code != KITH_OK)
		return code;
	code = store_begin_read(call->store);
	return code == KITH_OK
	    ? code
	    : database_fault(call, code, "The database cannot be read.");
}

void
database_end_read(struct call *call)
{
	if (call->store != NULL)
		store_end_read(call->store);
}

enum kith_code
database_list(struct call *call, struct listing **l,
    enum kith_code (*page)(void *context, struct listing *l, bool *more_r),
    void *context)
{
	enum kith_code code;
	bool more;

	do {
		more = false;
		code = database_open_read(call);
		if (code != KITH_OK)
			break;
		code = page(context, *l, &more);
		database_end_read(call);
		if (code != KITH_OK && call->fault.sentence[0] == '\0')
			database_fault(
			    call, code, "%s", kith_code_sentence(code));
		if (code == KITH_OK && more)
			code = listing_flush(*l);
	} while (code == KITH_OK && more);
	return listing_end(l, code);
}

enum kith_code
database_begin(struct call *call)
{
	enum kith_code code =
	    store_begin_write(call->store, STORE_WAIT, &call->fault);

	call->audited = false;
	return code == KITH_BUSY ? busy(call) : code;
}

enum kith_code
database_end(struct call *call, enum kith_code code)
{
	char *path;

	if (code == KITH_OK && !call->audited)
		code = database_audit(call, NULL, NULL);
	if (code != KITH_OK) {
		store_rollback(call->store);
		return code;
	}
	code = store_commit(call->store, &call->fault);
	if (code != KITH_OK)
		return code == KITH_STORAGE_FULL ? full(call) : code;
	path = database_control_path(call);
	control_nudge(path);
	free(path);
	return KITH_OK;
}

void
database_close(struct call *call)
{
	store_close(&call->store);
}

bool
database_read_id(const char *selector, int64_t *id_r)
{
	long long id;
	char *end;

	if (strncmp(selector, ID_PREFIX, strlen(ID_PREFIX)) != 0)
		return false;
	selector += strlen(ID_PREFIX);
	if (*selector < '0' || *selector > '9')
		return false;
	errno = 0;
	id = strtoll(selector, &end, 10);
	if (errno != 0 || *end != '\0' || id <= 0)
		return false;
	*id_r = id;
	return true;
}

enum kith_code
database_find_user(
    struct call *call, const char *selector, struct store_user *user_r)
{
	struct store_user user;
	enum kith_code code;
	int64_t id;

	if (database_read_id(selector, &id)) {
		code = store_user_find(call->store, id, &user);
		if (code == KITH_OK && user.state == STORE_USER_DELETED)
			code = KITH_NOT_FOUND;
	} else if (text_check_name(selector) == KITH_OK) {
		code = store_user_find_name(call->store, selector, &user);
	} else {
		return call_usage(call,
		    "\"%s\" is neither a user's name nor id:NUMBER.", selector);
	}
	if (code != KITH_OK)
		return database_fault(
		    call, code, "There is no user \"%s\".", selector);
	*user_r = user;
	return KITH_OK;
}

char *
database_meta(struct call *call, enum store_meta key)
{
	char value[STORE_META_MAX];

	if (call->store == NULL ||
	    store_meta_get(call->store, key, value) != KITH_OK ||
	    value[0] == '\0')
		return NULL;
	return mem_dup_string(value);
}

char *
database_control_path(struct call *call)
{
	char *path = database_meta(call, STORE_META_CONTROL_SOCKET);

	return path != NULL ? path : mem_dup_string(CONTROL_PATH_DEFAULT);
}

enum kith_code
database_fault(struct call *call, enum kith_code code, const char *format, ...)
{
	char sentence[FAULT_SENTENCE_MAX];
	va_list args;

	if (code == KITH_STORAGE_FULL)
		return full(call);
	if (store_is_broken(code))
		return call_fail(
		    call, code, "%s", store_fault(call->store)->sentence);
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	return call_fail(call, code, "%s", sentence);
}
