/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Both ends of the socket between kith-admin, which is the database's owner by
 * now, and the process that stayed root for it. On it: the number of bytes, the
 * bytes, and back one errno, 0 for done. The other end is trusted with nothing
 * but what the file shall hold.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "store_file.h"

#define PIECE_BYTES    (256 * 1024)
#define WORKING_SUFFIX ".new"

struct keeper {
	char *path;
	pid_t pid; /* 0: there is none */
	int socket;
};

/* ---- who stays root --------------------------------------------------- */

static bool
read_all(int fd, void *bytes, size_t length)
{
	char *to = bytes;

	while (length > 0) {
		ssize_t n = read(fd, to, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		length -= (size_t)n;
	}
	return true;
}

/* An errno; 0: all bytes are in the file. */
static int
take_bytes(int socket, int fd, int64_t length)
{
	char *piece = mem_new(1, PIECE_BYTES);
	int error = 0;

	while (length > 0 && error == 0) {
		ssize_t n = read(socket, piece, PIECE_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || n > length) {
			error = EPIPE;
			break;
		}
		length -= n;
		for (ssize_t at = 0; at < n && error == 0;) {
			ssize_t done = write(fd, piece + at, (size_t)(n - at));

			if (done < 0)
				error = errno;
			else
				at += done;
		}
	}
	free(piece);
	return error;
}

static int
errno_of(enum kith_code code)
{
	switch (code) {
	case KITH_OK:
		return 0;
	case KITH_ALREADY:
		return EEXIST;
	case KITH_STORAGE_FULL:
		return ENOSPC;
	case KITH_REFUSED:
		return EACCES;
	case KITH_NOT_FOUND:
		return ENOENT;
	case KITH_BUSY:
		return EBUSY;
	default:
		return EIO;
	}
}

static int
make_file(const char *path, int socket, int64_t length)
{
	char *working = mem_format("%s" WORKING_SUFFIX, path);
	int fd = -1;
	int error = errno_of(store_file_open_working(working, &fd, NULL));

	if (error == 0) {
		error = take_bytes(socket, fd, length);
		if (error == 0 && fsync(fd) != 0)
			error = errno;
		if (error == 0)
			error = errno_of(store_file_name(working, path, NULL));
		if (error != 0)
			unlink(working);
		close(fd);
	}
	free(working);
	return error;
}

/* Whoever has not told a length by the end of its life wants nothing. */
static void
keep(const char *path, int socket)
{
	int64_t length;
	int error;

	if (!read_all(socket, &length, sizeof(length)))
		return;
	error = length > 0 ? make_file(path, socket, length) : EINVAL;
	if (write(socket, &error, sizeof(error)) < 0)
		return;
}

/* ---- who does not ----------------------------------------------------- */

struct keeper *
keeper_new(const char *path)
{
	struct keeper *k = MEM_NEW(struct keeper);
	int pair[2];

	k->path = mem_dup_string(path);
	k->socket = -1;
	if (geteuid() != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return k;
	k->pid = fork();
	if (k->pid == 0) {
		close(pair[0]);
		/* the end of the other is told by its socket: then tidy up */
		signal(SIGINT, SIG_IGN);
		keep(path, pair[1]);
		_exit(EXIT_SUCCESS);
	}
	close(pair[1]);
	if (k->pid < 0) {
		k->pid = 0;
		close(pair[0]);
		return k;
	}
	k->socket = pair[0];
	return k;
}

void
keeper_free(struct keeper **keeper)
{
	struct keeper *k = *keeper;

	if (k == NULL)
		return;
	if (k->socket >= 0)
		close(k->socket);
	if (k->pid > 0)
		waitpid(k->pid, NULL, 0);
	free(k->path);
	free(k);
	*keeper = NULL;
}

const char *
keeper_path(const struct keeper *keeper)
{
	return keeper->path;
}

bool
keeper_can(const struct keeper *keeper)
{
	return keeper->pid > 0;
}

static bool
send_file(int socket, int fd, int64_t length)
{
	if (write(socket, &length, sizeof(length)) != sizeof(length))
		return false;
	while (length > 0) {
		ssize_t n = sendfile(socket, fd, NULL, PIECE_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		length -= n;
	}
	return true;
}

enum kith_code
keeper_put(struct keeper *k, const char *from, struct fault *f)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	int error = EIO;

	if (fd < 0 || fstat(fd, &st) != 0) {
		error = errno;
		if (fd >= 0)
			close(fd);
		return fault_set_errno(
		    f, KITH_IO, error, "%s cannot be read", from);
	}
	/* it answers also when it stopped taking in the middle */
	(void)send_file(k->socket, fd, st.st_size);
	close(fd);
	shutdown(k->socket, SHUT_WR);
	if (!read_all(k->socket, &error, sizeof(error)))
		error = EIO;
	if (error == 0)
		return KITH_OK;
	if (error == EEXIST)
		return fault_set(f, KITH_ALREADY, "%s exists already", k->path);
	return fault_set_errno(f, store_file_code(error), error,
	    "the copy %s cannot be made", k->path);
}
