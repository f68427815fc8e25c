/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Everything in which mbedTLS 2.28 (Debian 12) and 3.6 (Debian 13) differ for
 * us. The rest of lib/wire is written once.
 */

#include <stdint.h>

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

int tls_random(void *unused, unsigned char *to_r, size_t length);

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

#include <psa/crypto.h>

#define COMPAT_TLS13       1
#define COMPAT_MATCHES_IPS 1 /* addresses in certificates */

#define COMPAT_TLS13_SUITES                                                   \
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384, \
	    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,

/* PSA's generator, which TLS 1.3 draws from, must not go on after a fork. */
static inline int
compat_start(void)
{
	psa_status_t status = psa_crypto_init();

#if MBEDTLS_VERSION_NUMBER >= 0x03060600
	if (status == PSA_SUCCESS)
		status = psa_random_reseed(NULL, 0);
	/* where the system is the generator there is nothing to reseed */
	if (status == PSA_ERROR_NOT_SUPPORTED)
		status = PSA_SUCCESS;
#endif
	return status == PSA_SUCCESS ? 0 : -1;
}

static inline void
compat_set_protocol(mbedtls_ssl_config *conf)
{
	static const uint16_t groups[] = {
		MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
	};
	static const uint16_t signatures[] = {
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
		MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
		MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
		MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
		MBEDTLS_TLS1_3_SIG_NONE,
	};

	mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_groups(conf, groups);
	mbedtls_ssl_conf_sig_algs(conf, signatures);
	mbedtls_ssl_conf_tls13_key_exchange_modes(
	    conf, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
}

static inline void
compat_no_tickets(mbedtls_ssl_config *conf, int is_server)
{
	if (is_server)
		mbedtls_ssl_conf_new_session_tickets(conf, 0);
	else
		mbedtls_ssl_conf_session_tickets(
		    conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
}

/* A message of TLS 1.3 that is no data: read again. */
static inline int
compat_is_only_a_ticket(int ret)
{
	return ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

static inline int
compat_pk_parse_key(
    mbedtls_pk_context *pk, const unsigned char *pem, size_t size)
{
	return mbedtls_pk_parse_key(pk, pem, size, NULL, 0, tls_random, NULL);
}

static inline int
compat_pk_check_pair(
    const mbedtls_pk_context *public, const mbedtls_pk_context *private)
{
	return mbedtls_pk_check_pair(public, private, tls_random, NULL);
}

static inline mbedtls_ecp_group_id
compat_group_of(const mbedtls_pk_context *pk)
{
	const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);

	return ec != NULL ? mbedtls_ecp_keypair_get_group_id(ec)
			  : MBEDTLS_ECP_DP_NONE;
}

static inline int
compat_set_serial(
    mbedtls_x509write_cert *crt, unsigned char *serial, size_t length)
{
	return mbedtls_x509write_crt_set_serial_raw(crt, serial, length);
}

#else

#include <mbedtls/bignum.h>

#define COMPAT_TLS13       0
#define COMPAT_MATCHES_IPS 0
#define COMPAT_TLS13_SUITES

static inline int
compat_start(void)
{
	return 0;
}

static inline void
compat_set_protocol(mbedtls_ssl_config *conf)
{
	static const mbedtls_ecp_group_id curves[] = {
		MBEDTLS_ECP_DP_CURVE25519,
		MBEDTLS_ECP_DP_SECP256R1,
		MBEDTLS_ECP_DP_SECP384R1,
		MBEDTLS_ECP_DP_NONE,
	};
	static const int hashes[] = {
		MBEDTLS_MD_SHA256,
		MBEDTLS_MD_SHA384,
		MBEDTLS_MD_SHA512,
		MBEDTLS_MD_NONE,
	};

	mbedtls_ssl_conf_min_version(
	    conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(
	    conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_curves(conf, curves);
	mbedtls_ssl_conf_sig_hashes(conf, hashes);
}

/* A server has none unless it registers callbacks, which nothing does. */
static inline void
compat_no_tickets(mbedtls_ssl_config *conf, int is_server)
{
	if (!is_server)
		mbedtls_ssl_conf_session_tickets(
		    conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
}

static inline int
compat_is_only_a_ticket(int ret)
{
	return 0;
}

static inline int
compat_pk_parse_key(
    mbedtls_pk_context *pk, const unsigned char *pem, size_t size)
{
	return mbedtls_pk_parse_key(pk, pem, size, NULL, 0);
}

static inline int
compat_pk_check_pair(
    const mbedtls_pk_context *public, const mbedtls_pk_context *private)
{
	return mbedtls_pk_check_pair(public, private);
}

static inline mbedtls_ecp_group_id
compat_group_of(const mbedtls_pk_context *pk)
{
	const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);

	return ec != NULL ? ec->grp.id : MBEDTLS_ECP_DP_NONE;
}

static inline int
compat_set_serial(
    mbedtls_x509write_cert *crt, unsigned char *serial, size_t length)
{
	mbedtls_mpi number;
	int ret;

	mbedtls_mpi_init(&number);
	ret = mbedtls_mpi_read_binary(&number, serial, length);
	if (ret == 0)
		ret = mbedtls_x509write_crt_set_serial(crt, &number);
	mbedtls_mpi_free(&number);
	return ret;
}

#endif
