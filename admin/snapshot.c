/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bounded number of copies beside the database. What is not named as
 * snapshots are is nobody's business here and stays.
 */
#include "snapshot.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "store_backup.h"
#include "store_file.h"

#define US_PER_S      1000000
#define SECOND_MAX    100 /* snapshots of one reason in one second */
#define TIME_NAME_MAX 32
/*
 * 20261122T201614Z-user-purge-4711.db: with its process, so that two who begin
 * in one second do not meet; one process's others: ...-4711-02.db
 */
#define NAME_PATTERN "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T*Z-*.db"

char *
snapshot_time_name(void)
{
	char text[TIME_NAME_MAX];
	struct tm tm;
	time_t now = time(NULL);

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	return mem_dup_string(text);
}

char *
snapshot_folder(const struct call *call)
{
	return mem_format("%s" SNAPSHOTS_SUFFIX, call->database);
}

/* "user purge" as a part of a name: user-purge. */
static void
file_word(const char *why, char word[SNAPSHOT_WHY_MAX])
{
	size_t length = 0;

	for (; *why != '\0' && length + 1 < SNAPSHOT_WHY_MAX; why++)
		word[length++] = isalnum((unsigned char)*why) ? *why : '-';
	word[length] = '\0';
}

static enum kith_code
make_folder(struct call *call, const char *folder)
{
	struct stat st;

	if (mkdir(folder, 0700) == 0)
		return KITH_OK;
	if (errno == EEXIST && lstat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return KITH_OK;
	return fault_set_errno(&call->fault, KITH_IO, errno,
	    "Cannot make the folder %s for the snapshot", folder);
}

static int
is_snapshot(const struct dirent *entry)
{
	return fnmatch(NAME_PATTERN, entry->d_name, 0) == 0;
}

static int
is_unfinished(const struct dirent *entry)
{
	return fnmatch(NAME_PATTERN ".new", entry->d_name, 0) == 0;
}

static void
remove_from(const char *folder, const char *name)
{
	char *path = mem_format("%s/%s", folder, name);

	unlink(path);
	free(path);
}

/* By name is by age. One that cannot be removed is no reason to fail. */
static void
remove_oldest(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, is_snapshot, alphasort);

	for (int i = 0; i < count; i++) {
		if (i < count - SNAPSHOTS_MAX)
			remove_from(folder, names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

/* What killed runs have left; not what another run is just writing. */
static void
remove_unfinished(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, is_unfinished, alphasort);

	for (int i = 0; i < count; i++) {
		char *path = mem_format("%s/%s", folder, names[i]->d_name);
		int fd;

		if (store_file_open_working(path, &fd, NULL) == KITH_OK) {
			unlink(path);
			close(fd);
		}
		free(path);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

char *
snapshot_new_path(struct call *call, const char *why)
{
	char word[SNAPSHOT_WHY_MAX];
	char *folder = snapshot_folder(call);
	char *time_name = snapshot_time_name();
	char *path = NULL;

	file_word(why, word);
	if (make_folder(call, folder) == KITH_OK) {
		path = mem_format(
		    "%s/%s-%s-%d.db", folder, time_name, word, (int)getpid());
		for (int i = 2; i < SECOND_MAX && access(path, F_OK) == 0;
		     i++) {
			free(path);
			path = mem_format("%s/%s-%s-%d-%02d.db", folder,
			    time_name, word, (int)getpid(), i);
		}
	}
	free(time_name);
	free(folder);
	return path;
}

void
snapshot_done(struct call *call, const char *path)
{
	char *folder = snapshot_folder(call);

	remove_oldest(folder);
	free(folder);
	output_talk(call, "The database as it was is in %s.", path);
	json_object_set_new(call->answer, "snapshot", json_string(path));
}

static enum kith_code
copy_to(struct call *call, const char *path)
{
	const struct store_backup wanted = { .path = path };
	enum kith_code code =
	    store_backup(call->store, &wanted, NULL, &call->fault);
	char *sentence;

	if (code == KITH_OK)
		return code;
	sentence = mem_dup_string(call->fault.sentence);
	call_fail(call, code,
	    "No snapshot could be taken, so nothing was changed: %.150s. "
	    "--no-snapshot does without.",
	    sentence);
	free(sentence);
	return code;
}

enum kith_code
database_snapshot(struct call *call, const char *why)
{
	enum kith_code code;
	char *folder, *path;

	if (access(call->database, F_OK) != 0 && errno == ENOENT)
		return KITH_OK;
	code = database_open(call, false);
	if (code != KITH_OK)
		return code;
	path = snapshot_new_path(call, why);
	if (path == NULL)
		return call->fault.code;
	folder = snapshot_folder(call);
	remove_unfinished(folder);
	free(folder);
	code = copy_to(call, path);
	if (code == KITH_OK)
		snapshot_done(call, path);
	free(path);
	return code;
}
