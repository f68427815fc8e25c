/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Binds what kithd listens on. Only the parent calls it, before its sandbox.
 */
#include "listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mem.h"

#define LISTENING_CONTROL_BACKLOG 16
#define LISTENING_RUN_MODE        0750
#define LISTENING_CONTROL_NAME    "control"

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t
fill(const struct address *address, union socket_address *to)
{
	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, address->host, &to->v4.sin_addr) == 1) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons(address->port);
		return sizeof(to->v4);
	}
	if (inet_pton(AF_INET6, address->host, &to->v6.sin6_addr) == 1) {
		to->v6.sin6_family = AF_INET6;
		to->v6.sin6_port = htons(address->port);
		return sizeof(to->v6);
	}
	return 0;
}

static enum kith_code
open_one(const struct address *address, const char *text, int *fd_r,
    struct fault *fault)
{
	const int one = 1;
	union socket_address to;
	socklen_t length = fill(address, &to);
	int fd = -1;

	if (length == 0)
		return fault_set(
		    fault, KITH_MALFORMED, "%s is not a numeric address", text);
	fd = socket(
	    to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    (to.any.sa_family != AF_INET6 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) ==
		    0) &&
	    bind(fd, &to.any, length) == 0 &&
	    listen(fd, LISTENING_BACKLOG) == 0) {
		*fd_r = fd;
		return KITH_OK;
	}
	fault_set_errno(fault, KITH_IO, errno, "Cannot listen on %s", text);
	if (fd >= 0)
		close(fd);
	return KITH_IO;
}

enum kith_code
listening_open(const struct settings *settings, struct listening *listening_r,
    struct fault *fault)
{
	struct address addresses[SETTINGS_LISTEN_MAX];
	struct listening l = { .count = 0 };
	size_t count = 0, i;
	enum kith_code code =
	    settings_addresses(settings, addresses, &count, fault);

	for (i = 0; code == KITH_OK && i < count; i++) {
		address_format(&addresses[i], l.text[i]);
		code = open_one(&addresses[i], l.text[i], &l.fd[i], fault);
		if (code == KITH_OK)
			l.count++;
	}
	if (code != KITH_OK) {
		listening_close(&l);
		return code;
	}
	*listening_r = l;
	return KITH_OK;
}

void
listening_close(struct listening *listening)
{
	while (listening->count > 0)
		close(listening->fd[--listening->count]);
}

/* ---- control socket -------------------------------------------------- */

/* Does a daemon answer there? Then this one must not take its place. */
static enum kith_code
remove_stale(const struct sockaddr_un *to, struct fault *fault)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int result = -1;

	if (fd >= 0) {
		result = connect(fd, (const struct sockaddr *)to, sizeof(*to));
		close(fd);
	}
	if (result == 0)
		return fault_set(fault, KITH_REFUSED,
		    "Another kithd answers on %s", to->sun_path);
	if (unlink(to->sun_path) != 0 && errno != ENOENT)
		return fault_set_errno(
		    fault, KITH_IO, errno, "Cannot remove %s", to->sun_path);
	return KITH_OK;
}

enum kith_code
listening_control(
    const char *run_directory, int *fd_r, char **path_r, struct fault *fault)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	enum kith_code code;
	int length, fd;

	length = snprintf(to.sun_path, sizeof(to.sun_path),
	    "%s/" LISTENING_CONTROL_NAME, run_directory);
	if (length < 0 || (size_t)length >= sizeof(to.sun_path))
		return fault_set(fault, KITH_TOO_LARGE,
		    "run-directory is too long for the name of a socket");
	if (mkdir(run_directory, LISTENING_RUN_MODE) != 0 && errno != EEXIST)
		return fault_set_errno(fault, KITH_IO, errno,
		    "Cannot make the folder %s", run_directory);
	code = remove_stale(&to, fault);
	if (code != KITH_OK)
		return code;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && fchmod(fd, 0600) == 0 &&
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    chmod(to.sun_path, 0600) == 0 &&
	    listen(fd, LISTENING_CONTROL_BACKLOG) == 0) {
		*fd_r = fd;
		*path_r = mem_dup_string(to.sun_path);
		return KITH_OK;
	}
	fault_set_errno(fault, KITH_IO, errno,
	    "Cannot make the control socket %s", to.sun_path);
	if (fd >= 0)
		close(fd);
	return KITH_IO;
}
