/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"
#include "store_mark.h"
#include "store_message.h"
#include "store_user.h"

/* Conversations and their members. */

/* On disk: append only. The same as Conversation.Kind + 1. */
enum store_conversation_kind {
	STORE_CONVERSATION_DIRECT = 1,
};

#define STORE_UNREAD_MAX             1000u /* counting stops there */
#define STORE_CONVERSATION_MARKS_MAX 2u

/* One person's view of a conversation. */
struct store_conversation {
	int64_t id;
	enum store_conversation_kind kind;
	int64_t peer_id;        /* the other person of a direct one */
	struct store_user peer; /* without phc and reason */
	bool friends;
	int64_t first_kept;
	int64_t last_number;   /* 0: no message yet */
	int64_t last_sequence; /* of the newest event with it as audience */
	uint32_t unread; /* others' messages above the person's read mark */
	struct store_mark marks[STORE_CONVERSATION_MARKS_MAX];
	size_t mark_count;
	struct store_message last_message; /* number 0 when there is none */
};

/* The direct conversation of two people, made where there is none. */
enum kith_code store_conversation_make_direct(
    struct store *s, int64_t a_id, int64_t b_id, int64_t now_us, int64_t *id_r);

/* Those of one person with an id above page.from, by id. For snapshots. */
enum kith_code store_conversation_each(struct store *s, int64_t user_id,
    struct store_page page,
    bool (*each)(void *context, const struct store_conversation *conversation),
    void *context);

/* Just one, as this person sees it. NOT_FOUND when not a member. */
enum kith_code store_conversation_find(struct store *s, int64_t user_id,
    int64_t id, struct store_conversation *conversation_r);

/*
 * Without the peer, marks, unread count and last message: what is needed to
 * authorise, at a tenth of the cost. NOT_FOUND when not a member.
 */
struct store_membership {
	enum store_conversation_kind kind;
	int64_t peer_id;
	bool friends;
	int64_t first_kept;
	int64_t last_number;
};
enum kith_code store_membership_find(struct store *s, int64_t user_id,
    int64_t conversation_id, struct store_membership *membership_r);

/* Who is in it: to route an event whose audience is a conversation. */
enum kith_code store_member_each(struct store *s, int64_t conversation_id,
    bool (*each)(void *context, int64_t user_id), void *context);
