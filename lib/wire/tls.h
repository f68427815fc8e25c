/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "pin.h"

/*
 * TLS for both ends, over a non-blocking descriptor that the caller owns and
 * waits for. No event loop in here, no threads: one config may serve many
 * connections of one thread.
 *
 * The policy is fixed: TLS 1.2 with six ECDHE AEAD suites, TLS 1.3 where
 * mbedTLS has it (3.6); X25519, P-256, P-384; no tickets, no session cache, no
 * renegotiation; extended master secret; ALPN "kith/1" offered and required.
 *
 * In the program that uses this, a failed allocation must abort
 * (abort_on_oom.c is linked into it).
 */

#define TLS_ALPN "kith/1"

struct tls_config;
struct tls_connection;

/* ---- the process ---- */

/*
 * Call once before anything else here, and again first thing in every forked
 * child. Random bytes are drawn from the kernel, so a fork duplicates nothing
 * here; what mbedTLS 3.6 keeps besides is renewed by this.
 */
enum kith_code tls_random_reseed(struct fault *f);

/* ---- configurations ---- */

/* PEM in memory; the lengths without a NUL, which need not be there. */
struct tls_identity {
	const void *certificate; /* the chain, the server's own first */
	size_t certificate_length;
	const void *key;
	size_t key_length;
};

/*
 * KITH_MALFORMED when the PEM cannot be read, KITH_REFUSED when the key does
 * not belong to the certificate or is too weak. Copies what it needs; wiping
 * the identity is the caller's.
 */
enum kith_code tls_config_new_server(const struct tls_identity *identity,
    struct tls_config **config_r, struct fault *f);

/*
 * Wipes and frees the private key in this process. Connections whose handshake
 * has ended go on; no further handshake can be made with this config. For a
 * session, which inherited the config by fork.
 */
void tls_config_wipe_key(struct tls_config *config);

/* The pin of a server config's own certificate. Borrowed. */
const char *tls_config_pin(const struct tls_config *config);

enum tls_trust_kind {
	TLS_TRUST_PIN,   /* the key decides; names, dates and CAs do not */
	TLS_TRUST_CA,    /* CAs and host name decide */
	TLS_TRUST_PROBE, /* trusts nobody: only learns the pin */
};

struct tls_trust {
	enum tls_trust_kind kind;
	const char *pin;     /* TLS_TRUST_PIN */
	const char *ca_file; /* TLS_TRUST_CA: PEM bundle, NULL: the system's */
	/* TLS_TRUST_PIN: the key that the server announced; NULL: none */
	const char *next_pin;
};

/* KITH_MALFORMED for a pin or bundle that cannot be read, KITH_IO. */
enum kith_code tls_config_new_client(const struct tls_trust *trust,
    struct tls_config **config_r, struct fault *f);

/* Frees and wipes; after all connections made with it. */
void tls_config_free(struct tls_config **config);

/* ---- connections ---- */

/*
 * config must outlive the connection; fd stays the caller's, who closes it
 * after tls_connection_free(). host (client only, else NULL): the name or
 * numeric address that was asked for; sent as SNI when it is a name. With
 * TLS_TRUST_CA and an address that mbedTLS cannot match (2.28):
 * KITH_UNTRUSTED at once.
 */
enum kith_code tls_connection_new(struct tls_config *config, int fd,
    const char *host, struct tls_connection **connection_r, struct fault *f);

/* Frees and wipes. Sends nothing: see tls_close_notify(). */
void tls_connection_free(struct tls_connection **connection);

/*
 * KITH_OK once; KITH_AGAIN: wait (level-triggered, here and below) for what
 * tls_wants() says and call again;
 * KITH_UNTRUSTED: the other end is not who it should be (always the end of a
 * probe; tls_peer_pin() then tells the key); KITH_CLOSED; KITH_IO; KITH_TLS:
 * no common version or suite, no ALPN "kith/1", or broken bytes. After any
 * but the first two only tls_peer_pin() and tls_connection_free() are allowed.
 */
enum kith_code tls_handshake(struct tls_connection *c, struct fault *f);

/*
 * Reads 1 to size bytes. KITH_AGAIN; KITH_CLOSED after the other end's
 * close_notify; KITH_IO also when it vanished without one; KITH_TLS.
 * Call it until KITH_AGAIN: bytes may be waiting inside, where no descriptor
 * tells of them.
 */
enum kith_code tls_read(struct tls_connection *c, void *to_r, size_t size,
    size_t *length_r, struct fault *f);

/*
 * Writes 1 to length bytes (one record at most). After KITH_AGAIN the next
 * call must begin with the same bytes; more may follow them.
 */
enum kith_code tls_write(struct tls_connection *c, const void *from,
    size_t length, size_t *length_r, struct fault *f);

/* Are there bytes inside that tls_read() can take without the descriptor? */
bool tls_has_pending(const struct tls_connection *c);

/* KITH_OK when the close_notify is on its way, else KITH_AGAIN or KITH_IO. */
enum kith_code tls_close_notify(struct tls_connection *c);

enum tls_wanted {
	TLS_WANTS_READ,
	TLS_WANTS_WRITE,
};

/* What the last KITH_AGAIN waits for. */
enum tls_wanted tls_wants(const struct tls_connection *c);

/* "TLSv1.2"; "TLS-ECDHE-…". NULL before the handshake's end. Borrowed. */
const char *tls_version(const struct tls_connection *c);
const char *tls_suite(const struct tls_connection *c);

/* The server's key as its handshake showed it; "" when not known. Borrowed. */
const char *tls_peer_pin(const struct tls_connection *c);
