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

enum kith_code
pem_describe(FILE *file, const char *path, struct certificate_info *info_r,
    struct fault *f)
{
	char *text = mem_new(CERTIFICATE_PEM_MAX + 1, 1);
	size_t length = fread(text, 1, CERTIFICATE_PEM_MAX + 1, file);
	enum kith_code code;

	if (ferror(file))
		code =
		    fault_set_errno(f, KITH_IO, errno, "Cannot read %s", path);
	else
		code = certificate_read(text, length, info_r, f);
	/* somebody may have named the private key */
	explicit_bzero(text, CERTIFICATE_PEM_MAX + 1);
	free(text);
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
	if ((file->group != (gid_t)-1 && fchown(fd, (uid_t)-1, file->group)) ||
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
