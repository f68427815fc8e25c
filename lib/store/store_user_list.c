/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Lists of many users. Every order goes on from the key of the last row, so
 * that page N costs as much as page 1, and people who come or go between two
 * pages neither repeat nor hide others.
 */

#include "store_user_list.h"

#include <stdio.h>
#include <string.h>

#include "store_private.h"

/* Above every name, as "" is below. */
#define NAME_END "\x7f"

static const enum statement statements[STORE_USER_SORT_COUNT][2] = {
	[STORE_USER_BY_NAME] = { STATEMENT_USER_LIST_NAME,
	    STATEMENT_USER_LIST_NAME_DOWN },
	[STORE_USER_BY_ID] = { STATEMENT_USER_LIST_ID,
	    STATEMENT_USER_LIST_ID_DOWN },
	[STORE_USER_BY_CREATED] = { STATEMENT_USER_LIST_CREATED,
	    STATEMENT_USER_LIST_CREATED_DOWN },
	[STORE_USER_BY_LAST_SEEN] = { STATEMENT_USER_LIST_SEEN,
	    STATEMENT_USER_LIST_SEEN_DOWN },
};

static unsigned int
wanted_states(const struct store_user_filter *filter)
{
	return filter->states != 0 ? filter->states : STORE_USER_STATES_USUAL;
}

/* The only one of a set; 0 when there are several. */
static enum store_user_state
single_state(unsigned int states)
{
	unsigned int state = 0;

	if ((states & (states - 1)) != 0)
		return (enum store_user_state)0;
	while ((states >>= 1) != 0)
		state++;
	return (enum store_user_state)state;
}

static struct value
contained(const struct store_user_filter *filter)
{
	bool any = filter->contains == NULL || filter->contains[0] == '\0';

	return (struct value){ .kind = any ? VALUE_NULL : VALUE_TEXT,
		.bytes = filter->contains };
}

static sqlite3_stmt *
start(struct store *s, const struct store_user_query *q)
{
	const struct store_user_filter *filter = &q->filter;
	unsigned int states = wanted_states(filter);
	enum store_user_state single = single_state(states);
	enum statement id = statements[q->sort][q->descending];
	bool first = q->after_id == 0;
	struct value key, after_id;

	if (q->sort == STORE_USER_BY_NAME && single != 0)
		id = q->descending ? STATEMENT_USER_LIST_STATE_DOWN
				   : STATEMENT_USER_LIST_STATE;
	else
		single = (enum store_user_state)0;
	key = (struct value)INTEGER(
	    first ? (q->descending ? INT64_MAX : INT64_MIN) : q->after_key);
	after_id = (struct value)INTEGER(
	    first && q->descending ? INT64_MAX : q->after_id);
	if (q->sort == STORE_USER_BY_NAME)
		key = (struct value)TEXT(
		    first && q->descending ? NAME_END : q->after_name);
	return statement_start(s, id,
	    VALUES(INTEGER(single != 0 ? (int64_t)single : (int64_t)states),
		INTEGER(filter->inactive_since_us), contained(filter),
		INTEGER(filter->created_from_us),
		INTEGER(filter->created_before_us), key, after_id,
		INTEGER(store_page_limit(q->limit))));
}

void
store_user_query_after(
    struct store_user_query *q, const struct store_user *user)
{
	q->after_id = user->id;
	q->after_key = q->sort == STORE_USER_BY_CREATED ? user->created_us
							: user->last_seen_us;
	snprintf(q->after_name, sizeof(q->after_name), "%s", user->name);
}

enum kith_code
store_user_list(struct store *s, struct store_user_query *query,
    bool (*each)(void *context, const struct store_user *user), void *context)
{
	sqlite3_stmt *st = start(s, query);
	struct store_user user;
	enum kith_code code;

	query->count = 0;
	query->done = false;
	while ((code = statement_next(s, st)) == KITH_OK) {
		user_from_row(st, &user);
		/* before each(), which may look at it */
		store_user_query_after(query, &user);
		query->count++;
		if (!each(context, &user)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	if (code != KITH_NOT_FOUND)
		return code;
	query->done = (int64_t)query->count < store_page_limit(query->limit);
	return KITH_OK;
}

/* ---- counting -------------------------------------------------------- */

/* Only by state: along the small index alone. */
static enum kith_code
count_states(struct store *s, unsigned int states, int64_t *count_r)
{
	int64_t one, count = 0;
	enum kith_code code = KITH_OK;
	int state;

	for (state = STORE_USER_ACTIVE;
	     code == KITH_OK && state <= STORE_USER_SYSTEM; state++) {
		if ((states & STORE_USER_IN(state)) == 0)
			continue;
		code = statement_integer(s, STATEMENT_USER_STATE_COUNT,
		    VALUES(INTEGER(state)), &one);
		if (code == KITH_OK)
			count += one;
	}
	if (code == KITH_OK)
		*count_r = count;
	return code;
}

enum kith_code
store_user_list_count(
    struct store *s, const struct store_user_filter *filter, int64_t *count_r)
{
	struct value contains = contained(filter);

	if (contains.kind == VALUE_NULL && filter->inactive_since_us == 0 &&
	    filter->created_from_us == 0 && filter->created_before_us == 0)
		return count_states(s, wanted_states(filter), count_r);
	return statement_integer(s, STATEMENT_USER_LIST_COUNT,
	    VALUES(INTEGER(wanted_states(filter)),
		INTEGER(filter->inactive_since_us), contains,
		INTEGER(filter->created_from_us),
		INTEGER(filter->created_before_us)),
	    count_r);
}
