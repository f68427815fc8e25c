/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mem.h"

#define MIB              (1024 * 1024)
#define COPY_PIECE_BYTES (256 * 1024)

#define HEADER_MAGIC  "SQLite format 3" /* with its NUL */
#define HEADER_LENGTH 100
#define VERSIONS_AT   18 /* two bytes, each 1 or 2 */

enum kith_code
store_file_code(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
	case ENOTDIR:
		return KITH_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
	case ELOOP:
		return KITH_REFUSED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return KITH_STORAGE_FULL;
	case EEXIST:
		return KITH_ALREADY;
	default:
		return KITH_IO;
	}
}

static enum kith_code
fail(struct fault *f, const char *doing, const char *path)
{
	int error = errno;

	return fault_set_errno(
	    f, store_file_code(error), error, "%s %s", doing, path);
}

enum kith_code
store_file_canonical(const char *path, char **path_r, struct fault *f)
{
	char *for_folder = mem_dup_string(path);
	char *for_name = mem_dup_string(path);
	char folder[PATH_MAX];
	enum kith_code code = KITH_OK;

	if (realpath(dirname(for_folder), folder) == NULL)
		code = fail(f, "cannot reach the folder of", path);
	else
		*path_r = mem_format("%s/%s",
		    strcmp(folder, "/") == 0 ? "" : folder, basename(for_name));
	free(for_folder);
	free(for_name);
	return code;
}

enum kith_code
store_file_sync_folder(const char *path, struct fault *f)
{
	char *copy = mem_dup_string(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum kith_code code = KITH_OK;

	if (fd < 0 || fsync(fd) != 0)
		code = fail(f, "cannot make durable the folder of", path);
	if (fd >= 0)
		close(fd);
	free(copy);
	return code;
}

enum kith_code
store_file_room(const char *path, int64_t *bytes_r, struct fault *f)
{
	char *copy = mem_dup_string(path);
	struct statvfs disk;
	enum kith_code code = KITH_OK;

	if (statvfs(dirname(copy), &disk) != 0)
		code = fail(f, "cannot reach the folder of", path);
	else
		*bytes_r = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
	free(copy);
	return code;
}

enum kith_code
store_file_need_room(const char *path, int64_t bytes, struct fault *f)
{
	int64_t room;
	enum kith_code code = store_file_room(path, &room, f);

	if (code == KITH_OK && room < bytes)
		return fault_set(f, KITH_STORAGE_FULL,
		    "%s needs %lld MiB, and its disk has only %lld MiB free",
		    path, (long long)(bytes + MIB - 1) / MIB,
		    (long long)room / MIB);
	return code;
}

enum kith_code
store_file_open_working(const char *path, int *fd_r, struct fault *f)
{
	int fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	struct stat st, named;

	if (fd < 0)
		return fail(f, "cannot make", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return fault_set(
		    f, KITH_BUSY, "another process is just writing %s", path);
	}
	/* the one that wrote it may have given it another name just now; and
	 * whoever laid it there for us could read along */
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_uid != geteuid() || lstat(path, &named) != 0 ||
	    named.st_ino != st.st_ino || ftruncate(fd, 0) != 0 ||
	    fchmod(fd, 0600) != 0) {
		close(fd);
		return fault_set(
		    f, KITH_REFUSED, "%s is there and in the way", path);
	}
	*fd_r = fd;
	return KITH_OK;
}

/* How many bytes; 0 at the end of the file, -1 with errno. */
static ssize_t
copy_piece(int from_fd, int to_fd, int64_t at, size_t length)
{
	static char piece[COPY_PIECE_BYTES];
	off_t in = at, out = at;
	ssize_t n = copy_file_range(from_fd, &in, to_fd, &out, length, 0);

	/* within one kind of file system the kernel does it, else we do */
	if (n >= 0 ||
	    (errno != EXDEV && errno != EINVAL && errno != ENOSYS &&
		errno != EOPNOTSUPP))
		return n;
	n = pread(from_fd, piece,
	    length < sizeof(piece) ? length : sizeof(piece), at);
	return n <= 0 ? n : pwrite(to_fd, piece, (size_t)n, at);
}

enum kith_code
store_file_copy(
    int from_fd, int to_fd, int64_t from, int64_t to, struct fault *f)
{
	while (from < to) {
		ssize_t n =
		    copy_piece(from_fd, to_fd, from, (size_t)(to - from));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_set_errno(f, store_file_code(errno), errno,
			    "the file cannot be copied");
		if (n == 0)
			return fault_set(f, KITH_IO,
			    "the file became shorter while it was copied");
		from += n;
	}
	return KITH_OK;
}

enum kith_code
store_file_name(const char *working, const char *path, struct fault *f)
{
	int rc = renameat2(AT_FDCWD, working, AT_FDCWD, path, RENAME_NOREPLACE);

	/* a file system that cannot do it in one step */
	if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) {
		rc = link(working, path);
		if (rc == 0)
			unlink(working);
	}
	if (rc != 0 && errno == EEXIST)
		return fault_set(f, KITH_ALREADY, "%s exists already", path);
	if (rc != 0)
		return fail(f, "cannot give its name to", path);
	return store_file_sync_folder(path, f);
}

enum kith_code
store_file_set_log(int fd, bool has_log)
{
	char header[HEADER_LENGTH];
	ssize_t length = pread(fd, header, sizeof(header), 0);

	if (length < 0)
		return KITH_IO;
	if (length != HEADER_LENGTH ||
	    memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0)
		return KITH_MALFORMED;
	if (pwrite(fd, has_log ? "\2\2" : "\1\1", 2, VERSIONS_AT) != 2)
		return store_file_code(errno);
	return KITH_OK;
}
