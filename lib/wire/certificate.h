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
#define CERTIFICATE_SELF_MADE_DAYS 3650u

struct certificate_info {
	char pin[PIN_SIZE];
	char subject[CERTIFICATE_SUBJECT_SIZE]; /* "CN=chat.example.org" */
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
};

/*
 * A new P-256 key and a self-signed certificate for it, as PEM strings.
 * The caller frees both and wipes the key (secret_free() in token.h does
 * both). KITH_MALFORMED for a name that is neither.
 */
enum kith_code certificate_make(const struct certificate_wish *wish,
    char **certificate_r, char **key_r, struct fault *f);
