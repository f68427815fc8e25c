/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policy: every list that mbedTLS has a default for is set here, because
 * the defaults of 2.28 still allow TLS 1.0, static RSA and CBC.
 */
#include "tls_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

static const int suites[] = {
	COMPAT_TLS13_SUITES MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	0,
};

static const char *protocols[] = { TLS_ALPN, NULL };

static struct tls_config *
new_config(bool is_server)
{
	struct tls_config *config = MEM_NEW(struct tls_config);

	config->is_server = is_server;
	mbedtls_ssl_config_init(&config->ssl);
	mbedtls_x509_crt_init(&config->chain);
	mbedtls_x509_crt_init(&config->authorities);
	mbedtls_pk_init(&config->key);
	return config;
}

static enum kith_code
set_policy(struct tls_config *config, struct fault *f)
{
	mbedtls_ssl_config *ssl = &config->ssl;
	int ret = mbedtls_ssl_config_defaults(ssl,
	    config->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

	if (ret == 0)
		ret = mbedtls_ssl_conf_alpn_protocols(ssl, protocols);
	if (ret != 0)
		return tls_fault(f, KITH_INTERNAL, ret,
		    SENTENCE("TLS cannot be configured"));
	compat_set_protocol(ssl);
	compat_no_tickets(ssl, config->is_server);
	mbedtls_ssl_conf_ciphersuites(ssl, suites);
	mbedtls_ssl_conf_cert_profile(ssl, &mbedtls_x509_crt_profile_next);
	mbedtls_ssl_conf_rng(ssl, tls_random, NULL);
	mbedtls_ssl_conf_extended_master_secret(
	    ssl, MBEDTLS_SSL_EXTENDED_MS_ENABLED);
	mbedtls_ssl_conf_legacy_renegotiation(
	    ssl, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
	return KITH_OK;
}

enum kith_code
tls_config_new_server(const struct tls_identity *identity,
    struct tls_config **config_r, struct fault *f)
{
	struct tls_config *config = new_config(true);
	enum kith_code code = set_policy(config, f);
	int ret;

	if (code == KITH_OK)
		code = certificate_parse_pair(
		    identity, &config->chain, &config->key, f);
	if (code == KITH_OK) {
		mbedtls_ssl_conf_authmode(
		    &config->ssl, MBEDTLS_SSL_VERIFY_NONE);
		ret = mbedtls_ssl_conf_own_cert(
		    &config->ssl, &config->chain, &config->key);
		if (ret != 0)
			code = tls_fault(f, KITH_INTERNAL, ret,
			    SENTENCE("TLS cannot be configured"));
	}
	if (code != KITH_OK) {
		tls_config_free(&config);
		return code;
	}
	certificate_pin(&config->chain, config->pin);
	*config_r = config;
	return KITH_OK;
}

void
tls_config_wipe_key(struct tls_config *config)
{
	/* mbedtls_ssl_config goes on pointing at an empty key */
	mbedtls_pk_free(&config->key);
	mbedtls_pk_init(&config->key);
}

const char *
tls_config_pin(const struct tls_config *config)
{
	return config->pin;
}

static enum kith_code
load_authorities(struct tls_config *config, const char *file, struct fault *f)
{
	int ret;

	if (file == NULL)
		file = SYSTEM_AUTHORITIES;
	if (access(file, R_OK) != 0)
		return fault_set_errno(f, KITH_IO, errno,
		    "The certificate authorities in %s", file);
	/* above 0: so many certificates that it does not understand */
	ret = mbedtls_x509_crt_parse_file(&config->authorities, file);
	if (ret < 0)
		return tls_fault(f, KITH_MALFORMED, ret,
		    SENTENCE("The certificate authorities cannot be read"));
	mbedtls_ssl_conf_ca_chain(&config->ssl, &config->authorities, NULL);
	return KITH_OK;
}

enum kith_code
tls_config_new_client(const struct tls_trust *trust,
    struct tls_config **config_r, struct fault *f)
{
	struct tls_config *config;
	enum kith_code code;

	if (trust->kind == TLS_TRUST_PIN &&
	    (!pin_valid(trust->pin) ||
		(trust->next_pin != NULL && !pin_valid(trust->next_pin))))
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("That is not the fingerprint of a key"));
	config = new_config(false);
	config->kind = trust->kind;
	code = set_policy(config, f);
	if (trust->kind == TLS_TRUST_PIN)
		memcpy(config->pin, trust->pin, PIN_SIZE);
	if (trust->kind == TLS_TRUST_PIN && trust->next_pin != NULL)
		memcpy(config->next_pin, trust->next_pin, PIN_SIZE);
	if (code == KITH_OK && trust->kind == TLS_TRUST_CA)
		code = load_authorities(config, trust->ca_file, f);
	if (code != KITH_OK) {
		tls_config_free(&config);
		return code;
	}
	/*
	 * "Optional" still makes the server prove its key; what mbedTLS thinks
	 * of its certificate is then left to tls_verify() and tls_handshake().
	 */
	mbedtls_ssl_conf_authmode(&config->ssl,
	    trust->kind == TLS_TRUST_CA ? MBEDTLS_SSL_VERIFY_REQUIRED
					: MBEDTLS_SSL_VERIFY_OPTIONAL);
	*config_r = config;
	return KITH_OK;
}

void
tls_config_free(struct tls_config **config)
{
	if (*config == NULL)
		return;
	mbedtls_ssl_config_free(&(*config)->ssl);
	mbedtls_x509_crt_free(&(*config)->chain);
	mbedtls_x509_crt_free(&(*config)->authorities);
	mbedtls_pk_free(&(*config)->key);
	explicit_bzero(*config, sizeof(**config));
	free(*config);
	*config = NULL;
}
