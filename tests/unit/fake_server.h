/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A server of the test's own, on lib/wire, in a thread: it knows just enough
 * of the protocol to be a good one, and can be told to be a bad one. One
 * connection at a time; a new one replaces the old. It has one account,
 * "alice" (user 1), who signs in with FAKE_PASSWORD or a token that it gave,
 * one friend "bob" (user 2), and one conversation, FAKE_TALK.
 */
#define FAKE_PASSWORD  "correct horse battery"
#define FAKE_TALK      7u
#define FAKE_NEW_TALK  8u
#define FAKE_NEW_ALICE 11u

struct fake_server;

struct fake_server *fake_server_new(void);
void fake_server_free(struct fake_server *s);
guint16 fake_server_port(struct fake_server *s);
const char *fake_server_pin(struct fake_server *s);
/* Its certificate, in PEM. */
const char *fake_server_certificate(struct fake_server *s);

/* ---- what it has; written by bob unless own ---- */

/* Appends a message and, on a live connection, sends its event. */
void fake_server_write(struct fake_server *s, gboolean own, const char *text);
/* The same without an event: a hole, until it is asked for. */
void fake_server_write_silently(struct fake_server *s, const char *text);
guint fake_server_messages(struct fake_server *s);
/* (transfer full): text of a message; its number begins at 1. */
char *fake_server_text(struct fake_server *s, guint number);
/* How often a text is there. */
guint fake_server_count(struct fake_server *s, const char *text);
void fake_server_mark(struct fake_server *s, guint delivered, guint read);
/* Its clock: so many seconds before this machine's. */
void fake_server_set_behind(struct fake_server *s, gint64 seconds);
/* How far alice is. */
guint fake_server_delivered(struct fake_server *s);
guint fake_server_read(struct fake_server *s);
/* It is another database now: new epoch, these messages are gone. */
void fake_server_restore(struct fake_server *s);
/* The same, and the conversation's number is carol's now, alice is
 * FAKE_NEW_ALICE; bob, if he is there, has FAKE_NEW_TALK. */
void fake_server_restore_others(struct fake_server *s, gboolean with_bob);
/* A copy of an older day was put under it: the same epoch, these messages and
 * their events have never been. */
void fake_server_roll_back(struct fake_server *s);
/* The next CatchUp is answered by snapshot_needed. */
void fake_server_forget_events(struct fake_server *s);

/* ---- what it does wrong ---- */

enum fake_fault {
	FAKE_GOOD,
	FAKE_CLOSED,       /* accepts nobody */
	FAKE_SILENT,       /* reads, never answers, once signed in */
	FAKE_CUT_ON_SEND,  /* stores a message, then cuts without an answer */
	FAKE_NO_HISTORY,   /* answers GetHistory with nothing */
	FAKE_HOLD_HISTORY, /* answers GetHistory when it is good again */
	FAKE_EVERLASTING,  /* pages of events without end, going nowhere */
	FAKE_SNAPSHOTS,    /* asks for one snapshot after the other */
	FAKE_EARLY_KEY,    /* announces a key before it says who it is */
	FAKE_WRONG_ANSWER, /* SignedIn where EventPage is due */
	FAKE_CROSSED,      /* bob writes before each; told after the answer */
	FAKE_CUT_SIGN_UP,  /* makes the account, then cuts */
	FAKE_LOCKS_LEAVER, /* locks who wants to sign out */
	FAKE_PRESENT,      /* bob is online in the snapshot, and gone then */
};

void fake_server_set_fault(struct fake_server *s, enum fake_fault fault);
/* SendMessage is refused so often with this Refusal.Code. */
void fake_server_refuse_sends(
    struct fake_server *s, int code, guint times, guint retry_after_ms);
/* Sends these bytes as they are, now. */
void fake_server_send_raw(
    struct fake_server *s, const void *bytes, gsize length);
/* One live message event with whatever is in it. */
void fake_server_send_message(struct fake_server *s, guint64 conversation,
    guint64 number, guint64 sender, gint64 time_us, const char *text);
/* A live friend_added, with a conversation that is empty. */
void fake_server_add_conversation(struct fake_server *s, guint64 conversation,
    guint64 peer, const char *name, gboolean friends);
/* So many live messages of about a kilobyte, as fast as it can. */
void fake_server_flood(struct fake_server *s, guint count);
/* So much presence of strangers, and one message, all at once. */
void fake_server_burst(struct fake_server *s, guint count, const char *text);
/* So many short messages; after each, another device of alice has it. */
void fake_server_flood_marked(struct fake_server *s, guint count);
/* So many strangers each ask to be friends and stay, or change their mind and
 * their name; then bob writes. */
void fake_server_crowd(
    struct fake_server *s, guint count, gboolean stays, const char *text);
/* Bytes that wait to be sent. */
gsize fake_server_backlog(struct fake_server *s);
void fake_server_goodbye(struct fake_server *s, int code, const char *sentence);
void fake_server_drop(struct fake_server *s);
/*
 * A key for the next change, and its pin (transfer full); and what it says of
 * it, now and with each sign-in (NULL: that it knows nothing of announcing).
 */
char *fake_server_prepare_key(struct fake_server *s);
void fake_server_announce(struct fake_server *s, const char *pin);
/* From the next connection on it has another key: the prepared one if any. */
void fake_server_change_key(struct fake_server *s);
/* The tokens it gave are not valid any more. */
void fake_server_revoke(struct fake_server *s);

/* ---- what it saw ---- */

guint fake_server_connections(struct fake_server *s);
guint fake_server_password_sign_ins(struct fake_server *s);
guint fake_server_pings(struct fake_server *s);
guint fake_server_snapshots(struct fake_server *s);
/* SendMessage that it refused. */
guint fake_server_refusals(struct fake_server *s);
/* RemoveFriend, answered or not. */
guint fake_server_removals(struct fake_server *s);
/* How many GetHistory wait. */
guint fake_server_held(struct fake_server *s);
gboolean fake_server_live(struct fake_server *s);
