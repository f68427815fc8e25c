/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

/* The group of an account that has a name, else the file's. */
static gid_t
group_of(const struct stat *st)
{
	const struct passwd *pw = getpwuid(st->st_uid);

	return pw != NULL ? pw->pw_gid : st->st_gid;
}

static enum kith_code
become(uid_t uid, gid_t gid, struct fault *f)
{
	if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
		return fault_set_errno(f, KITH_IO, errno,
		    "Cannot become the owner of the database (user %u)",
		    (unsigned)uid);
	if (setuid(0) == 0)
		return fault_set(
		    f, KITH_REFUSED, "Giving up root's rights had no effect.");
	return KITH_OK;
}

/* The folder in which the file is, or would be, with all links followed. */
static enum kith_code
stat_folder(const char *database, struct stat *folder, struct fault *f)
{
	char *real = realpath(database, NULL);
	char *copy = real != NULL ? real : mem_dup_string(database);
	const char *name = dirname(copy);
	enum kith_code code = KITH_OK;

	if (stat(name, folder) != 0)
		code = fault_set_errno(
		    f, KITH_IO, errno, "Cannot reach the folder %s", name);
	free(copy);
	return code;
}

enum kith_code
owner_become(const char *database, struct fault *f)
{
	struct stat file, folder;
	enum kith_code code;

	if (geteuid() != 0)
		return KITH_OK;
	code = stat_folder(database, &folder, f);
	if (code != KITH_OK)
		return code;
	if (stat(database, &file) != 0) {
		if (errno != ENOENT)
			return fault_set_errno(
			    f, KITH_IO, errno, "Cannot reach %s", database);
		file = folder;
	}
	if (file.st_uid != 0)
		return become(file.st_uid, group_of(&file), f);
	if (folder.st_uid != 0)
		return fault_set(f, KITH_REFUSED,
		    "%s belongs to root, but its folder does not. Give the "
		    "file to the folder's owner with chown.",
		    database);
	return KITH_OK;
}
