/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "pin.h"
#include "tls.h"

/* X.509 certificates and keys as PEM in memory. */

#define CERTIFICATE_PEM_MAX        65536u /* bytes of a chain or a key */
#define CERTIFICATE_NAMES_MAX      32u    /* names in one that kith makes */
#define CERTIFICATE_SUBJECT_SIZE   256u
#define CERTIFICATE_ALL_NAMES_SIZE 1024u /* bytes; what is over is cut */
#define CERTIFICATE_KIND_SIZE      32u
#define CERTIFICATE_SELF_MADE_DAYS 3650u

struct certificate_info {
	char pin[PIN_SIZE];
	char subject[CERTIFICATE_SUBJECT_SIZE]; /* "CN=chat.example.org" */
	char issuer[CERTIFICATE_SUBJECT_SIZE];  /* the same: self-signed */
	char names[CERTIFICATE_ALL_NAMES_SIZE]; /* "a.example, 192.0.2.1" */
	char kind[CERTIFICATE_KIND_SIZE];       /* of its key: "EC 256" */
	unsigned chain_length;                  /* certificates in the file */
	int64_t not_before_us;                  /* since 1970 */
	int64_t not_after_us;
};

/* The first certificate of a chain. KITH_MALFORMED, KITH_TOO_LARGE. */
enum kith_code certificate_read(const void *pem, size_t length,
    struct certificate_info *info_r, struct fault *f);

/*
 * Reads the chain and its key and checks that they belong together and are
 * strong enough (RSA of 2048 bits, P-256, P-384). KITH_MALFORMED,
 * KITH_REFUSED. Dates are told, not judged. info_r may be NULL.
 */
enum kith_code certificate_check_pair(const struct tls_identity *identity,
    struct certificate_info *info_r, struct fault *f);

struct certificate_wish {
	const char *const *names; /* DNS names and numeric IP addresses */
	size_t name_count;        /* 1 to CERTIFICATE_NAMES_MAX */
	unsigned days;            /* valid from an hour ago for so long */
	const char *key;          /* PEM of a key that there is; NULL: new */
};

/*
 * A self-signed certificate, for a new P-256 key or for the one that is there,
 * and that key, as PEM strings. The caller frees both and wipes the key
 * (secret_free() in token.h does both). KITH_MALFORMED for a name that is
 * neither, or a key that cannot be read; KITH_REFUSED for a weak one.
 */
enum kith_code certificate_make(const struct certificate_wish *wish,
    char **certificate_r, char **key_r, struct fault *f);

/* ---- keys without a certificate ---- */

/* A new P-256 key as a PEM string, which the caller wipes and frees. */
enum kith_code certificate_make_key(char **key_r, struct fault *f);

/*
 * The public part of a private key as a PEM string, and its pin; either may be
 * NULL. KITH_MALFORMED, KITH_TOO_LARGE, KITH_REFUSED when it is too weak.
 */
enum kith_code certificate_public_key(const void *key, size_t length,
    char **public_r, char pin_r[PIN_SIZE], struct fault *f);

/* The pin of a public key in PEM, as announced by kithd. The same faults. */
enum kith_code certificate_read_public_key(
    const void *pem, size_t length, char pin_r[PIN_SIZE], struct fault *f);
