/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * Who changed what, beside what clients may change themselves. A row is written
 * in the transaction of its change: there is none without the other.
 */

/* Bytes, without the NUL. */
#define STORE_AUDIT_ACTOR_MAX   128u
#define STORE_AUDIT_COMMAND_MAX 64u
#define STORE_AUDIT_TARGET_MAX  256u
#define STORE_AUDIT_DETAIL_MAX  4096u

#define STORE_AUDIT_KITHD "kithd" /* the actor of what happens by itself */

/* Strings handed out are valid until the callback returns. */
struct store_audit {
	int64_t id;
	int64_t time_us;
	const char *actor;   /* "alice (uid 1000)" */
	const char *command; /* "user lock" */
	const char *target;  /* "bob (id:2)", "" where there is none */
	const char *detail;  /* a JSON object, "{}" at least; nothing secret */
};

/*
 * In: all but the id. TOO_LARGE; MALFORMED when actor or command is empty. The
 * detail is not looked into.
 */
enum kith_code store_audit_add(struct store *s, const struct store_audit *row);

/*
 * All that are given must hold; {0} is everything, newest first. Page on with
 * `from` = the last id handed out.
 */
struct store_audit_query {
	int64_t from; /* ids below it (oldest_first: above); 0: all */
	uint32_t limit;
	bool oldest_first;
	int64_t since_us;    /* then or later; 0: whenever */
	int64_t before_us;   /* 0: whenever */
	const char *actor;   /* is a part of it; NULL */
	const char *command; /* "user" or "user lock"; NULL */
	const char *target;  /* is a part of it; NULL */
};
enum kith_code store_audit_each(struct store *s,
    const struct store_audit_query *query,
    bool (*each)(void *context, const struct store_audit *row), void *context);

/* How many the query lets through, `from` and `limit` apart. */
enum kith_code store_audit_count(
    struct store *s, const struct store_audit_query *query, int64_t *count_r);
