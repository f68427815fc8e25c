/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files that a command line names: opened while still root.
 */
#include "call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum kith_code
open_file(struct call *call, const char *path, FILE **file_r)
{
	if (strcmp(path, "-") == 0) {
		*file_r = stdin;
		return KITH_OK;
	}
	*file_r = fopen(path, "re");
	if (*file_r == NULL)
		return fault_set_errno(
		    &call->fault, KITH_IO, errno, "Cannot read %s", path);
	return KITH_OK;
}

/*
 * An empty one of our own may be there: what an earlier run left that failed.
 * One of somebody else's would show him what is written into it.
 */
static enum kith_code
make_file(struct call *call, const char *path, FILE **file)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return fault_set_errno(
		    &call->fault, KITH_IO, errno, "Cannot make %s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != 0 ||
	    st.st_nlink != 1 || st.st_uid != geteuid() ||
	    fchmod(fd, 0600) != 0) {
		close(fd);
		return call_fail(call, KITH_ALREADY,
		    "%s is there already; it has to be a new file.", path);
	}
	*file = fdopen(fd, "w");
	if (*file == NULL)
		abort();
	return KITH_OK;
}

static bool
is_read(enum word_kind kind)
{
	return kind == WORD_FILE_READ || kind == WORD_SNAPSHOT;
}

enum kith_code
call_open_files(struct call *call)
{
	enum kith_code code = KITH_OK;

	for (int i = 0; i < call->option_count && code == KITH_OK; i++) {
		struct call_option *o = &call->options[i];

		if (is_read(o->option->kind) && o->value != NULL)
			code = open_file(call, o->value, &o->file);
		if (o->option->kind == WORD_FILE_WRITE && o->value != NULL)
			code = make_file(call, o->value, &o->file);
	}
	for (int i = 0; i < COMMAND_ARGUMENTS_MAX && code == KITH_OK; i++) {
		if (is_read(call->command->kinds[i]) &&
		    i < call->argument_count)
			code = open_file(
			    call, call->arguments[i], &call->argument_files[i]);
	}
	return code;
}

FILE *
call_argument_file(const struct call *call, int index)
{
	return index < COMMAND_ARGUMENTS_MAX ? call->argument_files[index]
					     : NULL;
}

FILE *
call_option_file(const struct call *call, const char *name)
{
	for (int i = 0; i < call->option_count; i++) {
		if (strcmp(call->options[i].option->name, name) == 0)
			return call->options[i].file;
	}
	abort(); /* as call_option() */
}

static void
close_file(FILE **file)
{
	if (*file != NULL && *file != stdin)
		fclose(*file);
	*file = NULL;
}

/* A file that was made and not written to; if we still may. */
static void
forget_unused(const struct call_option *o)
{
	struct stat st;

	if (o->file != NULL && o->option->kind == WORD_FILE_WRITE &&
	    fflush(o->file) == 0 && fstat(fileno(o->file), &st) == 0 &&
	    st.st_size == 0)
		unlink(o->value);
}

void
call_close_files(struct call *call)
{
	for (int i = 0; i < call->option_count; i++) {
		forget_unused(&call->options[i]);
		close_file(&call->options[i].file);
	}
	for (int i = 0; i < COMMAND_ARGUMENTS_MAX; i++)
		close_file(&call->argument_files[i]);
}
