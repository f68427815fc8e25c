/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One TLS connection. Beside mbedTLS's own buffers it holds nothing while it is
 * idle: what recv() brought more than mbedTLS asked for waits in memory of just
 * that size.
 */
#include "tls_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <mbedtls/net_sockets.h>

#include "address.h"
#include "mem.h"

#define READ_AHEAD 4096u /* bytes that one recv() asks for, at least */
#define ALERT_NO_APPLICATION_PROTOCOL \
	120                    /* RFC 7301; 2.28 has no name for it */
#define HANDSHAKE_STEPS_MAX 64 /* tickets and the like between two records */

struct tls_connection {
	mbedtls_ssl_context ssl;
	struct tls_config *config;
	int fd;
	int io_errno; /* of the last failed send() or recv() */
	enum tls_wanted wants;
	bool established;
	bool untrusted; /* tls_verify() said no */
	bool drained;   /* the last recv() left nothing in the socket */
	size_t unsent;  /* of a record that tls_write() has to finish */
	uint8_t *ahead; /* received, not yet asked for; NULL: nothing */
	size_t ahead_length;
	size_t ahead_used;
	char peer_pin[PIN_SIZE];
};

/* ---- the socket ---- */

static int
send_some(void *connection, const unsigned char *bytes, size_t length)
{
	struct tls_connection *c = connection;
	ssize_t sent = send(c->fd, bytes, length, MSG_NOSIGNAL);

	if (sent >= 0)
		return (int)sent;
	c->io_errno = errno;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	return errno == EPIPE || errno == ECONNRESET
	    ? MBEDTLS_ERR_NET_CONN_RESET
	    : MBEDTLS_ERR_NET_SEND_FAILED;
}

/* recv() with mbedTLS's errors. */
static int
receive(struct tls_connection *c, uint8_t *to, size_t size)
{
	ssize_t got;

	if (c->drained) {
		/* the caller waits for the descriptor: no need to ask it now */
		c->drained = false;
		return MBEDTLS_ERR_SSL_WANT_READ;
	}
	got = recv(c->fd, to, size, 0);
	if (got >= 0) {
		c->drained = got > 0 && (size_t)got < size;
		return (int)got;
	}
	c->io_errno = errno;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_READ;
	return errno == ECONNRESET ? MBEDTLS_ERR_NET_CONN_RESET
				   : MBEDTLS_ERR_NET_RECV_FAILED;
}

static int
take_ahead(struct tls_connection *c, unsigned char *to, size_t size)
{
	size_t left = c->ahead_length - c->ahead_used;

	if (size > left)
		size = left;
	memcpy(to, c->ahead + c->ahead_used, size);
	c->ahead_used += size;
	if (c->ahead_used == c->ahead_length) {
		free(c->ahead);
		c->ahead = NULL;
		c->ahead_length = c->ahead_used = 0;
	}
	return (int)size;
}

/*
 * mbedTLS asks for the 5 bytes of a record's head, then for its body: that
 * would be two system calls a record.
 */
static int
receive_some(void *connection, unsigned char *to, size_t size)
{
	struct tls_connection *c = connection;
	uint8_t bytes[READ_AHEAD];
	int got;

	if (c->ahead != NULL)
		return take_ahead(c, to, size);
	if (size >= sizeof(bytes))
		return receive(c, to, size);
	got = receive(c, bytes, sizeof(bytes));
	if (got <= 0)
		return got;
	if ((size_t)got <= size) {
		memcpy(to, bytes, (size_t)got);
		return got;
	}
	memcpy(to, bytes, size);
	c->ahead_length = (size_t)got - size;
	c->ahead = mem_dup(bytes + size, c->ahead_length);
	return (int)size;
}

/* ---- trust ---- */

static bool
is_pinned(const struct tls_connection *c)
{
	return strcmp(c->peer_pin, c->config->pin) == 0 ||
	    (c->config->next_pin[0] != '\0' &&
		strcmp(c->peer_pin, c->config->next_pin) == 0);
}

int
tls_verify(void *connection, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls_connection *c = connection;

	if (depth == 0)
		certificate_pin(crt, c->peer_pin);
	if (c->config->kind == TLS_TRUST_CA)
		return 0;
	*flags = 0; /* names, dates and CAs do not count */
	if (depth == 0 && c->config->kind == TLS_TRUST_PIN && !is_pinned(c)) {
		c->untrusted = true;
		return MBEDTLS_ERR_X509_FATAL_ERROR;
	}
	return 0;
}

/* A person reads this: the first reason that explains the others. */
static const char *
distrust(uint32_t flags)
{
	if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
		return SENTENCE("The server's certificate is for another name");
	if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0)
		return SENTENCE("The server's certificate has expired");
	if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0)
		return SENTENCE("The server's certificate is not valid yet");
	if ((flags & MBEDTLS_X509_BADCERT_REVOKED) != 0)
		return SENTENCE("The server's certificate was revoked");
	if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
		return SENTENCE(
		    "The server's certificate is not from a known authority");
	return SENTENCE("The server's certificate is not acceptable");
}

/* ---- making and freeing ---- */

static enum kith_code
set_host(struct tls_connection *c, const char *host, struct fault *f)
{
	bool numeric = host != NULL && address_is_numeric(host);
	int ret;

	if (c->config->is_server)
		return KITH_OK;
	if (c->config->kind == TLS_TRUST_CA) {
		if (host == NULL || host[0] == '\0')
			return fault_set(f, KITH_UNTRUSTED,
			    SENTENCE(
				"Without a host name no certificate can be checked"));
		if (numeric && !COMPAT_MATCHES_IPS)
			return fault_set(f, KITH_UNTRUSTED,
			    SENTENCE(
				"A server that is addressed by number can only be "
				"trusted by its key"));
	} else if (numeric) {
		host = NULL; /* an address is no SNI, RFC 6066 */
	}
	/* NULL too: 3.6 wants to be told that there is none */
	ret = mbedtls_ssl_set_hostname(&c->ssl, host);
	if (ret != 0)
		return tls_fault(f, KITH_MALFORMED, ret,
		    SENTENCE("The host name cannot be used"));
	mbedtls_ssl_set_verify(&c->ssl, tls_verify, c);
	return KITH_OK;
}

enum kith_code
tls_connection_new(struct tls_config *config, int fd, const char *host,
    struct tls_connection **connection_r, struct fault *f)
{
	struct tls_connection *c = MEM_NEW(struct tls_connection);
	enum kith_code code;
	int ret;

	c->config = config;
	c->fd = fd;
	mbedtls_ssl_init(&c->ssl);
	ret = mbedtls_ssl_setup(&c->ssl, &config->ssl);
	code = ret == 0
	    ? set_host(c, host, f)
	    : tls_fault(f, KITH_INTERNAL, ret, SENTENCE("TLS cannot start"));
	if (code != KITH_OK) {
		tls_connection_free(&c);
		return code;
	}
	mbedtls_ssl_set_bio(&c->ssl, c, send_some, receive_some, NULL);
	*connection_r = c;
	return KITH_OK;
}

void
tls_connection_free(struct tls_connection **connection)
{
	if (*connection == NULL)
		return;
	mbedtls_ssl_free(&(*connection)->ssl);
	free((*connection)->ahead);
	free(*connection);
	*connection = NULL;
}

/* ---- results ---- */

static enum kith_code
io_fault(struct tls_connection *c, struct fault *f)
{
	return fault_set_errno(
	    f, KITH_IO, c->io_errno, SENTENCE("The connection failed"));
}

/* What every step may come back with, in kith's words. */
static enum kith_code
result(struct tls_connection *c, int ret, struct fault *f)
{
	switch (ret) {
	case MBEDTLS_ERR_SSL_WANT_READ:
		c->wants = TLS_WANTS_READ;
		return KITH_AGAIN;
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		c->wants = TLS_WANTS_WRITE;
		return KITH_AGAIN;
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return fault_set(f, KITH_CLOSED,
		    SENTENCE("The other end closed the connection"));
	case 0:
	case MBEDTLS_ERR_SSL_CONN_EOF:
		return fault_set(f, KITH_IO,
		    SENTENCE("The connection ended without a farewell"));
	case MBEDTLS_ERR_NET_CONN_RESET:
	case MBEDTLS_ERR_NET_SEND_FAILED:
	case MBEDTLS_ERR_NET_RECV_FAILED:
		return io_fault(c, f);
	default:
		return tls_fault(
		    f, KITH_TLS, ret, SENTENCE("The secure connection failed"));
	}
}

static enum kith_code
handshake_fault(struct tls_connection *c, int ret, struct fault *f)
{
	if (c->untrusted)
		return fault_set(f, KITH_UNTRUSTED,
		    SENTENCE(
			"The server has another key than the expected one"));
	if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
		return fault_set(f, KITH_UNTRUSTED, "%s",
		    distrust(mbedtls_ssl_get_verify_result(&c->ssl)));
	return result(c, ret, f);
}

/* The handshake is over: is this whom and what we want to talk to? */
static enum kith_code
judge_peer(struct tls_connection *c, struct fault *f)
{
	const char *protocol = mbedtls_ssl_get_alpn_protocol(&c->ssl);

	/* mbedTLS refuses another name, but lets none pass */
	if (protocol == NULL || strcmp(protocol, TLS_ALPN) != 0) {
		mbedtls_ssl_send_alert_message(&c->ssl,
		    MBEDTLS_SSL_ALERT_LEVEL_FATAL,
		    ALERT_NO_APPLICATION_PROTOCOL);
		return fault_set(f, KITH_TLS,
		    SENTENCE("The other end is not a kith server"));
	}
	if (c->config->is_server)
		return KITH_OK;
	if (c->peer_pin[0] == '\0' ||
	    (c->config->kind == TLS_TRUST_PIN && !is_pinned(c)))
		return fault_set(f, KITH_UNTRUSTED,
		    SENTENCE(
			"The server has another key than the expected one"));
	if (c->config->kind == TLS_TRUST_PROBE)
		return fault_set(f, KITH_UNTRUSTED,
		    SENTENCE("The server's key has not been confirmed yet"));
	return KITH_OK;
}

enum kith_code
tls_handshake(struct tls_connection *c, struct fault *f)
{
	enum kith_code code;
	int ret;

	if (c->established)
		return KITH_OK;
	ret = mbedtls_ssl_handshake(&c->ssl);
	if (ret != 0)
		return handshake_fault(c, ret, f);
	code = judge_peer(c, f);
	c->established = code == KITH_OK;
	return code;
}

enum kith_code
tls_read(struct tls_connection *c, void *to_r, size_t size, size_t *length_r,
    struct fault *f)
{
	int ret;

	if (!c->established)
		return fault_set(f, KITH_NOT_NOW, "The handshake is not over");
	for (int i = 0; i < HANDSHAKE_STEPS_MAX; i++) {
		ret = mbedtls_ssl_read(&c->ssl, to_r, size);
		if (!compat_is_only_a_ticket(ret))
			break;
	}
	if (ret > 0) {
		*length_r = (size_t)ret;
		return KITH_OK;
	}
	return result(c, ret, f);
}

enum kith_code
tls_write(struct tls_connection *c, const void *from, size_t length,
    size_t *length_r, struct fault *f)
{
	int room = mbedtls_ssl_get_max_out_record_payload(&c->ssl);
	int ret;

	if (!c->established)
		return fault_set(f, KITH_NOT_NOW, "The handshake is not over");
	if (room > 0 && length > (size_t)room)
		length = (size_t)room;
	/*
	 * A record that is partly sent is already encrypted: mbedTLS flushes
	 * it and then believes the length that it is given.
	 */
	if (c->unsent > 0)
		length = c->unsent;
	ret = mbedtls_ssl_write(&c->ssl, from, length);
	if (ret > 0) {
		c->unsent = 0;
		*length_r = (size_t)ret;
		return KITH_OK;
	}
	if (ret == MBEDTLS_ERR_SSL_WANT_WRITE ||
	    ret == MBEDTLS_ERR_SSL_WANT_READ)
		c->unsent = length;
	return result(c, ret, f);
}

bool
tls_has_pending(const struct tls_connection *c)
{
	return c->ahead != NULL || mbedtls_ssl_check_pending(&c->ssl) != 0;
}

enum kith_code
tls_close_notify(struct tls_connection *c)
{
	int ret = mbedtls_ssl_close_notify(&c->ssl);

	return ret == 0 ? KITH_OK : result(c, ret, NULL);
}

enum tls_wanted
tls_wants(const struct tls_connection *c)
{
	return c->wants;
}

const char *
tls_version(const struct tls_connection *c)
{
	return c->established ? mbedtls_ssl_get_version(&c->ssl) : NULL;
}

const char *
tls_suite(const struct tls_connection *c)
{
	return c->established ? mbedtls_ssl_get_ciphersuite(&c->ssl) : NULL;
}

const char *
tls_peer_pin(const struct tls_connection *c)
{
	return c->peer_pin;
}
