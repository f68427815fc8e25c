/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A hub over a real database, with the test at the other end of the sessions'
 * channels.
 */

#include "hub.h"
#include "kith.pb-c.h"
#include "token.h"
#include "uuid.h"

#define FRAMES_MAX 4096u

/* A person at the other end of one channel. */
struct peer {
	int socket; /* -1: closed */
	const char *name;
	int64_t user_id;
	uint8_t token[TOKEN_SIZE];
	Kith__ToClient *frames[FRAMES_MAX]; /* received, not taken */
	size_t first, count;
	bool told_signed_in;
	bool told_close;
};

struct world {
	char folder[64];
	struct hub hub;
	struct store *admin; /* as kith-admin opens it */
	int64_t conversation_id;
	struct peer alice, bob;
};

/* Lets the hub do what there is to do. */
void turn(struct hub *hub);

/* Reads what is there. */
void receive(struct peer *peer);

/* The next frame of this kind; others before it are dropped. */
Kith__ToClient *await(
    struct world *w, struct peer *peer, Kith__ToClient__BodyCase body);

/* Waits for it and forgets it. */
void pass(struct world *w, struct peer *peer, Kith__ToClient__BodyCase body);

void ask(struct peer *peer, Kith__ToServer *request);
void ask_send(struct world *w, struct peer *peer, uint64_t number,
    const uint8_t operation[UUID_SIZE], const char *text);
void ask_history(struct world *w, struct peer *peer, uint64_t number);
void ask_mark_read(struct world *w, struct peer *peer, uint64_t request_number,
    uint64_t number);
void ask_sign_in(struct peer *peer);

/* Greeted, and has said hello. */
void connect_peer(struct world *w, struct peer *peer);

/* Signed in by its token, and in step. */
void go_live(struct world *w, struct peer *peer);

/* The other end of its channel closes. */
void leave(struct world *w, struct peer *peer);

void drop_frames(struct peer *peer);

int set_up(void **state);
int tear_down(void **state);
