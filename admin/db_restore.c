/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db restore, db rollback and db migrate: another database in the place of the
 * present one, or the present one brought up to date. No server may run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database.h"
#include "db.h"
#include "destroy.h"
#include "mem.h"
#include "output.h"
#include "progress.h"
#include "snapshot.h"
#include "store_restore.h"

#define BEFORE_SUFFIX ".before-v"

/* What is to take the place of the database. */
struct incoming {
	int fd;
	const char *name;
	bool migrate;
	const char *question; /* "Replace the database by": its name follows */
};

/* ---- what would be lost ----------------------------------------------- */

static int64_t
less(int64_t present, int64_t incoming)
{
	return present > incoming && incoming >= 0 ? present - incoming : 0;
}

static char *
describe_incoming(
    const struct store_census *present, const struct store_census *incoming)
{
	char *when = output_time_local(incoming->newest_us);
	char *users = format_count(incoming->users, "account", "accounts");
	char *messages =
	    format_count(incoming->messages, "message", "messages");
	char *text = mem_format("It holds %s and %s%s%s.%s", users, messages,
	    when != NULL ? "; its newest event is of " : "",
	    when != NULL ? when : "",
	    present->version == -1
		? " What is lost cannot be told: the present one cannot be read."
		: "");

	free(messages);
	free(users);
	free(when);
	return text;
}

static enum kith_code
confirm(struct call *call, struct store_restore *r, const struct incoming *in,
    bool *go_r)
{
	const struct store_census *a = store_restore_present(r);
	const struct store_census *b = store_restore_incoming(r);
	const struct destroy_loss losses[] = {
		{ "accounts", "account less", "accounts less",
		    less(a->users, b->users) },
		{ "friend_links", "friend link less", "friend links less",
		    less(a->friend_links, b->friend_links) },
		{ "messages", "message less", "messages less",
		    less(a->messages, b->messages) },
		{ "devices", "device less", "devices less",
		    less(a->devices, b->devices) },
		{},
	};
	char *question = mem_format("%s %s", in->question, in->name);
	char *remark = describe_incoming(a, b);
	const struct destroy d = {
		.question = question,
		.victim = "databases",
		.victims = 1,
		.losses = losses,
		.remark = remark,
	};
	enum kith_code code = destroy_confirm(call, &d, go_r);

	free(remark);
	free(question);
	return code;
}

/* ---- the change of places --------------------------------------------- */

static bool
on_progress(void *context, int64_t done, int64_t total)
{
	progress_show(context, "Copying", done, total);
	return true;
}

/* The row of the audit trail goes into the database that comes. */
static enum kith_code
amend(void *context, struct store *s)
{
	struct call *call = context;
	struct store *before = call->store;
	enum kith_code code;

	call->store = s;
	code = database_audit(call, call_argument(call, 0), NULL);
	call->store = before;
	return code;
}

static char *
kept_path(const struct call *call)
{
	char *time_name = snapshot_time_name();
	char *path = mem_format(
	    "%s.replaced-%s-%d", call->database, time_name, (int)getpid());

	free(time_name);
	return path;
}

static void
answer(struct call *call, const struct incoming *in,
    const struct store_census *now, const char *kept)
{
	output_talk(call, "%s is in the place of the database now.", in->name);
	if (kept != NULL)
		output_talk(call, "The database as it was is %s.", kept);
	json_object_set_new(call->answer, "restored",
	    json_pack("{s:s, s:s?, s:I, s:I, s:I}", "from", in->name, "kept",
		kept, "schema_version", (json_int_t)now->version, "accounts",
		(json_int_t)now->users, "messages", (json_int_t)now->messages));
}

static enum kith_code
commit(struct call *call, struct store_restore *r, const struct incoming *in)
{
	char *path = kept_path(call);
	const struct store_restore_end end = {
		.kept = path,
		.amend = amend,
		.context = call,
	};
	bool kept = false;
	enum kith_code code =
	    store_restore_commit(r, &end, &kept, &call->fault);

	if (code == KITH_OK)
		answer(call, in, store_restore_incoming(r), kept ? path : NULL);
	free(path);
	return code;
}

static enum kith_code
put_in_place(struct call *call, const struct incoming *in)
{
	const struct store_restore_source source = {
		.fd = in->fd,
		.name = in->name,
		.migrate = in->migrate,
		.progress = on_progress,
		.context = call,
	};
	struct store_restore *r = NULL;
	bool go = false;
	enum kith_code code;

	store_set_wait_ms(call->wait_ms);
	code = store_restore_new(call->database, &r, &call->fault);
	if (code == KITH_OK) {
		code = store_restore_fill(r, &source, &call->fault);
		progress_end(call);
	}
	if (code == KITH_OK)
		code = confirm(call, r, in, &go);
	if (code == KITH_OK && go)
		code = commit(call, r, in);
	store_restore_free(&r);
	/* that is kept for what a command was asked about */
	return code == KITH_NOT_FOUND ? KITH_IO : code;
}

/* ---- restore ---------------------------------------------------------- */

enum kith_code
db_restore(struct call *call)
{
	const char *path = call_argument(call, 0);
	struct incoming in = {
		.fd = fileno(call_argument_file(call, 0)),
		.name = path,
		.migrate = true,
		.question = "Replace the database by",
	};

	if (strcmp(path, "-") == 0)
		return call_usage(call,
		    "A database cannot be read from standard input: name a "
		    "file.");
	if (db_file_is_database(call))
		return call_usage(call, "%s is the database itself.", path);
	return put_in_place(call, &in);
}

/* ---- rollback --------------------------------------------------------- */

/* The copy from before the newest migration up to this version; NULL: none. */
static char *
find_before(const struct call *call, int64_t version)
{
	char *for_folder = mem_dup_string(call->database);
	char *for_name = mem_dup_string(call->database);
	char *prefix = mem_format("%s" BEFORE_SUFFIX, basename(for_name));
	DIR *dir = opendir(dirname(for_folder));
	char *path = NULL;
	long best = 0;

	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		const char *number = e->d_name + strlen(prefix);
		char *end;
		long found;

		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		found = strtol(number, &end, 10);
		if (end != number && *end == '\0' && found > best &&
		    found <= version)
			best = found;
	}
	if (dir != NULL)
		closedir(dir);
	if (best > 0)
		path =
		    mem_format("%s" BEFORE_SUFFIX "%ld", call->database, best);
	free(prefix);
	free(for_name);
	free(for_folder);
	return path;
}

static enum kith_code
put_back(struct call *call, const char *path)
{
	struct incoming in = {
		.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW),
		.name = path,
		.migrate = false,
		.question = "Go back to before the last migration, to",
	};
	enum kith_code code;

	if (in.fd < 0)
		return fault_set_errno(
		    &call->fault, KITH_IO, errno, "%s cannot be read", path);
	code = put_in_place(call, &in);
	close(in.fd);
	if (code == KITH_OK && !call_flag(call, "dry-run"))
		output_talk(call,
		    "Start the kithd from before the upgrade now: a newer one "
		    "migrates again.");
	return code;
}

enum kith_code
db_rollback(struct call *call)
{
	struct store_census present;
	struct lock *halt = NULL;
	char *path;
	enum kith_code code;

	store_set_wait_ms(call->wait_ms);
	/* said first: whether there is a copy matters only then */
	code = store_halt(call->database, &halt, &call->fault);
	lock_free(&halt);
	if (code == KITH_OK)
		code = store_census(call->database, &present, &call->fault);
	if (code != KITH_OK)
		return code == KITH_NOT_FOUND ? KITH_IO : code;
	path = find_before(call, present.version);
	if (path == NULL)
		return call_fail(call, KITH_NOT_FOUND,
		    "There is no copy from before a migration beside %s.",
		    call->database);
	code = put_back(call, path);
	free(path);
	return code;
}

/* ---- migrate ---------------------------------------------------------- */

static enum kith_code
answer_migrated(struct call *call, int64_t from, int64_t to)
{
	char *copy = from < to ? mem_format("%s" BEFORE_SUFFIX "%lld",
				     call->database, (long long)from + 1)
			       : NULL;

	if (copy != NULL)
		output_talk(call,
		    "The database is of version %lld now, not %lld. As it was "
		    "it is %s.",
		    (long long)to, (long long)from, copy);
	else
		output_talk(call, "The database is of version %lld already.",
		    (long long)to);
	json_object_set_new(call->answer, "migrated",
	    json_pack("{s:I, s:I, s:s?}", "from", (json_int_t)from, "to",
		(json_int_t)to, "copy", copy));
	free(copy);
	return KITH_OK;
}

/* The lock of the stopped server is held by the caller. */
static enum kith_code
migrate(struct call *call)
{
	struct store_census before, after;
	enum kith_code code =
	    store_census(call->database, &before, &call->fault);

	if (code == KITH_OK)
		code = store_open(
		    call->database, STORE_MIGRATE, &call->store, &call->fault);
	if (code == KITH_OK)
		code = store_census(call->database, &after, &call->fault);
	if (code != KITH_OK)
		return code == KITH_NOT_FOUND ? KITH_IO : code;
	if (before.version != after.version)
		database_audit_outside(call, NULL,
		    json_pack("{s:I, s:I}", "from", (json_int_t)before.version,
			"to", (json_int_t)after.version));
	return answer_migrated(call, before.version, after.version);
}

enum kith_code
db_migrate(struct call *call)
{
	struct lock *halt = NULL;
	enum kith_code code;

	store_set_wait_ms(call->wait_ms);
	code = store_halt(call->database, &halt, &call->fault);
	if (code != KITH_OK)
		return code == KITH_NOT_FOUND ? KITH_IO : code;
	code = migrate(call);
	lock_free(&halt);
	return code;
}
