/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is stored about one person. Of conversations it has what the person
 * wrote: what others wrote is theirs. Hashes and tokens are nobody's to read.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "store_audit.h"
#include "store_conversation.h"
#include "store_device.h"
#include "store_friend_link.h"
#include "store_friend_request.h"
#include "store_invite.h"
#include "user.h"
#include "user_export.h"

#define MESSAGE_PAGE 500 /* message numbers that are looked at in one go */

struct person {
	struct call *call;
	struct store_user user;
	json_t *page; /* values that were gathered and not yet written */
	size_t taken; /* rows of the page, also those that were left out */
	int64_t last_id;
	bool begun; /* of the array: something stands in it */
	enum kith_code code;
};

static json_t *
time_value(int64_t time_us)
{
	char *text = output_time_utc(time_us);
	json_t *value = text != NULL ? json_string(text) : json_null();

	free(text);
	return value;
}

static json_t *
text_value(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

/* ---- arrays, page by page --------------------------------------------- */

static void
begin_array(struct person *p, const char *name)
{
	output_name(p->call, name);
	putchar('[');
	p->begun = false;
	p->last_id = 0;
}

/* Writes what was gathered; no read transaction is open then. */
static enum kith_code
write_page(struct person *p)
{
	json_t *value;
	size_t i;

	json_array_foreach(p->page, i, value)
	{
		fputs(p->begun ? ",\n    " : "\n    ", stdout);
		json_dumpf(value, stdout, JSON_COMPACT);
		p->begun = true;
	}
	json_array_clear(p->page);
	return output_check(p->call);
}

static void
end_array(struct person *p)
{
	fputs(p->begun ? "\n  ]" : "]", stdout);
}

/*
 * One array: each() of the store puts values into p->page and moves p->last_id,
 * until a page has fewer rows than it might.
 */
static enum kith_code
write_array(struct person *p, const char *name,
    enum kith_code (*each)(struct person *p, struct store_page page))
{
	enum kith_code code = KITH_OK;

	begin_array(p, name);
	do {
		struct store_page page = { .from = p->last_id,
			.limit = STORE_PAGE_MAX };

		p->taken = 0;
		code = database_open_read(p->call);
		if (code == KITH_OK)
			code = each(p, page);
		if (code == KITH_OK)
			code = p->code;
		database_end_read(p->call);
		if (code != KITH_OK)
			database_fault(p->call, code,
			    "What belongs to the account cannot be read.");
		else
			code = write_page(p);
	} while (code == KITH_OK && p->taken == STORE_PAGE_MAX);
	end_array(p);
	return code;
}

/* The name of another person, also of one who is deleted by now. */
static json_t *
name_of(struct person *p, int64_t id)
{
	struct store_user other;

	p->code = store_user_find(p->call->store, id, &other);
	return p->code == KITH_OK ? json_string(other.name) : json_null();
}

/* ---- profile, devices, friends, requests ------------------------------ */

static void
write_profile(struct person *p)
{
	const struct store_user *u = &p->user;
	json_t *profile = json_object();

	json_object_set_new(profile, "id", json_integer(u->id));
	json_object_set_new(profile, "name", json_string(u->name));
	json_object_set_new(
	    profile, "display_name", text_value(u->display_name));
	json_object_set_new(
	    profile, "state", json_string(user_state_word(u->state)));
	json_object_set_new(profile, "state_since", time_value(u->state_us));
	json_object_set_new(profile, "until", time_value(u->until_us));
	json_object_set_new(profile, "reason", text_value(u->reason));
	json_object_set_new(profile, "created", time_value(u->created_us));
	json_object_set_new(profile, "last_seen", time_value(u->last_seen_us));
	json_object_set_new(
	    profile, "has_password", json_boolean(u->phc[0] != '\0'));
	output_name(p->call, "profile");
	json_dumpf(profile, stdout, 0);
	json_decref(profile);
}

static bool
add_device(void *context, const struct store_device *device)
{
	struct person *p = context;
	json_t *value = json_object();

	json_object_set_new(value, "id", json_integer(device->id));
	json_object_set_new(value, "name", json_string(device->name));
	json_object_set_new(value, "created", time_value(device->created_us));
	json_object_set_new(
	    value, "last_seen", time_value(device->last_seen_us));
	json_array_append_new(p->page, value);
	return true;
}

static enum kith_code
each_device(struct person *p, struct store_page page)
{
	(void)page; /* never more than STORE_DEVICES_MAX */
	return store_device_each(p->call->store, p->user.id, add_device, p);
}

static bool
add_friend(void *context, const struct store_friend_link *link)
{
	struct person *p = context;
	json_t *value = json_object();

	p->taken++;
	p->last_id = link->low_id == p->user.id ? link->high_id : link->low_id;
	json_object_set_new(value, "id", json_integer(p->last_id));
	json_object_set_new(value, "name", name_of(p, p->last_id));
	json_object_set_new(value, "since", time_value(link->since_us));
	json_array_append_new(p->page, value);
	return p->code == KITH_OK;
}

static enum kith_code
each_friend(struct person *p, struct store_page page)
{
	return store_friend_link_each(
	    p->call->store, p->user.id, page, add_friend, p);
}

static bool
add_request(void *context, const struct store_friend_request *request)
{
	struct person *p = context;
	json_t *value = json_object();

	p->taken++;
	p->last_id = request->id;
	json_object_set_new(value, "from", name_of(p, request->from_id));
	if (p->code == KITH_OK)
		json_object_set_new(value, "to", name_of(p, request->to_id));
	json_object_set_new(value, "time", time_value(request->time_us));
	json_array_append_new(p->page, value);
	return p->code == KITH_OK;
}

static enum kith_code
each_request(struct person *p, struct store_page page)
{
	return store_friend_request_each(
	    p->call->store, p->user.id, page, add_request, p);
}

/* ---- what others did about the account -------------------------------- */

static bool
add_invite(void *context, const struct store_invite *invite)
{
	struct person *p = context;
	json_t *value;

	p->taken++;
	p->last_id = invite->id;
	if (invite->befriend_id != p->user.id)
		return true;
	value = json_object();
	json_object_set_new(value, "id", json_integer(invite->id));
	json_object_set_new(value, "note", text_value(invite->note));
	json_object_set_new(value, "created", time_value(invite->created_us));
	json_object_set_new(value, "expires", time_value(invite->expires_us));
	json_object_set_new(value, "uses", json_integer(invite->uses));
	json_object_set_new(
	    value, "uses_left", json_integer(invite->uses_left));
	json_array_append_new(p->page, value);
	return true;
}

/* Those by which people become this one's friend. */
static enum kith_code
each_invite(struct person *p, struct store_page page)
{
	return store_invite_each(
	    p->call->store, page.from, page.limit, add_invite, p);
}

static bool
add_audit(void *context, const struct store_audit *row)
{
	struct person *p = context;
	json_t *value = json_object();
	json_t *detail = json_loads(row->detail, JSON_DECODE_ANY, NULL);

	p->taken++;
	p->last_id = row->id;
	json_object_set_new(value, "time", time_value(row->time_us));
	json_object_set_new(value, "command", json_string(row->command));
	json_object_set_new(
	    value, "detail", detail != NULL ? detail : json_null());
	json_array_append_new(p->page, value);
	return true;
}

/* What administrators changed; who they are is theirs. */
static enum kith_code
each_audit(struct person *p, struct store_page page)
{
	char *target = mem_format("(id:%lld)", (long long)p->user.id);
	enum kith_code code = store_audit_each(p->call->store,
	    &(struct store_audit_query){ .from = page.from,
		.limit = page.limit,
		.oldest_first = true,
		.target = target },
	    add_audit, p);

	free(target);
	return code;
}

/* ---- conversations and messages --------------------------------------- */

static bool
add_conversation(void *context, const struct store_conversation *c)
{
	struct person *p = context;
	json_t *value = json_object();

	p->taken++;
	p->last_id = c->id;
	json_object_set_new(value, "id", json_integer(c->id));
	json_object_set_new(value, "with", json_string(c->peer.name));
	json_object_set_new(value, "first", json_integer(c->first_kept));
	json_object_set_new(value, "last", json_integer(c->last_number));
	for (size_t i = 0; i < c->mark_count; i++) {
		if (c->marks[i].user_id != p->user.id)
			continue;
		json_object_set_new(
		    value, "read", json_integer(c->marks[i].read));
	}
	json_array_append_new(p->page, value);
	return true;
}

static enum kith_code
each_conversation(struct person *p, struct store_page page)
{
	return store_conversation_each(
	    p->call->store, p->user.id, page, add_conversation, p);
}

static bool
add_message(void *context, const struct store_message *m)
{
	struct person *p = context;
	json_t *value;

	if (m->sender_id != p->user.id)
		return true;
	value = json_object();
	json_object_set_new(
	    value, "conversation", json_integer(m->conversation_id));
	json_object_set_new(value, "number", json_integer(m->number));
	json_object_set_new(value, "time", time_value(m->time_us));
	if (m->kind == STORE_MESSAGE_TEXT)
		json_object_set_new(value, "text",
		    json_stringn((const char *)m->body, m->body_length));
	/* the store gives the newest first */
	json_array_insert_new(p->page, 0, value);
	return true;
}

/* Those with numbers from first on, a stretch, and where it ends. */
static enum kith_code
read_messages(struct person *p, const struct store_conversation *c,
    int64_t first, int64_t *next_r)
{
	struct store_page page = { .limit = MESSAGE_PAGE };
	int64_t next = first + MESSAGE_PAGE;

	if (next > c->last_number + 1)
		next = c->last_number + 1;
	page.from = next;
	page.limit = (uint32_t)(next - first);
	*next_r = next;
	return store_message_each(p->call->store, c->id, page, add_message, p);
}

static enum kith_code
write_messages_of(struct person *p, int64_t conversation_id)
{
	struct store_membership m;
	int64_t next = 0;
	enum kith_code code;

	do {
		struct store_conversation c = { .id = conversation_id };

		code = database_open_read(p->call);
		if (code == KITH_OK)
			code = store_membership_find(
			    p->call->store, p->user.id, conversation_id, &m);
		if (code == KITH_OK) {
			c.last_number = m.last_number;
			if (next < m.first_kept)
				next = m.first_kept;
			if (next <= m.last_number)
				code = read_messages(p, &c, next, &next);
		}
		database_end_read(p->call);
		if (code != KITH_OK)
			return database_fault(
			    p->call, code, "The messages cannot be read.");
		code = write_page(p);
	} while (code == KITH_OK && next <= m.last_number);
	return code;
}

struct ids {
	int64_t *ids;
	size_t count;
	size_t taken;
};

static bool
note_id(void *context, const struct store_conversation *c)
{
	struct ids *ids = context;

	ids->ids[ids->count++] = c->id;
	return true;
}

/* A page of conversations at a time, and all that was written in each. */
static enum kith_code
write_messages(struct person *p)
{
	struct ids ids = { .ids = mem_new(STORE_PAGE_MAX, sizeof(int64_t)) };
	struct store_page page = { .limit = STORE_PAGE_MAX };
	enum kith_code code;

	begin_array(p, "messages");
	do {
		ids.count = 0;
		code = store_conversation_each(
		    p->call->store, p->user.id, page, note_id, &ids);
		if (code != KITH_OK)
			database_fault(
			    p->call, code, "The conversations cannot be read.");
		for (size_t i = 0; i < ids.count && code == KITH_OK; i++) {
			page.from = ids.ids[i];
			code = write_messages_of(p, ids.ids[i]);
		}
	} while (code == KITH_OK && ids.count == STORE_PAGE_MAX);
	end_array(p);
	free(ids.ids);
	return code;
}

static enum kith_code
write_all(struct person *p)
{
	enum kith_code code;

	write_profile(p);
	code = write_array(p, "devices", each_device);
	if (code == KITH_OK)
		code = write_array(p, "friends", each_friend);
	if (code == KITH_OK)
		code = write_array(p, "friend_requests", each_request);
	if (code == KITH_OK)
		code = write_array(p, "invites", each_invite);
	if (code == KITH_OK)
		code = write_array(p, "audit", each_audit);
	if (code == KITH_OK)
		code = write_array(p, "conversations", each_conversation);
	return code == KITH_OK ? write_messages(p) : code;
}

enum kith_code
user_export_person(struct call *call, const char *selector)
{
	struct person p = { .call = call };
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_find_user(call, selector, &p.user);
	if (code != KITH_OK)
		return code;
	call->format = CALL_JSON;
	call->json = true;
	p.page = json_array();
	code = write_all(&p);
	json_decref(p.page);
	explicit_bzero(p.user.phc, sizeof(p.user.phc));
	return code;
}
