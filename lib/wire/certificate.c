/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and judging certificates and keys. */
#include "tls_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64url.h"
#include "hash.h"
#include "mem.h"

#define RSA_BITS_MIN 2048u

void
certificate_pin(const mbedtls_x509_crt *crt, char pin_r[PIN_SIZE])
{
	uint8_t digest[HASH_SIZE];
	char *text;

	/* pk_raw is the SubjectPublicKeyInfo as it stands in the certificate */
	hash_sha256(crt->pk_raw.p, crt->pk_raw.len, digest);
	text = base64url_encode(digest, sizeof(digest));
	memcpy(pin_r, PIN_PREFIX, strlen(PIN_PREFIX));
	memcpy(pin_r + strlen(PIN_PREFIX), text, PIN_SIZE - strlen(PIN_PREFIX));
	free(text);
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

static enum kith_code
parse_key(
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
certificate_parse_pair(const struct tls_identity *identity,
    mbedtls_x509_crt *chain, mbedtls_pk_context *key, struct fault *f)
{
	enum kith_code code = parse_chain(
	    identity->certificate, identity->certificate_length, chain, f);

	if (code == KITH_OK)
		code = parse_key(identity->key, identity->key_length, key, f);
	if (code != KITH_OK)
		return code;
	if (compat_pk_check_pair(&chain->pk, key) != 0)
		return fault_set(f, KITH_REFUSED,
		    "The private key does not belong to the certificate");
	if (!is_strong(key))
		return fault_set(f, KITH_REFUSED,
		    "The key is too weak: it must be RSA of at least %u bits, "
		    "P-256 or P-384",
		    RSA_BITS_MIN);
	return KITH_OK;
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
describe(const mbedtls_x509_crt *crt, struct certificate_info *info_r)
{
	certificate_pin(crt, info_r->pin);
	if (mbedtls_x509_dn_gets(
		info_r->subject, sizeof(info_r->subject), &crt->subject) < 0)
		info_r->subject[0] = '\0';
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
