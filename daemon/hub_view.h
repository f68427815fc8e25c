/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "hub.h"
#include "kith.pb-c.h"
#include "store_conversation.h"
#include "store_event.h"
#include "store_friend_request.h"
#include "store_message.h"
#include "store_user.h"

/*
 * Rows of the store as messages of the protocol, as one person sees them. The
 * messages and everything in them live in a view until view_clear(): an answer
 * is built, packed and forgotten in one go.
 */

struct view *view_new(void);
void view_free(struct view **view);

/* Forgets everything that was made in it; keeps a little memory. */
void view_clear(struct view *view);

/* Zeroed, aligned for anything. */
void *view_take(struct view *view, size_t size);

Kith__User *view_user(struct view *view, const struct store_user *user);

/* viewer_id: operation is told to the sender only. */
Kith__Message *view_message(
    struct view *view, const struct store_message *message, int64_t viewer_id);

Kith__Mark *view_mark(struct view *view, const struct store_mark *mark);

/* Finds both people. A result of the store where that fails. */
enum kith_code view_friend_request(struct hub *hub,
    const struct store_friend_request *request,
    Kith__FriendRequest **request_r);

Kith__Conversation *view_conversation(struct hub *hub,
    const struct store_conversation *conversation, int64_t viewer_id);

/*
 * KITH_NOT_FOUND: there is nothing to be told any more (an event of the hub's
 * own, or of something that is gone): the cursor just passes it.
 */
enum kith_code view_event(struct hub *hub, const struct store_event *event,
    int64_t viewer_id, Kith__Event **event_r);

/* Does an event of this kind look the same to everybody but its sender? */
bool view_event_is_shared(enum store_event_kind kind);
