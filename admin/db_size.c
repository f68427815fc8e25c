/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db size and db vacuum: what takes how much room, and giving back what is
 * free.
 */
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "database.h"
#include "db.h"
#include "mem.h"
#include "output.h"
#include "progress.h"
#include "snapshot.h"
#include "store_restore.h"
#include "store_size.h"

enum {
	SIZE_TABLE,
	SIZE_ROWS,
	SIZE_SIZE,
	SIZE_BYTES,
	SIZE_TABLE_BYTES,
	SIZE_INDEX_BYTES,
	SIZE_UNUSED_BYTES
};

const struct column db_size_columns[] = {
	[SIZE_TABLE] = { "table", "Table", COLUMN_TEXT },
	[SIZE_ROWS] = { "rows", "Rows", COLUMN_NUMBER },
	[SIZE_SIZE] = { "size", "Size", COLUMN_TEXT },
	[SIZE_BYTES] = { "bytes", NULL, COLUMN_NUMBER },
	[SIZE_TABLE_BYTES] = { "table_bytes", NULL, COLUMN_NUMBER },
	[SIZE_INDEX_BYTES] = { "index_bytes", NULL, COLUMN_NUMBER },
	[SIZE_UNUSED_BYTES] = { "unused_bytes", NULL, COLUMN_NUMBER },
	{},
};

enum {
	WHOLE_PATH,
	WHOLE_BYTES,
	WHOLE_SIZE,
	WHOLE_FREE_BYTES,
	WHOLE_FREE,
	WHOLE_LOG_BYTES,
	WHOLE_LOG,
	WHOLE_COPIES,
	WHOLE_COPY_BYTES,
	WHOLE_COPY_SIZE,
	WHOLE_INCREMENTAL
};

static const struct column whole_columns[] = {
	[WHOLE_PATH] = { "path", "Database", COLUMN_TEXT },
	[WHOLE_BYTES] = { "bytes", NULL, COLUMN_NUMBER },
	[WHOLE_SIZE] = { "size", "Size", COLUMN_TEXT },
	[WHOLE_FREE_BYTES] = { "free_bytes", NULL, COLUMN_NUMBER },
	[WHOLE_FREE] = { "free", "Of it free", COLUMN_TEXT },
	[WHOLE_LOG_BYTES] = { "log_bytes", NULL, COLUMN_NUMBER },
	[WHOLE_LOG] = { "log", "Log beside it", COLUMN_TEXT },
	[WHOLE_COPIES] = { "copies", "Copies kept", COLUMN_NUMBER },
	[WHOLE_COPY_BYTES] = { "copy_bytes", NULL, COLUMN_NUMBER },
	[WHOLE_COPY_SIZE] = { "copy_size", "Size of these", COLUMN_TEXT },
	[WHOLE_INCREMENTAL] = { "incremental", "Can be vacuumed in use",
	    COLUMN_FLAG },
	{},
};

/* ---- size ------------------------------------------------------------- */

static void
set_size(struct listing *l, int column, int64_t bytes)
{
	char *text = progress_bytes(bytes);

	listing_set_text(l, column, text);
	free(text);
}

static bool
add_table(void *context, const struct store_table_size *size)
{
	struct listing *l = context;
	int64_t bytes = size->bytes + size->index_bytes;

	listing_add_row(l);
	listing_set_text(l, SIZE_TABLE, size->name);
	if (size->rows >= 0)
		listing_set_number(l, SIZE_ROWS, size->rows);
	set_size(l, SIZE_SIZE, bytes);
	listing_set_number(l, SIZE_BYTES, bytes);
	listing_set_number(l, SIZE_TABLE_BYTES, size->bytes);
	listing_set_number(l, SIZE_INDEX_BYTES, size->index_bytes);
	listing_set_number(l, SIZE_UNUSED_BYTES, size->unused_bytes);
	return !listing_full(l);
}

struct copies {
	int64_t count;
	int64_t bytes;
};

/* Those in a folder whose names begin so. */
static void
count_copies(const char *folder, const char *prefix, struct copies *c)
{
	DIR *dir = opendir(folder);
	struct stat st;

	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 ||
		    fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) !=
			0 ||
		    !S_ISREG(st.st_mode))
			continue;
		c->count++;
		c->bytes += st.st_size;
	}
	if (dir != NULL)
		closedir(dir);
}

/* Snapshots, what restores have replaced, copies from before migrations. */
static struct copies
find_copies(const struct call *call)
{
	static const char *const suffixes[] = { ".before-v", ".replaced-" };
	struct copies c = {};
	char *folder = snapshot_folder(call);
	char *for_folder = mem_dup_string(call->database);
	char *for_name = mem_dup_string(call->database);
	const char *beside = dirname(for_folder), *name = basename(for_name);

	count_copies(folder, "", &c);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *prefix = mem_format("%s%s", name, suffixes[i]);

		count_copies(beside, prefix, &c);
		free(prefix);
	}
	free(for_name);
	free(for_folder);
	free(folder);
	return c;
}

static enum kith_code
show_whole(struct call *call, const struct store_size *size)
{
	struct listing *l =
	    listing_begin_record(call, "database", whole_columns);
	struct copies c = find_copies(call);
	int64_t bytes = size->pages * size->page_bytes;
	int64_t unused = size->free_pages * size->page_bytes;

	listing_set_text(l, WHOLE_PATH, call->database);
	listing_set_number(l, WHOLE_BYTES, bytes);
	set_size(l, WHOLE_SIZE, bytes);
	listing_set_number(l, WHOLE_FREE_BYTES, unused);
	set_size(l, WHOLE_FREE, unused);
	listing_set_number(l, WHOLE_LOG_BYTES, size->log_bytes);
	set_size(l, WHOLE_LOG, size->log_bytes);
	listing_set_number(l, WHOLE_COPIES, c.count);
	listing_set_number(l, WHOLE_COPY_BYTES, c.bytes);
	set_size(l, WHOLE_COPY_SIZE, c.bytes);
	listing_set_flag(l, WHOLE_INCREMENTAL, size->incremental);
	return listing_end(&l, KITH_OK);
}

enum kith_code
db_size(struct call *call)
{
	struct store_size size = {};
	struct listing *l = NULL;
	enum kith_code code = database_open_read(call);

	if (code != KITH_OK)
		return code;
	code = store_size(call->store, &size);
	if (code == KITH_OK) {
		l = listing_begin(call, "tables", db_size_columns);
		code = store_size_each(call->store, add_table, l);
	}
	database_end_read(call);
	if (code != KITH_OK)
		database_fault(call, code, "The database cannot be read.");
	if (l != NULL)
		code = listing_end(&l, code);
	return code == KITH_OK ? show_whole(call, &size) : code;
}

/* ---- vacuum ----------------------------------------------------------- */

/*
 * Between two steps everybody else gets at least as long as a step took: the
 * hub only tries for the lock, and comes back for it by a timer.
 */
#define PAUSE_LEAST_NS 10000000L
#define PAUSE_MOST_NS  200000000L

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
leave_room(int64_t step_ns)
{
	struct timespec pause = { 0, PAUSE_LEAST_NS };

	if (step_ns > PAUSE_LEAST_NS)
		pause.tv_nsec =
		    step_ns < PAUSE_MOST_NS ? (long)step_ns : PAUSE_MOST_NS;
	nanosleep(&pause, NULL);
}

static enum kith_code
answer_vacuum(struct call *call, bool full, int64_t freed_bytes)
{
	char *text = progress_bytes(freed_bytes);

	output_talk(call, "%s given back.", text);
	free(text);
	json_object_set_new(call->answer, "vacuum",
	    json_pack("{s:b, s:I}", "full", full, "freed_bytes",
		(json_int_t)freed_bytes));
	return KITH_OK;
}

static enum kith_code
fail_step(struct call *call, enum kith_code code)
{
	if (code == KITH_UNSUPPORTED)
		return call_fail(call, KITH_REFUSED,
		    "This database was made by an older kith and can only be "
		    "vacuumed whole: stop the server, then \"kith-admin db "
		    "vacuum --full\".");
	return code;
}

static enum kith_code
vacuum_in_use(struct call *call)
{
	struct store_size size = {};
	int64_t freed = 0, step = 0, begun;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK &&
	    (code = store_size(call->store, &size)) != KITH_OK)
		database_fault(call, code, "The database cannot be read.");
	while (code == KITH_OK && freed < size.free_pages) {
		begun = now_ns();
		code = store_vacuum_step(call->store, &step, &call->fault);
		if (code != KITH_OK || step == 0)
			break;
		freed += step;
		progress_show(call, "Giving back", freed * size.page_bytes,
		    size.free_pages * size.page_bytes);
		leave_room(now_ns() - begun);
	}
	progress_end(call);
	if (code != KITH_OK)
		return fail_step(call, code);
	database_audit_outside(
	    call, NULL, json_pack("{s:I}", "pages", (json_int_t)freed));
	return answer_vacuum(call, false, freed * size.page_bytes);
}

static enum kith_code
amend(void *context, struct store *s)
{
	struct call *call = context;
	struct store *before = call->store;
	enum kith_code code;

	call->store = s;
	code = database_audit(call, NULL, json_pack("{s:b}", "full", 1));
	call->store = before;
	return code;
}

static enum kith_code
vacuum_whole(struct call *call)
{
	struct store_restore_end end = { .amend = amend, .context = call };
	struct store_restore *r = NULL;
	bool kept = false;
	char *path = NULL;
	int64_t freed = 0;
	enum kith_code code;

	store_set_wait_ms(call->wait_ms);
	code = store_restore_new(call->database, &r, &call->fault);
	if (code == KITH_OK) {
		progress_show(call, "Writing the database anew", 0, 0);
		code = store_restore_vacuum(r, &call->fault);
		progress_end(call);
	}
	if (code == KITH_OK) {
		path = snapshot_new_path(call, "db vacuum");
		code = path != NULL ? KITH_OK : call->fault.code;
	}
	if (code == KITH_OK) {
		freed = store_restore_present(r)->bytes -
		    store_restore_incoming(r)->bytes;
		end.kept = path;
		code = store_restore_commit(r, &end, &kept, &call->fault);
	}
	store_restore_free(&r);
	if (code == KITH_OK) {
		snapshot_done(call, path);
		code = answer_vacuum(call, true, freed > 0 ? freed : 0);
	}
	free(path);
	return code;
}

enum kith_code
db_vacuum(struct call *call)
{
	return call_flag(call, "full") ? vacuum_whole(call)
				       : vacuum_in_use(call);
}
