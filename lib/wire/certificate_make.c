/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A key and a self-signed certificate of one's own. */
#include "tls_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>

#include "address.h"
#include "mem.h"
#include "token.h"

#define SERIAL_SIZE     16u
#define PEM_SIZE        16384u /* of what is made here */
#define NAMES_SIZE      10240u /* all names in DER: 32 of 253 and their heads */
#define COMMON_NAME_MAX 64u    /* RFC 5280, ub-common-name */
#define SKEW_S          3600   /* valid since an hour ago: clocks differ */
#define TAG_DNS         (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2)
#define TAG_IP          (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)

/* One GeneralName, written backwards before *p as asn1write.h does it. */
static int
write_name(unsigned char **p, unsigned char *start, const char *name)
{
	struct in6_addr number;
	const unsigned char *bytes = (const unsigned char *)name;
	size_t length = strlen(name);
	unsigned char tag = TAG_DNS;
	int ret, total;

	if (inet_pton(AF_INET, name, &number) == 1) {
		length = 4;
		tag = TAG_IP;
	} else if (inet_pton(AF_INET6, name, &number) == 1) {
		length = 16;
		tag = TAG_IP;
	}
	if (tag == TAG_IP)
		bytes = (const unsigned char *)&number;
	ret = mbedtls_asn1_write_raw_buffer(p, start, bytes, length);
	if (ret < 0)
		return ret;
	total = ret;
	ret = mbedtls_asn1_write_len(p, start, length);
	if (ret < 0)
		return ret;
	total += ret;
	ret = mbedtls_asn1_write_tag(p, start, tag);
	return ret < 0 ? ret : total + ret;
}

static int
add_names(mbedtls_x509write_cert *crt, const struct certificate_wish *wish)
{
	unsigned char *der = mem_new(NAMES_SIZE, 1);
	unsigned char *p = der + NAMES_SIZE;
	int total = 0;
	int ret = 0;

	for (size_t i = wish->name_count; i > 0 && ret >= 0; i--) {
		ret = write_name(&p, der, wish->names[i - 1]);
		total += ret;
	}
	if (ret >= 0)
		ret = mbedtls_asn1_write_len(&p, der, (size_t)total);
	if (ret >= 0)
		ret = mbedtls_asn1_write_tag(
		    &p, der, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
	if (ret >= 0)
		ret = mbedtls_x509write_crt_set_extension(crt,
		    MBEDTLS_OID_SUBJECT_ALT_NAME,
		    MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, p,
		    (size_t)(der + NAMES_SIZE - p));
	free(der);
	return ret < 0 ? ret : 0;
}

static int
set_validity(mbedtls_x509write_cert *crt, unsigned days)
{
	time_t from = time(NULL) - SKEW_S;
	time_t until = from + (time_t)days * 86400;
	char from_text[16], until_text[16];
	struct tm tm;

	strftime(
	    from_text, sizeof(from_text), "%Y%m%d%H%M%S", gmtime_r(&from, &tm));
	strftime(until_text, sizeof(until_text), "%Y%m%d%H%M%S",
	    gmtime_r(&until, &tm));
	return mbedtls_x509write_crt_set_validity(crt, from_text, until_text);
}

static int
set_subject(mbedtls_x509write_cert *crt, const char *name)
{
	char subject[COMMON_NAME_MAX + 4];
	int ret;

	snprintf(subject, sizeof(subject), "CN=%s",
	    strlen(name) <= COMMON_NAME_MAX ? name : "kith");
	ret = mbedtls_x509write_crt_set_subject_name(crt, subject);
	if (ret == 0)
		ret = mbedtls_x509write_crt_set_issuer_name(crt, subject);
	return ret;
}

static int
fill_in(mbedtls_x509write_cert *crt, const struct certificate_wish *wish)
{
	unsigned char serial[SERIAL_SIZE];
	int ret;

	random_bytes(serial, sizeof(serial));
	serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive */
	mbedtls_x509write_crt_set_version(crt, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(crt, MBEDTLS_MD_SHA256);
	ret = compat_set_serial(crt, serial, sizeof(serial));
	if (ret == 0)
		ret = set_subject(crt, wish->names[0]);
	if (ret == 0)
		ret = set_validity(crt, wish->days);
	if (ret == 0)
		ret = mbedtls_x509write_crt_set_basic_constraints(crt, 0, -1);
	if (ret == 0)
		ret = mbedtls_x509write_crt_set_key_usage(
		    crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
	if (ret == 0)
		ret = add_names(crt, wish);
	return ret;
}

int
certificate_generate_key(mbedtls_pk_context *key)
{
	int ret =
	    mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

	if (ret == 0)
		ret = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
		    mbedtls_pk_ec(*key), tls_random, NULL);
	return ret;
}

/* Both as PEM into buffers of PEM_SIZE. */
static int
write_pair(const struct certificate_wish *wish, char *certificate, char *pem)
{
	mbedtls_x509write_cert crt;
	mbedtls_pk_context key;
	int ret;

	mbedtls_x509write_crt_init(&crt);
	mbedtls_pk_init(&key);
	ret = wish->key != NULL
	    ? compat_pk_parse_key(
		  &key, (const unsigned char *)wish->key, strlen(wish->key) + 1)
	    : certificate_generate_key(&key);
	if (ret == 0)
		ret = fill_in(&crt, wish);
	if (ret == 0) {
		mbedtls_x509write_crt_set_subject_key(&crt, &key);
		mbedtls_x509write_crt_set_issuer_key(&crt, &key);
		ret = mbedtls_x509write_crt_pem(&crt,
		    (unsigned char *)certificate, PEM_SIZE, tls_random, NULL);
	}
	if (ret == 0)
		ret = mbedtls_pk_write_key_pem(
		    &key, (unsigned char *)pem, PEM_SIZE);
	mbedtls_x509write_crt_free(&crt);
	mbedtls_pk_free(&key);
	return ret;
}

static enum kith_code
check_wish(const struct certificate_wish *wish, struct fault *f)
{
	if (wish->name_count == 0 || wish->name_count > CERTIFICATE_NAMES_MAX)
		return fault_set(f, KITH_MALFORMED,
		    "A certificate has 1 to %u names", CERTIFICATE_NAMES_MAX);
	for (size_t i = 0; i < wish->name_count; i++) {
		struct address a;

		/* as a host alone: "a:1" parses, but not to what it was */
		if (address_parse(wish->names[i], &a, NULL) != KITH_OK ||
		    strcasecmp(a.host, wish->names[i]) != 0)
			return fault_set(f, KITH_MALFORMED,
			    "\"%.64s\" is neither a host name nor an address",
			    wish->names[i]);
	}
	return KITH_OK;
}

enum kith_code
certificate_make(const struct certificate_wish *wish, char **certificate_r,
    char **key_r, struct fault *f)
{
	enum kith_code code = check_wish(wish, f);
	char *certificate, *key;
	int ret;

	if (code == KITH_OK && wish->key != NULL)
		code = certificate_public_key(
		    wish->key, strlen(wish->key), NULL, NULL, f);
	if (code != KITH_OK)
		return code;
	certificate = mem_new(PEM_SIZE, 1);
	key = mem_new(PEM_SIZE, 1);
	ret = write_pair(wish, certificate, key);
	if (ret == 0) {
		*certificate_r = mem_dup_string(certificate);
		*key_r = mem_dup_string(key);
	} else {
		code = tls_fault(
		    f, KITH_INTERNAL, ret, "The certificate cannot be made");
	}
	explicit_bzero(key, PEM_SIZE);
	free(key);
	free(certificate);
	return code;
}
