/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The doctor's look at files: configuration, database, modes, room. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "server_check.h"

#define MIB             (INT64_C(1024) * 1024)
#define DISK_NONE_BYTES (16 * MIB)
#define INODES_LOW      1000
#define INODES_NONE     10

/* ---- kithd.conf ------------------------------------------------------------- */

static bool
same_file(const char *one, const char *other)
{
	struct stat a, b;

	if (strcmp(one, other) == 0)
		return true;
	return stat(one, &a) == 0 && stat(other, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void
check_configuration(struct check *c)
{
	const char *path = c->facts.configuration;
	struct fault fault = { .code = KITH_OK };
	struct stat st;

	if (settings_load_brief(path, &c->settings, &fault) != KITH_OK)
		check_add(c, "configuration", CHECK_PROBLEM,
		    "Correct the file; kithd.conf(5) says what is allowed. "
		    "Another one is named with --config.",
		    "%s.", fault.sentence);
	else if (stat(path, &st) == 0 &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		check_add(c, "configuration", CHECK_PROBLEM,
		    "chmod go-w it: who can write it can read every key and "
		    "message.",
		    "%s can be written by others (mode %04o).", path,
		    (unsigned)st.st_mode & 07777);
	else if (!same_file(c->settings->database, c->call->database))
		check_add(c, "configuration", CHECK_WARNING,
		    "Name the database that you mean with --database.",
		    "%s names another database, %s.", path,
		    c->settings->database);
	else
		check_add(c, "configuration", CHECK_OK, NULL,
		    "%s has no mistakes.", path);
}

/* ---- the database ------------------------------------------------------------ */

struct findings {
	int count;
	char first[FAULT_SENTENCE_MAX];
};

static void
keep_finding(void *context, const char *sentence)
{
	struct findings *findings = context;

	if (findings->count++ == 0)
		snprintf(
		    findings->first, sizeof(findings->first), "%s", sentence);
}

#define RESTORE_REMEDY                                                      \
	"Stop kithd, keep a copy of the files, and put a backup back with " \
	"\"kith-admin db restore\"."

static void
add_unreadable(struct check *c)
{
	const struct fault *fault = &c->facts.database_fault;
	struct stat st;
	const char *remedy = NULL;

	if (fault->code == KITH_INTEGRITY || fault->code == KITH_FOREIGN) {
		c->damaged = fault->code == KITH_INTEGRITY;
		remedy = RESTORE_REMEDY;
	} else if (stat(c->call->database, &st) != 0 && errno == ENOENT) {
		remedy = "Start kithd, or make the first account with "
			 "\"kith-admin user add\".";
	} else if (fault->code == KITH_NEWER) {
		remedy = "Install the kith that it was made by, or a newer "
			 "one.";
	} else if (fault->code == KITH_REFUSED) {
		remedy = "Run this as root or as the user of kithd; an older "
			 "database is brought up to date by kithd's start or "
			 "by \"kith-admin db migrate\".";
	}
	check_add(c, "database", CHECK_PROBLEM, remedy, "%s", fault->sentence);
}

void
check_database(struct check *c)
{
	struct call *call = c->call;
	bool full = call_flag(call, "full");
	struct findings findings = { 0 };
	enum kith_code code;

	if (!c->facts.has_database) {
		add_unreadable(c);
		return;
	}
	code = full ? store_verify(call->store, keep_finding, &findings)
		    : store_verify_quick(call->store, keep_finding, &findings);
	c->damaged = findings.count > 0;
	if (c->damaged)
		check_add(c, "database", CHECK_PROBLEM, RESTORE_REMEDY,
		    "%d findings, the first: %s.", findings.count,
		    findings.first);
	else if (code != KITH_OK)
		check_add(c, "database", CHECK_PROBLEM, NULL,
		    "It cannot be checked: %s",
		    store_fault(call->store)->sentence);
	else
		check_add(c, "database", CHECK_OK, NULL,
		    full ? "%s is whole, with all its rows."
			 : "%s hangs together; --full looks at each row.",
		    call->database);
}

/* ---- modes and owners ---------------------------------------------------------- */

/* What is odd about one file; NULL: nothing, or it is not there. */
static char *
find_odd(const char *path, uid_t owner)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return NULL;
	if (st.st_uid != owner)
		return mem_format("%s belongs to user %u, not to user %u as "
				  "the database does",
		    path, (unsigned)st.st_uid, (unsigned)owner);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return mem_format("%s is open to others (mode %04o)", path,
		    (unsigned)st.st_mode & 07777);
	return NULL;
}

/* Of the first file of the database that is not as it should be. */
static char *
find_odd_file(const char *database, uid_t owner)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock",
		".running" };
	char *odd = NULL;

	for (size_t i = 0;
	     odd == NULL && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *path = mem_format("%s%s", database, suffixes[i]);

		odd = find_odd(path, owner);
		free(path);
	}
	return odd;
}

static void
check_folder_mode(struct check *c, const struct stat *file)
{
	char *copy = mem_dup_string(c->call->database);
	const char *folder = dirname(copy);
	struct stat st;

	if (stat(folder, &st) != 0)
		check_add(c, "folder-mode", CHECK_PROBLEM, NULL,
		    "%s cannot be looked at: %s.", folder, strerror(errno));
	else if (st.st_uid != file->st_uid)
		check_add(c, "folder-mode", CHECK_PROBLEM,
		    "chown the folder to the database's owner, or kithd cannot "
		    "make files in it.",
		    "%s does not belong to the database's owner.", folder);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		check_add(c, "folder-mode", CHECK_PROBLEM,
		    "chmod go-w the folder.",
		    "%s can be written by others (mode %04o).", folder,
		    (unsigned)st.st_mode & 07777);
	else
		check_add(c, "folder-mode", CHECK_OK, NULL,
		    "%s belongs to the database's owner alone.", folder);
	free(copy);
}

void
check_modes(struct check *c)
{
	struct stat st;
	char *odd;

	if (stat(c->call->database, &st) != 0)
		return;
	odd = find_odd_file(c->call->database, st.st_uid);
	if (odd != NULL)
		check_add(c, "database-mode", CHECK_PROBLEM,
		    "chown it to the user of kithd, and chmod it to 0600.",
		    "%s.", odd);
	else
		check_add(c, "database-mode", CHECK_OK, NULL,
		    "The database's files are open to their owner alone.");
	free(odd);
	check_folder_mode(c, &st);
}

/* ---- room ------------------------------------------------------------------------ */

static void
check_inodes(struct check *c)
{
	struct statvfs disk;
	enum check_level level = CHECK_OK;

	/* a file system without a table of them says 0 of 0 */
	if (statvfs(c->call->database, &disk) != 0 || disk.f_files == 0)
		return;
	if (disk.f_favail < INODES_LOW)
		level =
		    disk.f_favail < INODES_NONE ? CHECK_PROBLEM : CHECK_WARNING;
	check_add(c, "inodes", level,
	    level == CHECK_OK ? NULL
			      : "Remove files that are not needed; \"df -i\" "
				"and \"du --inodes\" show where they are.",
	    "%llu more files can be made where the database is.",
	    (unsigned long long)disk.f_favail);
}

void
check_disk(struct check *c)
{
	int64_t bytes = c->facts.disk_free_bytes, all = c->facts.disk_bytes;
	enum check_level level = CHECK_OK;

	if (bytes < 0 || all <= 0)
		return;
	if (server_disk_is_low(&c->facts))
		level = bytes < DISK_NONE_BYTES ? CHECK_PROBLEM : CHECK_WARNING;
	check_add(c, "disk", level,
	    level == CHECK_OK ? NULL
			      : "Make room: messages are refused when the disk "
				"is full. \"kith-admin db size\" shows what "
				"the database takes.",
	    "%lld MiB of %lld MiB are free where the database is.",
	    (long long)(bytes / MIB), (long long)(all / MIB));
	check_inodes(c);
}
