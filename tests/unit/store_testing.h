/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* clang-format off: cmocka needs this order */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "store.h"
#include "store_announcement.h"
#include "store_audit.h"
#include "store_conversation.h"
#include "store_device.h"
#include "store_event.h"
#include "store_friend_link.h"
#include "store_friend_request.h"
#include "store_invite.h"
#include "store_message.h"
#include "store_operation.h"
#include "store_user.h"
#include "store_user_list.h"

/*
 * What the tests of the store share: a folder of their own with a database in
 * it, opened as the hub does, and short words for what they do all the time.
 * A cmocka setup makes it, the teardown verifies the database, closes it and
 * removes everything.
 */

#define T0 1700000000000000LL /* a time: microseconds since 1970 */

struct testing {
	char folder[64];
	char path[128]; /* of the database */
	struct store *s;
};

int testing_setup(void **state);
int testing_teardown(void **state);
/* Only the folder, and nothing opened. */
int testing_setup_folder(void **state);
int testing_teardown_folder(void **state);

void testing_reopen(struct testing *t, unsigned int flags);

/* A copy of the file `from` takes the place of the closed database. */
void testing_replace(struct testing *t, const char *from);

/* KITH_OK, or the test fails with the code's word and the store's sentence. */
#define ok(t, code) testing_ok((t), (code), #code, __FILE__, __LINE__)
void testing_ok(struct testing *t, enum kith_code code, const char *what,
    const char *file, int line);
/* This code, told by its word when it is another. */
#define gives(code, wanted) \
	assert_string_equal(kith_code_word(code), kith_code_word(wanted))

/* Each in a write of its own unless one is open. */
void testing_begin(struct testing *t);
void testing_commit(struct testing *t);
int64_t testing_user(struct testing *t, const char *name);
int64_t testing_friends(struct testing *t, int64_t a, int64_t b);
struct store_message_sent testing_send(
    struct testing *t, int64_t conversation, int64_t sender, const char *text);

/* Events above a sequence as words: "message:1 mark:2", in order. */
#define TESTING_LIST_MAX 16384
struct testing_list {
	char text[TESTING_LIST_MAX];
	size_t length;
	unsigned int count;
	unsigned int limit; /* takes no more than so many; 0: all */
};
bool testing_list_event(void *list, const struct store_event *event);
bool testing_list_message(void *list, const struct store_message *message);
/* "actor:command:target", "body>recipients", "name". */
bool testing_list_audit(void *list, const struct store_audit *row);
bool testing_list_announcement(
    void *list, const struct store_announcement *announcement);
bool testing_list_user(void *list, const struct store_user *user);
void testing_list_add(struct testing_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Fails with the sentence; for store_verify(). */
void testing_problem(void *context, const char *sentence);

/* Runs SQL on the file through a connection of its own, as a stranger would. */
void testing_sql(struct testing *t, const char *sql);
int64_t testing_sql_integer(struct testing *t, const char *sql);
/* No line of this EXPLAIN QUERY PLAN says that something is sorted. */
void testing_no_sorting(struct testing *t, const char *sql);
