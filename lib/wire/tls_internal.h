/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of TLS and certificates share. Not for others. */

#include "certificate.h"
#include "mbedtls_compat.h"
#include "tls.h"

#define TLS_ERROR_TEXT_SIZE 128u

struct tls_config {
	mbedtls_ssl_config ssl;
	mbedtls_x509_crt chain;       /* a server's own */
	mbedtls_pk_context key;       /* a server's own; empty once wiped */
	mbedtls_x509_crt authorities; /* TLS_TRUST_CA */
	enum tls_trust_kind kind;     /* a client's */
	bool is_server;
	char pin[PIN_SIZE];      /* a server's own, or what a client expects */
	char next_pin[PIN_SIZE]; /* a client expects this as well; "": none */
};

/* fault_set() with ": " and what mbedTLS says to its error. */
enum kith_code tls_fault(
    struct fault *f, enum kith_code code, int error, const char *doing);

/* The pin of a parsed certificate's key. */
void certificate_pin(const mbedtls_x509_crt *crt, char pin_r[PIN_SIZE]);

/* The pin of a SubjectPublicKeyInfo in DER. */
void certificate_pin_of(const void *der, size_t length, char pin_r[PIN_SIZE]);

/* A private key in PEM; KITH_REFUSED by certificate_check_key() if weak. */
enum kith_code certificate_parse_key(
    const void *pem, size_t length, mbedtls_pk_context *key, struct fault *f);
enum kith_code certificate_check_key(
    const mbedtls_pk_context *key, struct fault *f);
int certificate_generate_key(mbedtls_pk_context *key);

/*
 * Parses a chain and its key and checks that they fit and are strong enough,
 * as certificate_check_pair() has it. The contexts are initialised by the
 * caller, who frees them whatever comes back.
 */
enum kith_code certificate_parse_pair(const struct tls_identity *identity,
    mbedtls_x509_crt *chain, mbedtls_pk_context *key, struct fault *f);

/*
 * One client connection's verdict on one certificate of the server's chain;
 * called by mbedTLS, lives in tls_connection.c.
 */
int tls_verify(
    void *connection, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
