/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the database knows for completing a word. Faults are nobody's business
 * here: no candidates.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "complete_private.h"
#include "database.h"
#include "mem.h"
#include "owner.h"
#include "snapshot.h"
#include "store_device.h"
#include "store_friend_link.h"
#include "store_friend_request.h"
#include "store_invite.h"

static void
offer_id(struct completion *c, int64_t id)
{
	char *word = mem_format("id:%lld", (long long)id);

	completion_offer(c, word);
	free(word);
}

/* Names are handed out in their order: after the first other one no more. */
static bool
offer_user(void *context, const struct store_user *user)
{
	struct completion *c = context;

	if (strncmp(user->name, c->current, strlen(c->current)) != 0)
		return false;
	completion_offer(c, user->name);
	return c->offered < COMPLETE_MAX;
}

static void
offer_users(struct completion *c)
{
	struct store_user user;

	/* what follows are the names above this one */
	if (store_user_find_name(c->call->store, c->current, &user) == KITH_OK)
		completion_offer(c, user.name);
	store_user_each(
	    c->call->store, c->current, COMPLETE_MAX, offer_user, c);
}

struct person {
	struct completion *completion;
	int64_t id; /* whose friends and requests these are */
};

static bool
offer_other(struct person *person, int64_t one, int64_t other)
{
	struct completion *c = person->completion;
	struct store_user user;

	if (store_user_find(c->call->store, one == person->id ? other : one,
		&user) == KITH_OK)
		completion_offer(c, user.name);
	return c->offered < COMPLETE_MAX;
}

static bool
offer_friend(void *context, const struct store_friend_link *link)
{
	return offer_other(context, link->low_id, link->high_id);
}

static bool
offer_request(void *context, const struct store_friend_request *request)
{
	return offer_other(context, request->from_id, request->to_id);
}

static bool
offer_device(void *context, const struct store_device *device)
{
	offer_id(context, device->id);
	return true;
}

static bool
offer_invite(void *context, const struct store_invite *invite)
{
	struct completion *c = context;

	offer_id(c, invite->id);
	return c->offered < COMPLETE_MAX;
}

/* What hangs on the person whom the first argument names. */
static void
offer_of_person(struct completion *c, enum word_kind kind)
{
	const struct store_page page = { .limit = STORE_PAGE_MAX };
	struct person person = { .completion = c };
	struct store *s = c->call->store;
	struct store_user user;

	if (c->argument_count == 0 ||
	    database_find_user(c->call, c->arguments[0], &user) != KITH_OK)
		return;
	person.id = user.id;
	if (kind == WORD_FRIEND)
		store_friend_link_each(s, user.id, page, offer_friend, &person);
	else if (kind == WORD_REQUEST)
		store_friend_request_each(
		    s, user.id, page, offer_request, &person);
	else
		store_device_each(s, user.id, offer_device, c);
}

static void
offer_snapshots(struct completion *c)
{
	char *folder = snapshot_folder(c->call);
	DIR *directory = opendir(folder);
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL &&
	    c->offered < COMPLETE_MAX) {
		char *path = mem_format("%s/%s", folder, entry->d_name);

		if (entry->d_name[0] != '.')
			completion_offer(c, path);
		free(path);
	}
	if (directory != NULL)
		closedir(directory);
	free(folder);
}

void
completion_offer_stored(struct completion *c, enum word_kind kind)
{
	struct call *call = c->call;

	if (owner_become(call->database, &call->fault) != KITH_OK)
		return;
	if (kind == WORD_SNAPSHOT) {
		offer_snapshots(c);
		return;
	}
	if (database_open_read(call) == KITH_OK) {
		if (kind == WORD_USER)
			offer_users(c);
		else if (kind == WORD_INVITE)
			store_invite_each(
			    call->store, 0, STORE_PAGE_MAX, offer_invite, c);
		else
			offer_of_person(c, kind);
		database_end_read(call);
	}
	database_close(call);
	call->usage = false;
	memset(&call->fault, 0, sizeof(call->fault));
}
