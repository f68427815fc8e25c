/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the hub asks of the listener: whom it refuses, and to forgive. One
 * question at a time; while its answer waits for room in the channel no other
 * is read, so that nothing can pile up here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listener_private.h"
#include "log.h"
#include "mem.h"
#include "monotonic.h"

static void
forget_answer(struct listener *l)
{
	free(l->answer);
	l->answer = NULL;
}

static void
lose_hub(struct listener *l)
{
	close(l->hub);
	l->hub = -1;
	forget_answer(l);
	if (l->waits_for_hub) {
		l->waits_for_hub = false;
		close(l->newcomer_peer);
		newcomer_drop(&l->newcomer);
	}
}

void
listener_meet_hub(struct listener *l, int socket)
{
	/* a newcomer that waited for the old one is offered to the new one */
	if (l->hub >= 0)
		close(l->hub);
	forget_answer(l);
	l->hub = socket;
}

/* ---- answers ----------------------------------------------------------- */

static enum kith_code
send_answer(struct listener *l)
{
	enum kith_code code =
	    ipc_send_packed(l->hub, l->answer, l->answer_length, NULL);

	if (code != KITH_BUSY)
		forget_answer(l);
	return code;
}

static void
answer(struct listener *l, const Kith__Ipc__ListenerToHub *message)
{
	l->answer_length = kith__ipc__listener_to_hub__get_packed_size(message);
	l->answer = mem_new(1, l->answer_length);
	kith__ipc__listener_to_hub__pack(message, l->answer);
	send_answer(l); /* one that has gone is found out by reading */
}

static void
fill_row(Kith__Ipc__Penalty *to, struct penalties_row *from)
{
	kith__ipc__penalty__init(to);
	to->key.data = from->key;
	to->key.len = sizeof(from->key);
	to->kind = KITH__IPC__PENALTY__KIND__CONNECTION;
	to->whom = from->network;
	to->connections = from->connections;
	to->penalty_ms = (uint32_t)from->penalty_ms;
	to->left_ms = (uint32_t)from->left_ms;
}

static void
answer_list(struct listener *l, const Kith__Ipc__HubToListener *question)
{
	const ProtobufCBinaryData *after = &question->list_penalties->after;
	Kith__Ipc__ListenerToHub message = KITH__IPC__LISTENER_TO_HUB__INIT;
	Kith__Ipc__ListenerToHub__Penalties page =
	    KITH__IPC__LISTENER_TO_HUB__PENALTIES__INIT;
	struct penalties_row rows[IPC_PENALTIES_PAGE];
	Kith__Ipc__Penalty packed[IPC_PENALTIES_PAGE];
	Kith__Ipc__Penalty *pointers[IPC_PENALTIES_PAGE];
	size_t i;

	if (after->len != 0 && after->len != PENALTIES_KEY_SIZE)
		log_fatal("the hub broke the protocol between processes");
	page.id = question->id;
	page.n_rows =
	    penalties_page(l->penalties, after->len > 0 ? after->data : NULL,
		monotonic_ms(), rows, IPC_PENALTIES_PAGE);
	page.more = page.n_rows == IPC_PENALTIES_PAGE;
	for (i = 0; i < page.n_rows; i++) {
		fill_row(&packed[i], &rows[i]);
		pointers[i] = &packed[i];
	}
	page.rows = pointers;
	message.body_case = KITH__IPC__LISTENER_TO_HUB__BODY_PENALTIES;
	message.penalties = &page;
	answer(l, &message);
}

static void
answer_forgive(struct listener *l, const Kith__Ipc__HubToListener *question)
{
	const ProtobufCBinaryData *prefix = &question->forgive->network;
	struct network network = network_from(prefix->data, prefix->len);
	Kith__Ipc__ListenerToHub message = KITH__IPC__LISTENER_TO_HUB__INIT;
	Kith__Ipc__ListenerToHub__Forgiven forgiven =
	    KITH__IPC__LISTENER_TO_HUB__FORGIVEN__INIT;

	forgiven.id = question->id;
	forgiven.count = penalties_forgive(
	    l->penalties, prefix->len > 0 ? &network : NULL, monotonic_ms());
	message.body_case = KITH__IPC__LISTENER_TO_HUB__BODY_FORGIVEN;
	message.forgiven = &forgiven;
	answer(l, &message);
}

/* ---- the channel ------------------------------------------------------- */

static void
hear_question(struct listener *l, const Kith__Ipc__HubToListener *question)
{
	switch (question->body_case) {
	case KITH__IPC__HUB_TO_LISTENER__BODY_LIST_PENALTIES:
		answer_list(l, question);
		break;
	case KITH__IPC__HUB_TO_LISTENER__BODY_FORGIVE:
		answer_forgive(l, question);
		break;
	default:
		log_fatal("the hub sent what the listener does not know");
	}
}

void
listener_hear_hub(struct listener *l)
{
	ProtobufCMessage *any = NULL;
	enum kith_code code = KITH_OK;

	if (l->answer != NULL)
		code = send_answer(l);
	while (code == KITH_OK && l->answer == NULL) {
		code = ipc_receive(l->hub,
		    &kith__ipc__hub_to_listener__descriptor, &any, NULL);
		if (code == KITH_OK)
			hear_question(l, (Kith__Ipc__HubToListener *)any);
		ipc_message_free(&any);
	}
	if (code == KITH_MALFORMED)
		log_fatal("the hub broke the protocol between processes");
	if (code == KITH_CLOSED || code == KITH_IO)
		lose_hub(l);
}
