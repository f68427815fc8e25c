/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum kith_code
wait_for(int fd, short events, int64_t until_ms, struct fault *f)
{
	struct pollfd ready = { .fd = fd, .events = events };
	int64_t left_ms = until_ms - now_ms();

	if (left_ms > 0 && poll(&ready, 1, (int)left_ms) == 1)
		return KITH_OK;
	return fault_set(f, KITH_TIMEOUT, "There is no answer in time");
}

static enum kith_code
refused(int reason, struct fault *f)
{
	bool no_way = reason == EAFNOSUPPORT || reason == EADDRNOTAVAIL ||
	    reason == ENETUNREACH || reason == EHOSTUNREACH;

	return fault_set_errno(f, no_way ? KITH_UNSUPPORTED : KITH_IO, reason,
	    "It cannot be connected to");
}

static enum kith_code
finish_connecting(int fd, struct fault *f)
{
	int reason = 0;
	socklen_t length = sizeof(reason);
	enum kith_code code = wait_for(fd, POLLOUT, now_ms() + PROBE_MS, f);

	if (code != KITH_OK)
		return code;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &length) != 0)
		reason = errno;
	return reason == 0 ? KITH_OK : refused(reason, f);
}

static enum kith_code
open_connection(const struct address *address, int *fd_r, struct fault *f)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char port[8];
	enum kith_code code = KITH_OK;
	int fd;

	snprintf(port, sizeof(port), "%u", (unsigned)address->port);
	if (getaddrinfo(address->host, port, &hints, &found) != 0)
		return fault_set(
		    f, KITH_IO, "\"%.60s\" is no address", address->host);
	fd = socket(
	    found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		code = refused(errno, f);
	else if (connect(fd, found->ai_addr, found->ai_addrlen) != 0)
		code = errno == EINPROGRESS ? finish_connecting(fd, f)
					    : refused(errno, f);
	freeaddrinfo(found);
	if (code == KITH_OK)
		*fd_r = fd;
	else if (fd >= 0)
		close(fd);
	return code;
}

enum kith_code
probe_tcp(const struct address *address, struct fault *f)
{
	int fd = -1;
	enum kith_code code = open_connection(address, &fd, f);

	if (code == KITH_OK)
		close(fd);
	return code;
}

static enum kith_code
shake_hands(struct tls_connection *c, int fd, struct fault *f)
{
	int64_t until_ms = now_ms() + PROBE_MS;
	enum kith_code code;

	while ((code = tls_handshake(c, f)) == KITH_AGAIN) {
		code = wait_for(fd,
		    tls_wants(c) == TLS_WANTS_WRITE ? POLLOUT : POLLIN,
		    until_ms, f);
		if (code != KITH_OK)
			return code;
	}
	if (code == KITH_OK)
		tls_close_notify(c);
	return code;
}

static enum kith_code
ask_for_key(
    int fd, const struct address *address, const char *pin, struct fault *f)
{
	const struct tls_trust trust = { .kind = TLS_TRUST_PIN, .pin = pin };
	struct tls_config *config = NULL;
	struct tls_connection *connection = NULL;
	enum kith_code code = tls_random_reseed(f);

	if (code == KITH_OK)
		code = tls_config_new_client(&trust, &config, f);
	if (code == KITH_OK)
		code = tls_connection_new(
		    config, fd, address->host, &connection, f);
	if (code == KITH_OK)
		code = shake_hands(connection, fd, f);
	tls_connection_free(&connection);
	tls_config_free(&config);
	return code;
}

enum kith_code
probe_tls(const struct address *address, const char *pin, struct fault *f)
{
	int fd = -1;
	enum kith_code code = open_connection(address, &fd, f);

	if (code != KITH_OK)
		return code;
	code = ask_for_key(fd, address, pin, f);
	close(fd);
	return code;
}
