/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "snapshot.h"
#include "token.h"

#define KEPT_A_SECOND_MAX 1000

enum kith_code
pem_load_file(FILE *file, const char *path, char **text_r, struct fault *f)
{
	/* zeros behind what is read: it ends as a string */
	char *text = mem_new(CERTIFICATE_PEM_MAX + 2, 1);
	size_t length = fread(text, 1, CERTIFICATE_PEM_MAX + 1, file);
	enum kith_code code = KITH_OK;

	if (ferror(file))
		code =
		    fault_set_errno(f, KITH_IO, errno, "Cannot read %s", path);
	else if (length > CERTIFICATE_PEM_MAX)
		code = fault_set(f, KITH_MALFORMED, "%s is over %u bytes.",
		    path, CERTIFICATE_PEM_MAX);
	else if (strlen(text) != length)
		code = fault_set(f, KITH_MALFORMED, "%s is not PEM.", path);
	if (code == KITH_OK)
		*text_r = mem_dup_string(text);
	explicit_bzero(text, CERTIFICATE_PEM_MAX + 2);
	free(text);
	return code;
}

enum kith_code
pem_load(const char *path, char **text_r, struct fault *f)
{
	FILE *file = fopen(path, "re");
	enum kith_code code;

	if (file == NULL)
		return fault_set_errno(f,
		    errno == ENOENT ? KITH_NOT_FOUND : KITH_IO, errno,
		    "Cannot read %s", path);
	code = pem_load_file(file, path, text_r, f);
	fclose(file);
	return code;
}

enum kith_code
pem_describe(FILE *file, const char *path, struct certificate_info *info_r,
    struct fault *f)
{
	char *text = NULL;
	enum kith_code code = pem_load_file(file, path, &text, f);

	if (code == KITH_OK)
		code = certificate_read(text, strlen(text), info_r, f);
	/* somebody may have named the private key */
	secret_free(&text);
	return code;
}

static enum kith_code
write_all(int fd, const struct pem_file *file, struct fault *f)
{
	const char *p = file->text;
	size_t left = strlen(p);

	while (left > 0) {
		ssize_t wrote = write(fd, p, left);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return fault_set_errno(
			    f, KITH_IO, errno, "Cannot write %s", file->path);
		p += wrote;
		left -= (size_t)wrote;
	}
	/* the mode last: until then it is its maker's alone */
	if (((file->group != (gid_t)-1 || file->owner_set) &&
		fchown(fd, file->owner_set ? file->owner : (uid_t)-1,
		    file->group) != 0) ||
	    fchmod(fd, file->mode) != 0 || fsync(fd) != 0)
		return fault_set_errno(
		    f, KITH_IO, errno, "Cannot finish %s", file->path);
	return KITH_OK;
}

static void
sync_folder(const char *path)
{
	char *copy = mem_dup_string(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

enum kith_code
pem_create(const struct pem_file *file, struct fault *f)
{
	char *draft = mem_format("%s.new-XXXXXX", file->path);
	int fd = mkostemp(draft, O_CLOEXEC); /* 0600 */
	enum kith_code code;

	if (fd < 0) {
		code = fault_set_errno(f, KITH_IO, errno,
		    "Cannot make a file beside %s", file->path);
		free(draft);
		return code;
	}
	code = write_all(fd, file, f);
	close(fd);
	/* link(), unlike rename(), never replaces */
	if (code == KITH_OK && link(draft, file->path) != 0)
		code = errno == EEXIST
		    ? fault_set(f, KITH_ALREADY,
			  "%s is there already; it was not touched.",
			  file->path)
		    : fault_set_errno(
			  f, KITH_IO, errno, "Cannot make %s", file->path);
	unlink(draft);
	if (code == KITH_OK)
		sync_folder(file->path);
	free(draft);
	return code;
}

/* ---- in the place of another ------------------------------------------------ */

/* Has the present file the same text? Then there is nothing to do. */
static bool
is_same(const struct pem_file *file)
{
	char *present = NULL;
	bool same = pem_load(file->path, &present, NULL) == KITH_OK &&
	    strcmp(present, file->text) == 0;

	secret_free(&present);
	return same;
}

/* Who could read the old one goes on reading: kithd must, and nobody else. */
static void
inherit(struct pem_file *file, const struct stat *before)
{
	file->owner = before->st_uid;
	file->owner_set = geteuid() == 0;
	file->group = geteuid() == 0 ? before->st_gid : (gid_t)-1;
	file->mode = before->st_mode & file->mode_most;
}

/* A second name for the present file, for later; never that of another. */
static enum kith_code
keep(const char *path, char **kept_r, struct fault *f)
{
	char *when = snapshot_time_name();
	char *kept = mem_format("%s.old-%s", path, when);
	int done = link(path, kept);

	for (int i = 2; done != 0 && errno == EEXIST && i <= KEPT_A_SECOND_MAX;
	     i++) {
		free(kept);
		kept = mem_format("%s.old-%s-%d", path, when, i);
		done = link(path, kept);
	}
	free(when);
	if (done != 0) {
		fault_set_errno(f, KITH_IO, errno, "Cannot keep %s", path);
		free(kept);
		return KITH_IO;
	}
	*kept_r = kept;
	return KITH_OK;
}

static enum kith_code
put_draft(
    const struct pem_file *file, char **kept_r, bool present, struct fault *f)
{
	char *draft = mem_format("%s.new-XXXXXX", file->path);
	int fd = mkostemp(draft, O_CLOEXEC); /* 0600 */
	enum kith_code code = fd < 0
	    ? fault_set_errno(
		  f, KITH_IO, errno, "Cannot make a file beside %s", file->path)
	    : write_all(fd, file, f);

	if (code == KITH_OK && present)
		code = keep(file->path, kept_r, f);
	if (code == KITH_OK && rename(draft, file->path) != 0)
		code = fault_set_errno(
		    f, KITH_IO, errno, "Cannot replace %s", file->path);
	if (fd >= 0) {
		close(fd);
		if (code != KITH_OK)
			unlink(draft);
	}
	if (code == KITH_OK)
		sync_folder(file->path);
	free(draft);
	return code;
}

enum kith_code
pem_replace(struct pem_file *file, char **kept_r, struct fault *f)
{
	struct stat before;
	bool present = stat(file->path, &before) == 0;
	char *kept = NULL;
	enum kith_code code;

	if (present && is_same(file))
		return KITH_OK;
	file->mode_most = file->mode | S_IRGRP;
	if (present)
		inherit(file, &before);
	code = put_draft(file, &kept, present, f);
	if (code == KITH_OK)
		*kept_r = kept;
	else
		free(kept);
	return code;
}

bool
pem_put_back(const char *path, const char *kept)
{
	if ((kept != NULL ? rename(kept, path) : unlink(path)) != 0)
		return false;
	sync_folder(path);
	return true;
}
