/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both ends of TLS over a socketpair: whom they trust, what they keep. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* to offer no ALPN, as a stranger may */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "certificate.h"
#include "memory_scan.h"
#include "tls.h"
#include "tls_internal.h"
#include "token.h"

#define HOST      "chat.example"
#define STEPS_MAX 1000

static const char *const names[] = { HOST, "127.0.0.1", "::1" };

struct pair {
	char *certificate, *key;
	struct tls_identity identity;
	struct certificate_info info;
};

static void
make_pair(struct pair *p, unsigned days)
{
	const struct certificate_wish wish = { names, 3, days };
	struct fault f;

	assert_int_equal(
	    certificate_make(&wish, &p->certificate, &p->key, &f), KITH_OK);
	p->identity.certificate = p->certificate;
	p->identity.certificate_length = strlen(p->certificate);
	p->identity.key = p->key;
	p->identity.key_length = strlen(p->key);
	assert_int_equal(
	    certificate_check_pair(&p->identity, &p->info, &f), KITH_OK);
}

static void
free_pair(struct pair *p)
{
	free(p->certificate);
	secret_free(&p->key);
}

/* Two ends of one connection, their configs with them. */
struct line {
	struct tls_config *server_config, *client_config;
	struct tls_connection *server, *client;
	enum kith_code server_code, client_code;
	struct fault server_fault, client_fault;
	int ends[2];
};

static void
open_line(struct line *l, const struct pair *p, const struct tls_trust *trust,
    const char *host)
{
	memset(l, 0, sizeof(*l));
	assert_int_equal(tls_random_reseed(NULL), KITH_OK);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, l->ends), 0);
	assert_int_equal(tls_config_new_server(
			     &p->identity, &l->server_config, &l->server_fault),
	    KITH_OK);
	assert_int_equal(
	    tls_config_new_client(trust, &l->client_config, &l->client_fault),
	    KITH_OK);
	assert_int_equal(tls_connection_new(l->server_config, l->ends[0], NULL,
			     &l->server, &l->server_fault),
	    KITH_OK);
	l->client_code = tls_connection_new(
	    l->client_config, l->ends[1], host, &l->client, &l->client_fault);
}

/* Steps both ends until neither waits any more, or both wait for ever. */
static void
shake_hands(struct line *l)
{
	l->server_code = l->client_code = KITH_AGAIN;
	for (int i = 0; i < STEPS_MAX; i++) {
		if (l->client_code == KITH_AGAIN)
			l->client_code =
			    tls_handshake(l->client, &l->client_fault);
		if (l->server_code == KITH_AGAIN)
			l->server_code =
			    tls_handshake(l->server, &l->server_fault);
		if (l->client_code != KITH_AGAIN &&
		    l->server_code != KITH_AGAIN)
			return;
		if (l->client_code != KITH_AGAIN && l->client_code != KITH_OK)
			shutdown(l->ends[1], SHUT_WR);
		if (l->server_code != KITH_AGAIN && l->server_code != KITH_OK)
			shutdown(l->ends[0], SHUT_WR);
	}
	fail_msg("the handshake does not end");
}

static void
close_line(struct line *l)
{
	tls_connection_free(&l->server);
	tls_connection_free(&l->client);
	tls_config_free(&l->server_config);
	tls_config_free(&l->client_config);
	close(l->ends[0]);
	close(l->ends[1]);
}

static void
say(struct tls_connection *from, struct tls_connection *to, const char *text)
{
	char heard[64];
	size_t sent, length = 0;
	enum kith_code code = KITH_AGAIN;

	assert_int_equal(
	    tls_write(from, text, strlen(text), &sent, NULL), KITH_OK);
	assert_int_equal(sent, strlen(text));
	for (int i = 0; i < STEPS_MAX && code == KITH_AGAIN; i++)
		code = tls_read(to, heard, sizeof(heard), &length, NULL);
	assert_int_equal(code, KITH_OK);
	assert_int_equal(length, strlen(text));
	assert_memory_equal(heard, text, length);
}

static void
expect_talk(struct line *l)
{
	shake_hands(l);
	assert_int_equal(l->client_code, KITH_OK);
	assert_int_equal(l->server_code, KITH_OK);
	say(l->client, l->server, "who is there?");
	say(l->server, l->client, "kith");
}

static void
expect_untrusted(struct line *l)
{
	shake_hands(l);
	assert_int_equal(l->client_code, KITH_UNTRUSTED);
	assert_int_equal(l->client_fault.code, KITH_UNTRUSTED);
}

static void
a_pinned_server_is_trusted(void **state)
{
	struct pair p;
	struct line l;

	make_pair(&p, 10);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, p.info.pin, NULL },
	    "any.other.name");
	expect_talk(&l);
	assert_string_equal(tls_peer_pin(l.client), p.info.pin);
	assert_string_equal(tls_config_pin(l.server_config), p.info.pin);
	assert_string_equal(
	    tls_version(l.client), COMPAT_TLS13 ? "TLSv1.3" : "TLSv1.2");
	assert_non_null(strstr(tls_suite(l.client), "GCM"));
	close_line(&l);
	free_pair(&p);
}

static void
a_pin_outlives_its_certificate(void **state)
{
	struct pair p;
	struct line l;

	make_pair(&p, 0);
	assert_true(p.info.not_after_us <= p.info.not_before_us);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, p.info.pin, NULL }, HOST);
	expect_talk(&l);
	close_line(&l);
	free_pair(&p);
}

static void
another_key_than_pinned_is_refused(void **state)
{
	struct pair p, other;
	struct line l;

	make_pair(&p, 10);
	make_pair(&other, 10);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, other.info.pin, NULL }, HOST);
	expect_untrusted(&l);
	assert_string_equal(tls_peer_pin(l.client), p.info.pin);
	assert_int_not_equal(l.server_code, KITH_OK);
	close_line(&l);
	free_pair(&p);
	free_pair(&other);
}

static void
an_announced_key_is_trusted_as_well(void **state)
{
	struct pair p, other;
	struct line l;
	struct tls_trust trust = { .kind = TLS_TRUST_PIN };

	make_pair(&p, 10);
	make_pair(&other, 10);
	trust.pin = other.info.pin;
	trust.next_pin = p.info.pin;
	open_line(&l, &p, &trust, HOST);
	expect_talk(&l);
	assert_string_equal(tls_peer_pin(l.client), p.info.pin);
	close_line(&l);
	/* and the one from before until then */
	trust.pin = p.info.pin;
	trust.next_pin = other.info.pin;
	open_line(&l, &p, &trust, HOST);
	expect_talk(&l);
	close_line(&l);
	/* but no third one */
	trust.pin = trust.next_pin = other.info.pin;
	open_line(&l, &p, &trust, HOST);
	expect_untrusted(&l);
	close_line(&l);
	trust.next_pin = "nonsense";
	assert_int_equal(tls_config_new_client(&trust, &l.client_config, NULL),
	    KITH_MALFORMED);
	free_pair(&p);
	free_pair(&other);
}

static void
a_probe_only_learns_the_pin(void **state)
{
	struct pair p;
	struct line l;

	make_pair(&p, 10);
	open_line(
	    &l, &p, &(struct tls_trust){ TLS_TRUST_PROBE, NULL, NULL }, HOST);
	expect_untrusted(&l);
	assert_string_equal(tls_peer_pin(l.client), p.info.pin);
	assert_int_equal(
	    tls_write(l.client, "x", 1, &(size_t){ 0 }, NULL), KITH_NOT_NOW);
	close_line(&l);
	free_pair(&p);
}

/* A file that holds the pair's certificate, as a bundle of one authority. */
static void
open_line_by_ca(struct line *l, const struct pair *p, const struct pair *ca,
    const char *host)
{
	char file[] = "/tmp/kith-test-XXXXXX";
	int fd = mkstemp(file);
	size_t length = strlen(ca->certificate);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, ca->certificate, length), length);
	close(fd);
	open_line(l, p, &(struct tls_trust){ TLS_TRUST_CA, NULL, file }, host);
	unlink(file);
}

static void
a_certificate_of_a_known_authority_is_trusted(void **state)
{
	struct pair p, other;
	struct line l;

	make_pair(&p, 10);
	make_pair(&other, 10);
	open_line_by_ca(&l, &p, &p, HOST);
	expect_talk(&l);
	assert_string_equal(tls_peer_pin(l.client), p.info.pin);
	close_line(&l);
	open_line_by_ca(&l, &p, &other, HOST);
	expect_untrusted(&l);
	close_line(&l);
	free_pair(&p);
	free_pair(&other);
}

static void
a_certificate_must_name_the_host(void **state)
{
	struct pair p;
	struct line l;

	make_pair(&p, 10);
	open_line_by_ca(&l, &p, &p, "other.example");
	expect_untrusted(&l);
	assert_non_null(strstr(l.client_fault.sentence, "another name"));
	close_line(&l);
	open_line_by_ca(&l, &p, &p, NULL);
	assert_int_equal(l.client_code, KITH_UNTRUSTED);
	close_line(&l);
	open_line_by_ca(&l, &p, &p, "127.0.0.1");
	if (COMPAT_MATCHES_IPS)
		expect_talk(&l);
	else
		assert_int_equal(l.client_code, KITH_UNTRUSTED);
	close_line(&l);
	free_pair(&p);
}

static void
an_expired_certificate_is_refused_by_ca(void **state)
{
	struct pair p;
	struct line l;

	make_pair(&p, 0);
	open_line_by_ca(&l, &p, &p, HOST);
	expect_untrusted(&l);
	assert_non_null(strstr(l.client_fault.sentence, "expired"));
	close_line(&l);
	free_pair(&p);
}

/* Both ends notice an other end that offers, or chooses, no protocol. */
static void
without_alpn_nobody_talks(void **state)
{
	struct pair p;
	struct line l;

	make_pair(&p, 10);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, p.info.pin, NULL }, HOST);
	l.client_config->ssl.alpn_list = NULL;
	shake_hands(&l);
	assert_int_equal(l.server_code, KITH_TLS);
	assert_int_equal(l.client_code, KITH_TLS);
	close_line(&l);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, p.info.pin, NULL }, HOST);
	l.server_config->ssl.alpn_list = NULL;
	shake_hands(&l);
	assert_int_equal(l.client_code, KITH_TLS);
	close_line(&l);
	free_pair(&p);
}

static void
another_alpn_is_refused(void **state)
{
	static const char *others[] = { "http/1.1", NULL };
	struct pair p;
	struct line l;

	make_pair(&p, 10);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, p.info.pin, NULL }, HOST);
	l.client_config->ssl.alpn_list = others;
	shake_hands(&l);
	assert_int_equal(l.server_code, KITH_TLS);
	assert_int_not_equal(l.client_code, KITH_OK);
	close_line(&l);
	free_pair(&p);
}

static void
a_farewell_differs_from_a_cut(void **state)
{
	struct pair p;
	struct line l;
	char byte;
	size_t length;
	const struct tls_trust trust = { TLS_TRUST_PIN, p.info.pin, NULL };

	make_pair(&p, 10);
	open_line(&l, &p, &trust, HOST);
	expect_talk(&l);
	assert_int_equal(
	    tls_read(l.server, &byte, 1, &length, NULL), KITH_AGAIN);
	assert_int_equal(tls_wants(l.server), TLS_WANTS_READ);
	assert_int_equal(tls_close_notify(l.client), KITH_OK);
	assert_int_equal(
	    tls_read(l.server, &byte, 1, &length, NULL), KITH_CLOSED);
	close_line(&l);
	open_line(&l, &p, &trust, HOST);
	expect_talk(&l);
	assert_int_equal(
	    tls_read(l.server, &byte, 1, &length, NULL), KITH_AGAIN);
	shutdown(l.ends[1], SHUT_WR);
	assert_int_equal(tls_read(l.server, &byte, 1, &length, NULL), KITH_IO);
	close_line(&l);
	free_pair(&p);
}

static void
garbage_ends_the_handshake(void **state)
{
	struct pair p;
	struct line l;

	make_pair(&p, 10);
	open_line(
	    &l, &p, &(struct tls_trust){ TLS_TRUST_PROBE, NULL, NULL }, HOST);
	assert_int_equal(write(l.ends[1], "GET / HTTP/1.0\r\n\r\n", 18), 18);
	assert_int_equal(tls_handshake(l.server, &l.server_fault), KITH_TLS);
	close_line(&l);
	free_pair(&p);
}

/*
 * Much more than the socket holds, in pieces that never fit the records; what
 * follows a KITH_AGAIN grows, as an output buffer does.
 */
static void
a_flood_arrives_in_order(void **state)
{
	enum { TOTAL = 1 << 20 };
	struct pair p;
	struct line l;
	uint8_t *out = malloc(TOTAL), *in = malloc(TOTAL);
	size_t sent = 0, offered = 1, got = 0, n;

	random_bytes(out, TOTAL);
	make_pair(&p, 10);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, p.info.pin, NULL }, HOST);
	assert_int_equal(setsockopt(l.ends[1], SOL_SOCKET, SO_SNDBUF,
			     &(int){ 5000 }, sizeof(int)),
	    0);
	shake_hands(&l);
	for (long i = 0; got < TOTAL && i < 1000000; i++) {
		enum kith_code code = KITH_AGAIN;

		if (sent < TOTAL)
			code = tls_write(
			    l.client, out + sent, offered - sent, &n, NULL);
		if (code == KITH_OK)
			sent += n;
		else
			assert_int_equal(code, KITH_AGAIN);
		offered = offered + 7001 < TOTAL ? offered + 7001 : TOTAL;
		while (tls_read(l.server, in + got, TOTAL - got, &n, NULL) ==
		    KITH_OK)
			got += n;
	}
	assert_int_equal(got, TOTAL);
	assert_memory_equal(in, out, TOTAL);
	free(out);
	free(in);
	close_line(&l);
	free_pair(&p);
}

static void
pairs_that_do_not_fit_are_refused(void **state)
{
	struct pair p, other;
	struct tls_identity mixed;
	struct tls_config *config = NULL;
	struct fault f;

	make_pair(&p, 10);
	make_pair(&other, 10);
	mixed = p.identity;
	mixed.key = other.key;
	mixed.key_length = strlen(other.key);
	assert_int_equal(
	    tls_config_new_server(&mixed, &config, &f), KITH_REFUSED);
	mixed.key = "no key";
	mixed.key_length = 6;
	assert_int_equal(
	    certificate_check_pair(&mixed, NULL, &f), KITH_MALFORMED);
	mixed.certificate_length = 100;
	assert_int_equal(
	    certificate_check_pair(&mixed, NULL, &f), KITH_MALFORMED);
	mixed.certificate_length = 0;
	assert_int_equal(
	    certificate_check_pair(&mixed, NULL, &f), KITH_MALFORMED);
	assert_null(config);
	assert_int_equal(
	    tls_config_new_client(
		&(struct tls_trust){ TLS_TRUST_PIN, "x", NULL }, &config, &f),
	    KITH_MALFORMED);
	assert_int_equal(
	    tls_config_new_client(
		&(struct tls_trust){ TLS_TRUST_CA, NULL, "/no/such/file" },
		&config, &f),
	    KITH_IO);
	free_pair(&p);
	free_pair(&other);
}

static void
a_certificate_tells_what_it_is(void **state)
{
	const char *const bad[] = { "two words" };
	struct certificate_wish wish = { bad, 1, 10 };
	char *certificate = NULL, *key = NULL;
	struct certificate_info info;
	struct fault f;
	struct pair p;

	make_pair(&p, 10);
	assert_int_equal(
	    certificate_read(p.certificate, strlen(p.certificate), &info, &f),
	    KITH_OK);
	assert_string_equal(info.subject, "CN=" HOST);
	assert_true(pin_valid(info.pin));
	assert_true(info.not_after_us - info.not_before_us ==
	    INT64_C(10) * 86400 * 1000000);
	assert_int_equal(
	    certificate_make(&wish, &certificate, &key, &f), KITH_MALFORMED);
	wish.name_count = 0;
	assert_int_equal(
	    certificate_make(&wish, &certificate, &key, &f), KITH_MALFORMED);
	assert_null(key);
	free_pair(&p);
}

/* ---- what fork must not duplicate, and what must not stay ---- */

#define DRAWN 16

static void
draw_in_child(uint8_t drawn_r[DRAWN])
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		uint8_t drawn[DRAWN];
		bool ok = tls_random_reseed(NULL) == KITH_OK &&
		    tls_random(NULL, drawn, DRAWN) == 0;

#if COMPAT_TLS13
		ok = ok && psa_generate_random(drawn, DRAWN) == PSA_SUCCESS;
#endif
		_exit(ok && write(ends[1], drawn, DRAWN) == DRAWN ? 0 : 1);
	}
	assert_int_equal(read(ends[0], drawn_r, DRAWN), DRAWN);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(ends[1]);
}

static void
children_draw_different_bytes(void **state)
{
	uint8_t parent[DRAWN], first[DRAWN], second[DRAWN];

	assert_int_equal(tls_random_reseed(NULL), KITH_OK);
	assert_int_equal(tls_random(NULL, parent, DRAWN), 0);
	draw_in_child(first);
	draw_in_child(second);
	assert_memory_not_equal(first, second, DRAWN);
}

/*
 * A session's life in one process: it inherits a config by fork, shakes hands,
 * wipes the key, and goes on talking. Until then the scan finds the key, so
 * that it would find it afterwards too.
 */
static int
live_as_session(struct line *l, struct memory_secret *secrets, size_t count)
{
	shake_hands(l);
	if (l->server_code != KITH_OK || l->client_code != KITH_OK)
		return 1;
	if (memory_scan(&secrets[0]) + memory_scan(&secrets[1]) == 0)
		return 2;
	tls_config_wipe_key(l->server_config);
	for (size_t i = 0; i < count; i++) {
		if (memory_scan(&secrets[i]) != 0)
			return 10 + (int)i;
	}
	say(l->client, l->server, "still there?");
	say(l->server, l->client, "yes");
	return 0;
}

static void
no_key_stays_in_a_session(void **state)
{
	struct memory_secret secrets[3];
	struct pair p;
	struct line l;
	pid_t child;
	int status = -1;

	if (!memory_is_our_own())
		skip();
	make_pair(&p, 10);
	memory_secrets_of_key(p.key, secrets);
	open_line(&l, &p,
	    &(struct tls_trust){ TLS_TRUST_PIN, p.info.pin, NULL }, HOST);
	secret_free(&p.key);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(live_as_session(&l, secrets, 3));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close_line(&l);
	free_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pinned_server_is_trusted),
		cmocka_unit_test(a_pin_outlives_its_certificate),
		cmocka_unit_test(another_key_than_pinned_is_refused),
		cmocka_unit_test(an_announced_key_is_trusted_as_well),
		cmocka_unit_test(a_probe_only_learns_the_pin),
		cmocka_unit_test(a_certificate_of_a_known_authority_is_trusted),
		cmocka_unit_test(a_certificate_must_name_the_host),
		cmocka_unit_test(an_expired_certificate_is_refused_by_ca),
		cmocka_unit_test(without_alpn_nobody_talks),
		cmocka_unit_test(another_alpn_is_refused),
		cmocka_unit_test(a_farewell_differs_from_a_cut),
		cmocka_unit_test(garbage_ends_the_handshake),
		cmocka_unit_test(a_flood_arrives_in_order),
		cmocka_unit_test(pairs_that_do_not_fit_are_refused),
		cmocka_unit_test(a_certificate_tells_what_it_is),
		cmocka_unit_test(children_draw_different_bytes),
		cmocka_unit_test(no_key_stays_in_a_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
