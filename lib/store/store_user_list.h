/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store_user.h"

/*
 * Lists of many people: filtered, sorted, page by page in constant memory and
 * without a transaction between the pages. Each sort order has its index, so
 * that the first page of a hundred thousand costs as much as that of ten.
 */

/* On which key; those with the same one by id. */
enum store_user_sort {
	STORE_USER_BY_NAME,
	STORE_USER_BY_ID,
	STORE_USER_BY_CREATED,
	STORE_USER_BY_LAST_SEEN,
	STORE_USER_SORT_COUNT,
};

#define STORE_USER_IN(state) (1u << (state))
/* Everybody that an administrator thinks of as a user. */
#define STORE_USER_STATES_USUAL                 \
	(STORE_USER_IN(STORE_USER_ACTIVE) |     \
	    STORE_USER_IN(STORE_USER_PENDING) | \
	    STORE_USER_IN(STORE_USER_LOCKED) |  \
	    STORE_USER_IN(STORE_USER_DELETING))

/* All that are given must hold. {0} is everybody in the usual states. */
struct store_user_filter {
	unsigned int states; /* STORE_USER_IN() | ...; 0: the usual ones */
	/* In the name or display name, ASCII letters of either case; NULL. */
	const char *contains;
	/* Neither seen nor made since; 0: whenever. */
	int64_t inactive_since_us;
	int64_t created_from_us;   /* then or later; 0: whenever */
	int64_t created_before_us; /* 0: whenever */
};

/*
 * In: filter, sort, descending, limit (of a page, cut to STORE_PAGE_MAX). The
 * rest is {0} for the first page and is moved on by each call.
 */
struct store_user_query {
	struct store_user_filter filter;
	enum store_user_sort sort;
	bool descending;
	uint32_t limit;
	/* Out: rows handed out by this call; was it the last page? */
	uint32_t count;
	bool done;
	/* The last one handed out. */
	int64_t after_id; /* 0: none */
	int64_t after_key;
	char after_name[TEXT_NAME_MAX + 1];
};

/* Goes on behind this user, wherever that one stands in the query's order. */
void store_user_query_after(
    struct store_user_query *query, const struct store_user *user);

/* The next page. One of which each() answered false counts as handed out. */
enum kith_code store_user_list(struct store *s, struct store_user_query *query,
    bool (*each)(void *context, const struct store_user *user), void *context);

/* How many the filter lets through: the M of "N of M". */
enum kith_code store_user_list_count(
    struct store *s, const struct store_user_filter *filter, int64_t *count_r);
