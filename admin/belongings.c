/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "belongings.h"

#include "database.h"
#include "store_device.h"
#include "store_friend_link.h"
#include "store_friend_request.h"

struct count {
	struct belongings all;
	int64_t user_id;
	int64_t last_id; /* of the page */
	uint32_t page;   /* rows in it */
};

static bool
count_link(void *context, const struct store_friend_link *link)
{
	struct count *c = context;

	c->last_id = link->low_id == c->user_id ? link->high_id : link->low_id;
	c->all.friends++;
	c->page++;
	return true;
}

static bool
count_request(void *context, const struct store_friend_request *request)
{
	struct count *c = context;

	c->last_id = request->id;
	c->all.requests++;
	c->page++;
	return true;
}

static bool
count_device(void *context, const struct store_device *device)
{
	struct count *c = context;

	c->all.devices++;
	if (device->last_seen_us > c->all.last_seen_us)
		c->all.last_seen_us = device->last_seen_us;
	return true;
}

static enum kith_code
count_links(struct store *s, struct count *c)
{
	struct store_page page = { .limit = STORE_PAGE_MAX };
	enum kith_code code;

	c->last_id = 0;
	do {
		page.from = c->last_id;
		c->page = 0;
		code =
		    store_friend_link_each(s, c->user_id, page, count_link, c);
	} while (code == KITH_OK && c->page == page.limit);
	return code;
}

static enum kith_code
count_requests(struct store *s, struct count *c)
{
	struct store_page page = { .limit = STORE_PAGE_MAX };
	enum kith_code code;

	c->last_id = 0;
	do {
		page.from = c->last_id;
		c->page = 0;
		code = store_friend_request_each(
		    s, c->user_id, page, count_request, c);
	} while (code == KITH_OK && c->page == page.limit);
	return code;
}

enum kith_code
belongings_count(
    struct call *call, int64_t user_id, struct belongings *belongings_r)
{
	struct count c = { .user_id = user_id };
	enum kith_code code = store_begin_read(call->store);

	if (code == KITH_OK) {
		code = count_links(call->store, &c);
		if (code == KITH_OK)
			code = count_requests(call->store, &c);
		if (code == KITH_OK)
			code = store_device_each(
			    call->store, user_id, count_device, &c);
		store_end_read(call->store);
	}
	if (code != KITH_OK)
		return database_fault(call, code,
		    "What belongs to the account cannot be counted.");
	*belongings_r = c.all;
	return KITH_OK;
}
