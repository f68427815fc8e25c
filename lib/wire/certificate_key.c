/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys without a certificate: the one that a server announces before it changes
 * to it. Private parts are wiped here as soon as they have been used.
 */
#include "tls_internal.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define KEY_DER_SIZE 2048u  /* the public part of RSA with 8,192 bits */
#define KEY_PEM_SIZE 16384u /* either part of the same */

static enum kith_code
pin_of(mbedtls_pk_context *key, char pin_r[PIN_SIZE], struct fault *f)
{
	unsigned char der[KEY_DER_SIZE];
	int length = mbedtls_pk_write_pubkey_der(key, der, sizeof(der));

	if (length < 0)
		return tls_fault(
		    f, KITH_MALFORMED, length, "The key cannot be written");
	/* it is written at the end of the buffer */
	certificate_pin_of(der + sizeof(der) - length, (size_t)length, pin_r);
	return KITH_OK;
}

static enum kith_code
public_pem(mbedtls_pk_context *key, char **public_r, struct fault *f)
{
	unsigned char pem[KEY_PEM_SIZE];
	int ret = mbedtls_pk_write_pubkey_pem(key, pem, sizeof(pem));

	if (ret != 0)
		return tls_fault(
		    f, KITH_MALFORMED, ret, "The key cannot be written");
	*public_r = mem_dup_string((char *)pem);
	return KITH_OK;
}

enum kith_code
certificate_make_key(char **key_r, struct fault *f)
{
	unsigned char *pem = mem_new(KEY_PEM_SIZE, 1);
	mbedtls_pk_context key;
	enum kith_code code = KITH_OK;
	int ret;

	mbedtls_pk_init(&key);
	ret = certificate_generate_key(&key);
	if (ret == 0)
		ret = mbedtls_pk_write_key_pem(&key, pem, KEY_PEM_SIZE);
	if (ret == 0)
		*key_r = mem_dup_string((char *)pem);
	else
		code =
		    tls_fault(f, KITH_INTERNAL, ret, "The key cannot be made");
	mbedtls_pk_free(&key);
	explicit_bzero(pem, KEY_PEM_SIZE);
	free(pem);
	return code;
}

enum kith_code
certificate_public_key(const void *pem, size_t length, char **public_r,
    char pin_r[PIN_SIZE], struct fault *f)
{
	mbedtls_pk_context key;
	char pin[PIN_SIZE];
	enum kith_code code;

	mbedtls_pk_init(&key);
	code = certificate_parse_key(pem, length, &key, f);
	if (code == KITH_OK)
		code = certificate_check_key(&key, f);
	if (code == KITH_OK)
		code = pin_of(&key, pin, f);
	if (code == KITH_OK && public_r != NULL)
		code = public_pem(&key, public_r, f);
	if (code == KITH_OK && pin_r != NULL)
		memcpy(pin_r, pin, PIN_SIZE);
	mbedtls_pk_free(&key);
	return code;
}

enum kith_code
certificate_read_public_key(
    const void *pem, size_t length, char pin_r[PIN_SIZE], struct fault *f)
{
	mbedtls_pk_context key;
	enum kith_code code = KITH_OK;
	unsigned char *text;
	int ret;

	if (length > CERTIFICATE_PEM_MAX)
		return fault_set(f, KITH_TOO_LARGE,
		    "The public key is over %u bytes", CERTIFICATE_PEM_MAX);
	mbedtls_pk_init(&key);
	text = mem_new(length + 1, 1); /* PEM with its NUL counted */
	if (length > 0)
		memcpy(text, pem, length);
	ret = mbedtls_pk_parse_public_key(&key, text, length + 1);
	free(text);
	if (ret != 0)
		code = tls_fault(
		    f, KITH_MALFORMED, ret, "The public key cannot be read");
	if (code == KITH_OK)
		code = certificate_check_key(&key, f);
	if (code == KITH_OK)
		code = pin_of(&key, pin_r, f);
	mbedtls_pk_free(&key);
	return code;
}
