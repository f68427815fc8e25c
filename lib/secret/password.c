/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Argon2id. Whatever a stored hash asks for is read and bounded here before
 * libargon2 sees it, so that a row in the database cannot demand gigabytes.
 */
#include "password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <argon2.h>

#include "mem.h"
#include "token.h"

#define SALT_SIZE       16u /* bytes, RFC 9106 section 4 */
#define HASHED_SIZE     32u
#define SALT_TEXT_MIN   11u /* base64 characters: 8 bytes */
#define SALT_TEXT_MAX   86u /* 64 bytes */
#define HASHED_TEXT_MIN 22u /* 16 bytes */
#define HASHED_TEXT_MAX 86u

static const struct {
	uint32_t memory_kib;
	uint32_t passes;
} owasp_minimum[] = {
	{ 46 * 1024, 1 },
	{ 19 * 1024, 2 },
	{ 12 * 1024, 3 },
	{ 9 * 1024, 4 },
	{ 7 * 1024, 5 },
};

static bool
is_bounded(const struct password_cost *cost)
{
	return cost->passes >= 1 && cost->passes <= PASSWORD_PASSES_MAX &&
	    cost->lanes >= 1 && cost->lanes <= PASSWORD_LANES_MAX &&
	    cost->memory_kib >= 8 * cost->lanes &&
	    cost->memory_kib <= PASSWORD_MEMORY_MAX_KIB;
}

enum kith_code
password_check_cost(const struct password_cost *cost, struct fault *f)
{
	size_t count = sizeof(owasp_minimum) / sizeof(owasp_minimum[0]);

	if (!is_bounded(cost))
		return fault_set(f, KITH_REFUSED,
		    "Argon2 takes at most %u KiB, %u passes and %u lanes",
		    PASSWORD_MEMORY_MAX_KIB, PASSWORD_PASSES_MAX,
		    PASSWORD_LANES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (cost->memory_kib >= owasp_minimum[i].memory_kib &&
		    cost->passes >= owasp_minimum[i].passes)
			return KITH_OK;
	}
	return fault_set(f, KITH_REFUSED,
	    "Argon2 with %u KiB and %u passes is weaker than the OWASP minimum "
	    "(19456 KiB and 2 passes, or 47104 KiB and 1)",
	    cost->memory_kib, cost->passes);
}

/* ---- the PHC form ---- */

/* A decimal number without sign or leading zero, then the character after. */
static bool
read_number(const char **at, char after, uint32_t *value_r)
{
	const char *p = *at;
	uint64_t value = 0;

	if (*p < '1' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > UINT32_MAX)
			return false;
	}
	if (*p != after)
		return false;
	*at = p + 1;
	*value_r = (uint32_t)value;
	return true;
}

static bool
read_word(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

/* How many base64 characters stand here. */
static size_t
base64_run(const char *p)
{
	return strspn(p,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/");
}

enum kith_code
password_read_cost(const char *phc, struct password_cost *cost_r)
{
	const char *at = phc;
	struct password_cost cost;
	size_t salt, hashed;

	if (strnlen(phc, PASSWORD_PHC_MAX + 1) > PASSWORD_PHC_MAX)
		return KITH_INTEGRITY;
	if (!read_word(&at, "$argon2id$v=19$m=") ||
	    !read_number(&at, ',', &cost.memory_kib) || !read_word(&at, "t=") ||
	    !read_number(&at, ',', &cost.passes) || !read_word(&at, "p=") ||
	    !read_number(&at, '$', &cost.lanes) || !is_bounded(&cost))
		return KITH_INTEGRITY;
	salt = base64_run(at);
	if (salt < SALT_TEXT_MIN || salt > SALT_TEXT_MAX || at[salt] != '$')
		return KITH_INTEGRITY;
	at += salt + 1;
	hashed = base64_run(at);
	if (hashed < HASHED_TEXT_MIN || hashed > HASHED_TEXT_MAX ||
	    at[hashed] != '\0')
		return KITH_INTEGRITY;
	*cost_r = cost;
	return KITH_OK;
}

bool
password_needs_rehash(const char *phc, const struct password_cost *cost)
{
	struct password_cost had;

	return password_read_cost(phc, &had) != KITH_OK ||
	    had.memory_kib != cost->memory_kib || had.passes != cost->passes ||
	    had.lanes != cost->lanes;
}

/* ---- the work ---- */

enum kith_code
password_hash(const struct password_cost *cost, const void *password,
    size_t length, char **phc_r, struct fault *f)
{
	uint8_t salt[SALT_SIZE];
	char phc[PASSWORD_PHC_MAX + 1];
	enum kith_code code = password_check_cost(cost, f);
	int error;

	if (code != KITH_OK)
		return code;
	if (length > PASSWORD_BYTES_MAX)
		return fault_set(f, KITH_BAD_PASSWORD,
		    "The password is over %u bytes", PASSWORD_BYTES_MAX);
	random_bytes(salt, sizeof(salt));
	error = argon2id_hash_encoded(cost->passes, cost->memory_kib,
	    cost->lanes, password, length, salt, sizeof(salt), HASHED_SIZE, phc,
	    sizeof(phc));
	if (error != ARGON2_OK)
		return fault_set(f, KITH_INTERNAL, "Argon2 failed: %s",
		    argon2_error_message(error));
	*phc_r = mem_dup_string(phc);
	return KITH_OK;
}

enum kith_code
password_verify(
    const char *phc, const void *password, size_t length, struct fault *f)
{
	struct password_cost cost;
	int error;

	if (password_read_cost(phc, &cost) != KITH_OK)
		return fault_set(
		    f, KITH_INTEGRITY, "A stored password hash cannot be read");
	if (length > PASSWORD_BYTES_MAX)
		return fault_set(f, KITH_BAD_CREDENTIALS, "%s",
		    kith_code_sentence(KITH_BAD_CREDENTIALS));
	error = argon2id_verify(phc, password, length);
	switch (error) {
	case ARGON2_OK:
		return KITH_OK;
	case ARGON2_VERIFY_MISMATCH:
		return fault_set(f, KITH_BAD_CREDENTIALS, "%s",
		    kith_code_sentence(KITH_BAD_CREDENTIALS));
	case ARGON2_MEMORY_ALLOCATION_ERROR:
	case ARGON2_THREAD_FAIL:
		return fault_set(f, KITH_INTERNAL, "Argon2 failed: %s",
		    argon2_error_message(error));
	default:
		return fault_set(f, KITH_INTEGRITY,
		    "A stored password hash cannot be read: %s",
		    argon2_error_message(error));
	}
}

enum kith_code
password_verify_nobody(
    const struct password_cost *cost, const void *password, size_t length)
{
	static const uint8_t salt[SALT_SIZE] = "nobody's salt..";
	uint8_t hashed[HASHED_SIZE];
	int error;

	if (!is_bounded(cost))
		return KITH_INTERNAL;
	if (length > PASSWORD_BYTES_MAX)
		return KITH_BAD_CREDENTIALS;
	error = argon2id_hash_raw(cost->passes, cost->memory_kib, cost->lanes,
	    password, length, salt, sizeof(salt), hashed, sizeof(hashed));
	explicit_bzero(hashed, sizeof(hashed));
	return error == ARGON2_OK ? KITH_BAD_CREDENTIALS : KITH_INTERNAL;
}
