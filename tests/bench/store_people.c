/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What lists, imports and announcements cost in the store alone: fills a
 * database with people and measures the first page of each order and of the
 * usual filters, a walk over all pages, and one announcement to everybody.
 *
 *   store-people FILE [PEOPLE]          100,000 by default
 *
 * Prints a line of milliseconds for each, by the clock and of the processor. FILE must not be there before.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_announcement.h"
#include "store_user_list.h"

#define PEOPLE_DEFAULT 100000
#define PEOPLE_MAX     10000000
#define PAGE           50u
#define RARE           5000 /* every so many one is locked, one pending */
#define T0             INT64_C(1700000000000000)
#define HASH                                                     \
	"$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$" \
	"RdescudvJCsgt3ub+b0dWRWJTmaaJObGc8f0lWqgCzM"

struct bench {
	struct store *s;
	int64_t people;
	double since;
	double cpu_since;
};

static void
must(struct bench *b, enum kith_code code, const char *what)
{
	if (code == KITH_OK)
		return;
	fprintf(stderr, "store-people: %s: %s (%s)\n", what,
	    kith_code_word(code),
	    b->s != NULL ? store_fault(b->s)->sentence : "");
	exit(1);
}

static double
milliseconds(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
start(struct bench *b)
{
	b->since = milliseconds(CLOCK_MONOTONIC);
	b->cpu_since = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void
told(struct bench *b, const char *what)
{
	printf("%s=%.2f cpu=%.2f\n", what,
	    milliseconds(CLOCK_MONOTONIC) - b->since,
	    milliseconds(CLOCK_PROCESS_CPUTIME_ID) - b->cpu_since);
	start(b);
}

static void
import(struct bench *b)
{
	char name[TEXT_NAME_MAX + 1];
	int64_t i, id;

	start(b);
	must(b, store_begin_write(b->s, STORE_WAIT, NULL), "begin");
	for (i = 0; i < b->people; i++) {
		struct store_user_import row = { .name = name,
			.display_name = "Somebody With A Name",
			.phc = HASH,
			.state = STORE_USER_ACTIVE,
			.created_us = T0 + i,
			.last_seen_us = T0 + i * 7919 % b->people };

		/* not in the order of the index, as names are */
		snprintf(name, sizeof(name), "p%07lld",
		    (long long)(i * 7907 % b->people));
		if (i % RARE == 1)
			row.state = STORE_USER_LOCKED;
		if (i % RARE == 2)
			row.state = STORE_USER_PENDING;
		must(b, store_user_import(b->s, &row, T0, &id), name);
	}
	must(b, store_commit(b->s, NULL), "commit");
	told(b, "import");
}

static bool
ignore(void *context, const struct store_user *user)
{
	(void)context;
	(void)user;
	return true;
}

/* As a command does it: how many there are, and the first page. */
static void
page(struct bench *b, const char *what, struct store_user_query query)
{
	int64_t count;

	query.limit = PAGE;
	start(b);
	must(b, store_user_list_count(b->s, &query.filter, &count), "count");
	must(b, store_user_list(b->s, &query, ignore, NULL), "list");
	told(b, what);
}

static void
pages(struct bench *b)
{
	const struct store_user_filter pending = { .states = STORE_USER_IN(
						       STORE_USER_PENDING) };
	const struct store_user_filter odd = {
		.states = STORE_USER_IN(STORE_USER_PENDING) |
		    STORE_USER_IN(STORE_USER_LOCKED)
	};
	const struct store_user_filter found = { .contains = "99999" };
	const struct store_user_filter inactive = { .inactive_since_us = T0 };

	page(b, "by_name", (struct store_user_query){ 0 });
	page(b, "by_id", (struct store_user_query){ .sort = STORE_USER_BY_ID });
	page(b, "by_created",
	    (struct store_user_query){ .sort = STORE_USER_BY_CREATED });
	page(b, "by_last_seen_down",
	    (struct store_user_query){
		.sort = STORE_USER_BY_LAST_SEEN, .descending = true });
	page(b, "pending", (struct store_user_query){ .filter = pending });
	page(b, "pending_by_created",
	    (struct store_user_query){
		.filter = pending, .sort = STORE_USER_BY_CREATED });
	page(
	    b, "pending_or_locked", (struct store_user_query){ .filter = odd });
	page(b, "name_contains", (struct store_user_query){ .filter = found });
	page(b, "inactive_none",
	    (struct store_user_query){ .filter = inactive });
}

static void
walk(struct bench *b)
{
	struct store_user_query query = { .limit = STORE_PAGE_MAX };

	start(b);
	while (!query.done)
		must(b, store_user_list(b->s, &query, ignore, NULL), "list");
	told(b, "walk_all");
}

static void
announce(struct bench *b)
{
	struct store_announcement done;
	const struct store_announcement_new new = { .body = "tea at five",
		.actor = "bench",
		.server_name = "bench",
		.now_us = T0 };

	double began, longest;

	start(b);
	must(b, store_begin_write(b->s, STORE_WAIT, NULL), "begin");
	must(b, store_announce(b->s, &new, &done, NULL), "announce");
	must(b, store_commit(b->s, NULL), "commit");
	longest = milliseconds(CLOCK_MONOTONIC) - b->since;
	while (done.more) {
		began = milliseconds(CLOCK_MONOTONIC);
		must(b, store_begin_write(b->s, STORE_WAIT, NULL), "begin");
		must(b, store_announcement_advance(b->s, &done.more), "part");
		must(b, store_commit(b->s, NULL), "commit");
		began = milliseconds(CLOCK_MONOTONIC) - began;
		longest = began > longest ? began : longest;
	}
	told(b, "announce");
	printf("announce_longest=%.2f\n", longest);
}

int
main(int argc, char **argv)
{
	struct bench b = { .people = PEOPLE_DEFAULT };
	struct fault f = { 0 };

	if (argc == 3)
		b.people = strtoll(argv[2], NULL, 10);
	if (argc < 2 || argc > 3 || b.people < 1 || b.people > PEOPLE_MAX) {
		fprintf(stderr, "usage: store-people FILE [people]\n");
		return 2;
	}
	if (store_open(argv[1], STORE_CREATE, &b.s, &f) != KITH_OK) {
		fprintf(stderr, "store-people: %s\n", f.sentence);
		return 1;
	}
	import(&b);
	store_close(&b.s);
	/* what kith-admin finds: nothing of it in memory of its own */
	if (store_open(argv[1], STORE_READ, &b.s, &f) != KITH_OK) {
		fprintf(stderr, "store-people: %s\n", f.sentence);
		return 1;
	}
	pages(&b);
	walk(&b);
	store_close(&b.s);
	if (store_open(argv[1], 0, &b.s, &f) == KITH_OK)
		announce(&b);
	store_close(&b.s);
	return 0;
}
