/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The FILE that db restore and db verify are given. What is asked of its folder
 * is asked here, before root's rights are given up: the database's owner may not
 * see what is in a folder of root's.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db.h"
#include "mem.h"

/* A log beside it has its latest changes, and would be left behind. */
static bool
has_log(const char *path)
{
	char *log = mem_format("%s-wal", path);
	struct stat st;
	bool has = stat(log, &st) == 0 && st.st_size > 0;

	free(log);
	return has;
}

bool
db_file_is_database(const struct call *call)
{
	struct stat file, present;

	return call_argument(call, 0) != NULL &&
	    fstat(fileno(call_argument_file(call, 0)), &file) == 0 &&
	    stat(call->database, &present) == 0 &&
	    file.st_dev == present.st_dev && file.st_ino == present.st_ino;
}

enum kith_code
db_file_prepare(struct call *call)
{
	const char *path = call_argument(call, 0);

	if (path == NULL || strcmp(path, "-") == 0 ||
	    db_file_is_database(call) || !has_log(path))
		return KITH_OK;
	return call_fail(call, KITH_REFUSED,
	    "%s has its latest changes in a log beside it: it is in use, or "
	    "was not closed. \"kith-admin db backup --database\" makes one "
	    "file of both.",
	    path);
}
