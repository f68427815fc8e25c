/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * catch_up, get_snapshot, get_history: what a client asks for to be in step.
 * Each answer is one page, limited in rows and in bytes, read from one state of
 * the database and never while that is being written.
 */
#include <string.h>

#include "hub_push.h"
#include "hub_request.h"
#include "hub_session.h"
#include "hub_view.h"
#include "store_conversation.h"
#include "store_event.h"
#include "store_friend_request.h"
#include "store_message.h"

/* Rows of one page, in a view, until it is full. */
struct page {
	struct hub *hub;
	int64_t viewer_id;
	uint32_t limit;
	size_t count;
	size_t bytes;
	void *rows[PAGE_ROWS_MAX];
	int64_t last_id;
	bool full;
	enum kith_code code;
};

static void
page_init(struct page *page, struct request *request, uint32_t limit)
{
	*page = (struct page){ .hub = request->hub,
		.viewer_id = request->session->user_id,
		.code = KITH_OK };
	page->limit =
	    limit == 0 || limit > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : limit;
	view_clear(request->hub->view);
}

/* False when there is no room for it; the first row always has room. */
static bool
page_add(struct page *page, void *row)
{
	size_t bytes = protobuf_c_message_get_packed_size(row);

	if (page->count == page->limit ||
	    (page->count > 0 && page->bytes + bytes > PAGE_BYTES_MAX)) {
		page->full = true;
		return false;
	}
	page->rows[page->count++] = row;
	page->bytes += bytes;
	return true;
}

/* ---- catch_up ---------------------------------------------------------------- */

static bool
add_event(void *context, const struct store_event *event)
{
	struct page *page = context;
	Kith__Event *e;

	page->code = view_event(page->hub, event, page->viewer_id, &e);
	if (page->code == KITH_NOT_FOUND) {
		page->code = KITH_OK;
		return true;
	}
	return page->code == KITH_OK && page_add(page, e);
}

static void
start_following(struct request *request)
{
	push_follow(request->session, request->session->cursor);
}

static void
answer_page(struct request *request, Kith__EventPage *page)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;

	page->epoch.data = request->hub->epoch;
	page->epoch.len = sizeof(request->hub->epoch);
	message.body_case = KITH__TO_CLIENT__BODY_EVENT_PAGE;
	message.event_page = page;
	request_answer(request, &message);
}

/* Is this a cursor of ours? Else a snapshot is needed. */
static enum kith_code
check_cursor(struct hub *hub, const Kith__CatchUp *m, bool *known_r)
{
	int64_t newest;
	enum kith_code code = store_event_newest(hub->store, &newest);

	if (code == KITH_OK)
		*known_r = m->epoch.len == sizeof(hub->epoch) &&
		    memcmp(m->epoch.data, hub->epoch, sizeof(hub->epoch)) ==
			0 &&
		    m->sequence <= (uint64_t)newest;
	return code;
}

static enum kith_code
read_events(struct request *request, Kith__EventPage *answer)
{
	const Kith__CatchUp *m = request->message->catch_up;
	struct session *session = request->session;
	struct page page;
	struct store_event_page events = { .user_id = session->user_id,
		.after = (int64_t)m->sequence,
		.each = add_event,
		.context = &page };
	int64_t reached;
	bool more;
	enum kith_code code;

	page_init(&page, request, m->limit);
	events.limit = page.limit;
	code =
	    store_event_catch_up(request->hub->store, &events, &reached, &more);
	if (code == KITH_OK)
		code = page.code;
	if (code != KITH_OK)
		return code;
	answer->n_events = page.count;
	answer->events = (Kith__Event **)page.rows;
	answer->sequence = (uint64_t)reached;
	answer->more = more;
	answer_page(request, answer);
	if (!more) {
		session->cursor = reached;
		request->answered = start_following;
	}
	return KITH_OK;
}

enum kith_code
handle_catch_up(struct request *request, struct fault *fault)
{
	Kith__EventPage answer = KITH__EVENT_PAGE__INIT;
	bool known;
	enum kith_code code;

	request->session->following = false;
	code = check_cursor(request->hub, request->message->catch_up, &known);
	if (code != KITH_OK)
		return code;
	if (known) {
		code = read_events(request, &answer);
		if (code != KITH_TOO_LARGE)
			return code;
	}
	answer.snapshot_needed = true;
	answer_page(request, &answer);
	return KITH_OK;
}

/* ---- get_snapshot ------------------------------------------------------------ */

/*
 * `next`: first conversations by their id, then friend requests by theirs with
 * this bit set.
 */
#define NEXT_REQUESTS (UINT64_C(1) << 62)

static bool
add_conversation(void *context, const struct store_conversation *conversation)
{
	struct page *page = context;

	if (!page_add(page,
		view_conversation(page->hub, conversation, page->viewer_id)))
		return false;
	page->last_id = conversation->id;
	return true;
}

static bool
add_friend_request(void *context, const struct store_friend_request *request)
{
	struct page *page = context;
	Kith__FriendRequest *r;

	page->code = view_friend_request(page->hub, request, &r);
	if (page->code != KITH_OK || !page_add(page, r))
		return false;
	page->last_id = request->id;
	return true;
}

/*
 * Reads one row more than fits where the rows are what ends the page, so that
 * `full` says whether there is more.
 */
static enum kith_code
read_conversations(struct page *page, Kith__Snapshot *answer, uint64_t from)
{
	struct store_page rows = { .from = (int64_t)from,
		.limit = PAGE_ROWS_MAX + 1 };
	enum kith_code code = store_conversation_each(
	    page->hub->store, page->viewer_id, rows, add_conversation, page);

	answer->n_conversations = page->count;
	answer->conversations = (Kith__Conversation **)page->rows;
	answer->next = page->full ? (uint64_t)page->last_id : NEXT_REQUESTS;
	return code != KITH_OK ? code : page->code;
}

static enum kith_code
read_friend_requests(struct page *page, Kith__Snapshot *answer, uint64_t from)
{
	struct store_page rows = { .from = (int64_t)from,
		.limit = PAGE_ROWS_MAX + 1 };
	enum kith_code code = store_friend_request_each(
	    page->hub->store, page->viewer_id, rows, add_friend_request, page);

	answer->n_friend_requests = page->count;
	answer->friend_requests = (Kith__FriendRequest **)page->rows;
	answer->next = page->full ? NEXT_REQUESTS | (uint64_t)page->last_id : 0;
	return code != KITH_OK ? code : page->code;
}

/* The rows of both kinds that make one answer. */
struct snapshot_pages {
	struct page conversations;
	struct page friend_requests;
};

static enum kith_code
read_snapshot(struct request *request, struct snapshot_pages *pages,
    Kith__Snapshot *answer)
{
	uint64_t from = request->message->get_snapshot->from;
	int64_t newest;
	enum kith_code code = store_event_newest(request->hub->store, &newest);

	page_init(&pages->conversations, request, 0);
	page_init(&pages->friend_requests, request, 0);
	if (code != KITH_OK)
		return code;
	answer->sequence = (uint64_t)newest;
	if ((from & NEXT_REQUESTS) != 0)
		return read_friend_requests(
		    &pages->friend_requests, answer, from & ~NEXT_REQUESTS);
	code = read_conversations(&pages->conversations, answer, from);
	if (code != KITH_OK || pages->conversations.full)
		return code;
	/* The usual snapshot is one page: what is left of it takes these. */
	pages->friend_requests.bytes = pages->conversations.bytes;
	return read_friend_requests(&pages->friend_requests, answer, 0);
}

enum kith_code
handle_get_snapshot(struct request *request, struct fault *fault)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Snapshot answer = KITH__SNAPSHOT__INIT;
	struct store *store = request->hub->store;
	struct snapshot_pages pages;
	enum kith_code code;

	if (request->message->get_snapshot->from > (uint64_t)INT64_MAX)
		return KITH_MALFORMED;
	code = store_begin_read(store);
	if (code != KITH_OK)
		return code;
	code = read_snapshot(request, &pages, &answer);
	store_end_read(store);
	if (code != KITH_OK)
		return code;
	answer.epoch.data = request->hub->epoch;
	answer.epoch.len = sizeof(request->hub->epoch);
	message.body_case = KITH__TO_CLIENT__BODY_SNAPSHOT;
	message.snapshot = &answer;
	request_answer(request, &message);
	return KITH_OK;
}

/* ---- get_history ------------------------------------------------------------- */

static bool
add_message(void *context, const struct store_message *message)
{
	struct page *page = context;

	return page_add(
	    page, view_message(page->hub->view, message, page->viewer_id));
}

/* They are read newest first, so that a full page ends at the old end. */
static void
reverse(void **rows, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		void *row = rows[i];

		rows[i] = rows[count - 1 - i];
		rows[count - 1 - i] = row;
	}
}

static enum kith_code
read_history(
    struct request *request, struct page *page, Kith__HistoryPage *answer)
{
	const Kith__GetHistory *m = request->message->get_history;
	struct store *store = request->hub->store;
	struct store_page rows = { .from = (int64_t)m->before,
		.limit = page->limit };
	struct store_membership membership;
	enum kith_code code = store_membership_find(
	    store, page->viewer_id, (int64_t)m->conversation_id, &membership);

	if (code != KITH_OK)
		return code;
	code = store_message_each(
	    store, (int64_t)m->conversation_id, rows, add_message, page);
	if (code != KITH_OK)
		return code;
	reverse(page->rows, page->count);
	answer->conversation_id = m->conversation_id;
	answer->first_kept = (uint64_t)membership.first_kept;
	answer->n_messages = page->count;
	answer->messages = (Kith__Message **)page->rows;
	return KITH_OK;
}

enum kith_code
handle_get_history(struct request *request, struct fault *fault)
{
	const Kith__GetHistory *m = request->message->get_history;
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__HistoryPage answer = KITH__HISTORY_PAGE__INIT;
	struct page page;
	enum kith_code code;

	if (m->conversation_id == 0 || m->conversation_id > INT64_MAX ||
	    m->before > INT64_MAX)
		return KITH_NOT_FOUND;
	page_init(&page, request, m->limit);
	code = store_begin_read(request->hub->store);
	if (code != KITH_OK)
		return code;
	code = read_history(request, &page, &answer);
	store_end_read(request->hub->store);
	if (code != KITH_OK)
		return code;
	message.body_case = KITH__TO_CLIENT__BODY_HISTORY_PAGE;
	message.history_page = &answer;
	request_answer(request, &message);
	return KITH_OK;
}
