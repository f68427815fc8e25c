/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and judging certificates and keys. */
#include "tls_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "base64url.h"
#include "hash.h"
#include "mem.h"

#define RSA_BITS_MIN 2048u

void
certificate_pin_of(const void *der, size_t length, char pin_r[PIN_SIZE])
{
	uint8_t digest[HASH_SIZE];
	char *text;

	hash_sha256(der, length, digest);
	text = base64url_encode(digest, sizeof(digest));
	memcpy(pin_r, PIN_PREFIX, strlen(PIN_PREFIX));
	memcpy(pin_r + strlen(PIN_PREFIX), text, PIN_SIZE - strlen(PIN_PREFIX));
	free(text);
}

void
certificate_pin(const mbedtls_x509_crt *crt, char pin_r[PIN_SIZE])
{
	/* pk_raw is the SubjectPublicKeyInfo as it stands in the certificate */
	certificate_pin_of(crt->pk_raw.p, crt->pk_raw.len, pin_r);
}

/* mbedTLS wants PEM with its NUL counted. The caller wipes and frees. */
static unsigned char *
with_nul(const void *pem, size_t length)
{
	unsigned char *text = mem_new(length + 1, 1);

	if (length > 0)
		memcpy(text, pem, length);
	return text;
}

static enum kith_code
parse_chain(
    const void *pem, size_t length, mbedtls_x509_crt *chain, struct fault *f)
{
	unsigned char *text;
	int ret;

	if (length > CERTIFICATE_PEM_MAX)
		return fault_set(f, KITH_TOO_LARGE,
		    "The certificate is over %u bytes", CERTIFICATE_PEM_MAX);
	text = with_nul(pem, length);
	ret = mbedtls_x509_crt_parse(chain, text, length + 1);
	free(text);
	if (ret == 0 && chain->raw.len > 0)
		return KITH_OK;
	if (ret > 0)
		return fault_set(f, KITH_MALFORMED,
		    "A certificate of the chain cannot be read");
	return tls_fault(
	    f, KITH_MALFORMED, ret, "The certificate cannot be read");
}

enum kith_code
certificate_parse_key(
    const void *pem, size_t length, mbedtls_pk_context *key, struct fault *f)
{
	unsigned char *text;
	int ret;

	if (length > CERTIFICATE_PEM_MAX)
		return fault_set(f, KITH_TOO_LARGE,
		    "The private key is over %u bytes", CERTIFICATE_PEM_MAX);
	text = with_nul(pem, length);
	ret = compat_pk_parse_key(key, text, length + 1);
	explicit_bzero(text, length);
	free(text);
	if (ret != 0)
		return tls_fault(
		    f, KITH_MALFORMED, ret, "The private key cannot be read");
	return KITH_OK;
}

static bool
is_strong(const mbedtls_pk_context *key)
{
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_RSA))
		return mbedtls_pk_get_bitlen(key) >= RSA_BITS_MIN;
	if (!mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA))
		return false;
	return compat_group_of(key) == MBEDTLS_ECP_DP_SECP256R1 ||
	    compat_group_of(key) == MBEDTLS_ECP_DP_SECP384R1;
}

enum kith_code
certificate_check_key(const mbedtls_pk_context *key, struct fault *f)
{
	if (is_strong(key))
		return KITH_OK;
	return fault_set(f, KITH_REFUSED,
	    "The key is too weak: it must be RSA of at least %u bits, "
	    "P-256 or P-384",
	    RSA_BITS_MIN);
}

enum kith_code
certificate_parse_pair(const struct tls_identity *identity,
    mbedtls_x509_crt *chain, mbedtls_pk_context *key, struct fault *f)
{
	enum kith_code code = parse_chain(
	    identity->certificate, identity->certificate_length, chain, f);

	if (code == KITH_OK)
		code = certificate_parse_key(
		    identity->key, identity->key_length, key, f);
	if (code != KITH_OK)
		return code;
	if (compat_pk_check_pair(&chain->pk, key) != 0)
		return fault_set(f, KITH_REFUSED,
		    "The private key does not belong to the certificate");
	return certificate_check_key(key, f);
}

static int64_t
to_us(const mbedtls_x509_time *t)
{
	struct tm tm = {
		.tm_year = t->year - 1900,
		.tm_mon = t->mon - 1,
		.tm_mday = t->day,
		.tm_hour = t->hour,
		.tm_min = t->min,
		.tm_sec = t->sec,
	};

	return (int64_t)timegm(&tm) * 1000000;
}

static void
add_name(char *names, const char *name, size_t length)
{
	size_t used = strlen(names);

	if (length > 0 && length < INET6_ADDRSTRLEN + ADDRESS_HOST_MAX)
		snprintf(names + used, CERTIFICATE_ALL_NAMES_SIZE - used,
		    "%s%.*s", used > 0 ? ", " : "", (int)length, name);
}

static void
add_address(char *names, const mbedtls_x509_buf *bytes)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (bytes->len == 4)
		inet_ntop(AF_INET, bytes->p, text, sizeof(text));
	else if (bytes->len == 16)
		inet_ntop(AF_INET6, bytes->p, text, sizeof(text));
	add_name(names, text, strlen(text));
}

/* Each as it stands there: the tag says which kind of name it is. */
static void
describe_names(const mbedtls_x509_crt *crt, char *names_r)
{
	const mbedtls_x509_sequence *one;

	names_r[0] = '\0';
	for (one = &crt->subject_alt_names; one != NULL; one = one->next) {
		const mbedtls_x509_buf *name = &one->buf;

		switch (name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK) {
		case MBEDTLS_X509_SAN_DNS_NAME:
			add_name(names_r, (const char *)name->p, name->len);
			break;
		case MBEDTLS_X509_SAN_IP_ADDRESS:
			add_address(names_r, name);
			break;
		default:
			break;
		}
	}
}

static void
describe_dn(const mbedtls_x509_name *name, char *text_r)
{
	if (mbedtls_x509_dn_gets(text_r, CERTIFICATE_SUBJECT_SIZE, name) < 0)
		text_r[0] = '\0';
}

static void
describe(const mbedtls_x509_crt *crt, struct certificate_info *info_r)
{
	const mbedtls_x509_crt *one;

	certificate_pin(crt, info_r->pin);
	describe_dn(&crt->subject, info_r->subject);
	describe_dn(&crt->issuer, info_r->issuer);
	describe_names(crt, info_r->names);
	snprintf(info_r->kind, sizeof(info_r->kind), "%s %u",
	    mbedtls_pk_can_do(&crt->pk, MBEDTLS_PK_RSA) ? "RSA" : "EC",
	    (unsigned)mbedtls_pk_get_bitlen(&crt->pk));
	info_r->chain_length = 0;
	for (one = crt; one != NULL; one = one->next)
		info_r->chain_length++;
	info_r->not_before_us = to_us(&crt->valid_from);
	info_r->not_after_us = to_us(&crt->valid_to);
}

enum kith_code
certificate_read(const void *pem, size_t length,
    struct certificate_info *info_r, struct fault *f)
{
	mbedtls_x509_crt chain;
	enum kith_code code;

	mbedtls_x509_crt_init(&chain);
	code = parse_chain(pem, length, &chain, f);
	if (code == KITH_OK)
		describe(&chain, info_r);
	mbedtls_x509_crt_free(&chain);
	return code;
}

enum kith_code
certificate_check_pair(const struct tls_identity *identity,
    struct certificate_info *info_r, struct fault *f)
{
	mbedtls_x509_crt chain;
	mbedtls_pk_context key;
	enum kith_code code;

	mbedtls_x509_crt_init(&chain);
	mbedtls_pk_init(&key);
	code = certificate_parse_pair(identity, &chain, &key, f);
	if (code == KITH_OK && info_r != NULL)
		describe(&chain, info_r);
	mbedtls_pk_free(&key);
	mbedtls_x509_crt_free(&chain);
	return code;
}
