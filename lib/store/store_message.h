/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/* Messages, numbered 1, 2, 3 ... in each conversation, without a gap. */

/* On disk: append only. What the body holds. */
enum store_message_kind {
	STORE_MESSAGE_TEXT = 1, /* UTF-8, without a NUL at its end */
};

struct store_message {
	int64_t conversation_id;
	int64_t number;
	int64_t sender_id;
	int64_t time_us;
	/* Of the request that sent it; has_operation false where none did. */
	bool has_operation;
	uint8_t operation[STORE_OPERATION_LENGTH];
	enum store_message_kind kind;
	const uint8_t *body;
	size_t body_length;
};

struct store_message_sent {
	int64_t number;
	int64_t time_us;  /* never before that of the message before it */
	int64_t sequence; /* of its event */
};

/*
 * In: conversation_id, sender_id, time_us (the server's clock), operation,
 * kind, body. NOT_FOUND when the sender is not a member, NOT_FRIENDS when a
 * direct conversation has no friend link. The text is not checked here.
 */
enum kith_code store_message_add(struct store *s,
    const struct store_message *message, struct store_message_sent *sent_r);

enum kith_code store_message_find(struct store *s, int64_t conversation_id,
    int64_t number, struct store_message *message_r);

/*
 * Numbers BELOW page.from (0: from the newest), NEWEST FIRST, so that a page
 * that is full of bytes can stop. Membership is the caller's to check.
 */
enum kith_code store_message_each(struct store *s, int64_t conversation_id,
    struct store_page page,
    bool (*each)(void *context, const struct store_message *message),
    void *context);

/* How many the whole database holds. Reads every conversation's row. */
enum kith_code store_message_count(struct store *s, int64_t *count_r);
