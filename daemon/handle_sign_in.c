/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sign_in and sign_out. Tells nobody more than the protocol wants: an unknown
 * name costs the same time and gets the same answer as a wrong password, and
 * that an account is locked is told only to who has proved to own it. Passwords
 * and tokens are wiped where they were used, and never logged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handle_sign.h"
#include "hash.h"
#include "hub_auth.h"
#include "hub_batch.h"
#include "hub_next_key.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "hub_throttle.h"
#include "hub_view.h"
#include "mem.h"
#include "store_device.h"
#include "text.h"

void
sign_in_free(struct sign_in **sign_in)
{
	if (*sign_in == NULL)
		return;
	explicit_bzero(*sign_in, sizeof(**sign_in));
	free(*sign_in);
	*sign_in = NULL;
}

/* ---- throttle -------------------------------------------------------------------- */

uint64_t
sign_in_guess(const char *name, const char *secret)
{
	static uint8_t key[16];
	static bool have_key;
	uint8_t digest[HASH_SIZE];
	size_t name_length = strlen(name), secret_length = strlen(secret);
	size_t length = sizeof(key) + name_length + 1 + secret_length;
	uint8_t *bytes = mem_new(1, length);
	uint64_t guess;

	if (!have_key)
		random_bytes(key, sizeof(key));
	have_key = true;
	memcpy(bytes, key, sizeof(key));
	memcpy(bytes + sizeof(key), name, name_length);
	memcpy(bytes + sizeof(key) + name_length + 1, secret, secret_length);
	hash_sha256(bytes, length, digest);
	explicit_bzero(bytes, length);
	free(bytes);
	memcpy(&guess, digest, sizeof(guess));
	return guess;
}

static void
copy_cut(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

enum kith_code
sign_in_admit(struct request *request, const char *name, const char *guessed)
{
	struct sign_in *s = request->sign_in;

	copy_cut(s->try.name, sizeof(s->try.name), name);
	copy_cut(
	    s->try.address, sizeof(s->try.address), request->session->address);
	s->try.guess = sign_in_guess(name, guessed);
	request->retry_after_ms =
	    throttle_admit(request->hub->throttle, &s->try, hub_now_ms());
	s->admitted = request->retry_after_ms == 0;
	return s->admitted ? KITH_OK : KITH_TRY_LATER;
}

void
sign_in_verdict(struct request *request, enum sign_in_verdict verdict)
{
	struct sign_in *s = request->sign_in;
	struct throttle *throttle = request->hub->throttle;

	if (!s->admitted)
		return;
	s->admitted = false;
	if (verdict == SIGN_IN_RIGHT)
		throttle_passed(throttle, &s->try, hub_now_ms());
	else if (verdict == SIGN_IN_WRONG)
		throttle_failed(throttle, &s->try, hub_now_ms());
	else
		throttle_abandoned(throttle, &s->try, hub_now_ms());
}

/* ---- the answer ------------------------------------------------------------------- */

/* Only whoever has proved to own the account is told. */
static enum kith_code
locked_until(int64_t until_us, struct fault *fault)
{
	time_t until = (time_t)(until_us / 1000000);
	struct tm tm;
	char text[64];

	if (until_us == 0 || gmtime_r(&until, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) == 0)
		return KITH_LOCKED;
	return fault_set(
	    fault, KITH_LOCKED, "This account is locked until %s UTC.", text);
}

enum kith_code
sign_in_check_state(const struct store_user *user, struct fault *fault)
{
	switch (user->state) {
	case STORE_USER_ACTIVE:
		return KITH_OK;
	case STORE_USER_PENDING:
		return KITH_PENDING;
	case STORE_USER_LOCKED:
		return locked_until(user->until_us, fault);
	case STORE_USER_DELETING:
		return fault_set(fault, KITH_LOCKED,
		    SENTENCE(
			"This account is going to be deleted. Whoever runs the "
			"server can still restore it."));
	default:
		return KITH_BAD_CREDENTIALS;
	}
}

/* token NULL: the client has it already. */
static enum kith_code
answer_signed_in(struct request *request, const struct store_user *user,
    const uint8_t *token)
{
	struct hub *hub = request->hub;
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__SignedIn answer = KITH__SIGNED_IN__INIT;
	int64_t newest;
	enum kith_code code = store_event_newest(hub->store, &newest);

	if (code != KITH_OK)
		return code;
	view_clear(hub->view);
	answer.self = view_user(hub->view, user);
	if (token != NULL) {
		answer.token.data = (uint8_t *)(uintptr_t)token;
		answer.token.len = TOKEN_SIZE;
	}
	answer.device_id = (uint64_t)request->sign_in->device_id;
	answer.epoch.data = hub->epoch;
	answer.epoch.len = sizeof(hub->epoch);
	answer.sequence = (uint64_t)newest;
	answer.next_key = next_key_for(request->session);
	message.body_case = KITH__TO_CLIENT__BODY_SIGNED_IN;
	message.signed_in = &answer;
	request_answer(request, &message);
	request->answer->secret = true;
	request->sign_in->user_id = user->id;
	return KITH_OK;
}

static const char too_many_connections[] =
    "This account has as many connections as one may have.";

static void
refuse_connection(struct request *request)
{
	request->code = KITH_BUSY;
	snprintf(request->sentence, sizeof(request->sentence), "%s",
	    too_many_connections);
}

/* From here on the session speaks for this user. */
static void
bind_session(struct request *request)
{
	if (!session_bind(request->session, request->sign_in->user_id,
		request->sign_in->device_id))
		refuse_connection(request);
}

enum kith_code
sign_in_new_device(
    struct request *request, const struct store_user *user, const char *device)
{
	struct sign_in *s = request->sign_in;
	uint8_t hash[HASH_SIZE];
	enum kith_code code;

	/* Before there is a device, which would take the place of another. */
	if (!routes_have_room(request->hub->routes, user->id)) {
		request->committed = refuse_connection;
		return KITH_OK;
	}
	token_new(s->token);
	token_hash(s->token, hash);
	code = store_device_add(request->hub->store, user->id, hash,
	    device[0] != '\0' ? device : request->session->client, hub_now_us(),
	    &s->device_id);
	if (code == KITH_OK)
		code = answer_signed_in(request, user, s->token);
	explicit_bzero(s->token, sizeof(s->token));
	if (code == KITH_OK)
		request->committed = bind_session;
	return code;
}

/*
 * The hash to try a password against. Where nobody has the name it is that of
 * somebody, always the same one, and cannot match: hashes that were made with
 * other settings cost another time, and whoever has an account must not be told
 * from who has none by that.
 */
static enum kith_code
find_hash(struct request *request, const char *name)
{
	struct store *store = request->hub->store;
	struct sign_in *s = request->sign_in;
	struct store_user user;
	enum kith_code code = text_check_name(name) != KITH_OK
	    ? KITH_NOT_FOUND
	    : store_user_find_name(store, name, &user);

	if (code == KITH_OK)
		s->user_id = user.id;
	else if (code == KITH_NOT_FOUND)
		code = store_user_find_some(
		    store, (int64_t)(sign_in_guess(name, "") >> 1), &user);
	if (code == KITH_OK)
		memcpy(s->phc, user.phc, sizeof(s->phc));
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

/* ---- by password -------------------------------------------------------------------- */

static enum kith_code
ask_password(struct request *request, const char *password)
{
	const Kith__SignIn *m = request->message->sign_in;
	struct sign_in *s = request->sign_in;
	enum kith_code code = sign_in_admit(request, m->name, password);

	if (code != KITH_OK)
		return code;
	s->step = SIGN_IN_BY_PASSWORD;
	code = find_hash(request, m->name);
	if (code == KITH_OK)
		code = auth_desk_ask(
		    request->hub->auth, request, s->phc, password);
	if (code != KITH_AGAIN)
		sign_in_verdict(request, SIGN_IN_UNKNOWN);
	return code;
}

static enum kith_code
begin_password(struct request *request)
{
	char *password;
	enum kith_code code;

	if (text_prepare_password(
		request->message->sign_in->password, &password) != KITH_OK)
		return KITH_BAD_CREDENTIALS;
	code = ask_password(request, password);
	secret_free(&password);
	if (code == KITH_AGAIN)
		request->session->state = SESSION_SIGNING_IN;
	return code;
}

/* In the batch: the password was right, for the hash as it was then. */
static enum kith_code
finish_password(struct request *request, struct fault *fault)
{
	struct sign_in *s = request->sign_in;
	struct store *store = request->hub->store;
	struct store_user user;
	enum kith_code code = store_user_find(store, s->user_id, &user);

	if (code == KITH_NOT_FOUND ||
	    (code == KITH_OK && strcmp(user.phc, s->phc) != 0))
		return KITH_BAD_CREDENTIALS;
	if (code == KITH_OK)
		code = sign_in_check_state(&user, fault);
	if (code == KITH_OK && s->new_phc[0] != '\0')
		code = store_user_set_password(
		    store, user.id, s->new_phc, false, hub_now_us());
	if (code != KITH_OK)
		return code;
	return sign_in_new_device(
	    request, &user, request->message->sign_in->device);
}

/* ---- by token ------------------------------------------------------------------------ */

/*
 * Nothing to be guessed here (256 bits) and nothing expensive: no throttle, no
 * auth, no write. A device that is not used for this name is not told apart
 * from one that is not there.
 */
static enum kith_code
sign_in_by_token(struct request *request, struct fault *fault)
{
	const Kith__SignIn *m = request->message->sign_in;
	struct hub *hub = request->hub;
	uint8_t hash[HASH_SIZE];
	struct store_device device;
	struct store_user user;
	enum kith_code code;

	if (m->token.len != TOKEN_SIZE)
		return KITH_BAD_CREDENTIALS;
	token_hash(m->token.data, hash);
	code = store_device_find_token(hub->store, hash, &device);
	if (code == KITH_OK)
		code = store_user_find(hub->store, device.user_id, &user);
	if (code == KITH_NOT_FOUND ||
	    (code == KITH_OK && strcmp(user.name, m->name) != 0))
		return KITH_BAD_CREDENTIALS;
	if (code == KITH_OK)
		code = sign_in_check_state(&user, fault);
	if (code != KITH_OK)
		return code;
	request->sign_in->device_id = device.id;
	code = answer_signed_in(request, &user, NULL);
	if (code != KITH_OK)
		return code;
	if (!session_bind(request->session, user.id, device.id))
		return fault_set(fault, KITH_BUSY, "%s", too_many_connections);
	request->session->seen_us = device.last_seen_us;
	session_touch(request->session, hub_now_us());
	return KITH_OK;
}

enum kith_code
handle_sign_in(struct request *request, struct fault *fault)
{
	const Kith__SignIn *m = request->message->sign_in;
	enum kith_code code = text_check_display_name(m->device);

	if (code == KITH_OK && strlen(m->device) > TEXT_DEVICE_MAX)
		code = KITH_TOO_LARGE;
	if (code != KITH_OK)
		return code;
	request->sign_in = MEM_NEW(struct sign_in);
	switch (m->proof_case) {
	case KITH__SIGN_IN__PROOF_PASSWORD:
		return begin_password(request);
	case KITH__SIGN_IN__PROOF_TOKEN:
		return sign_in_by_token(request, fault);
	default:
		return KITH_MALFORMED;
	}
}

/* ---- auth's answer --------------------------------------------------------------------- */

static void
refuse(struct request *request, enum kith_code code)
{
	request->code = code;
	request_send(request);
	session_request_done(request->session, request);
}

void
sign_in_answered(struct request *request, const Kith__Ipc__AuthReply *reply)
{
	struct sign_in *s = request->sign_in;

	if (reply == NULL || reply->busy ||
	    strlen(reply->phc) >= sizeof(s->new_phc)) {
		sign_in_verdict(request, SIGN_IN_UNKNOWN);
		refuse(request, KITH_BUSY);
		return;
	}
	if (s->step != SIGN_UP_ANEW && (!reply->matched || s->user_id == 0)) {
		sign_in_verdict(request, SIGN_IN_WRONG);
		refuse(request,
		    s->step == SIGN_UP_AGAIN ? KITH_NAME_TAKEN
					     : KITH_BAD_CREDENTIALS);
		return;
	}
	sign_in_verdict(request, SIGN_IN_RIGHT);
	memcpy(s->new_phc, reply->phc, strlen(reply->phc) + 1);
	request->session->in_batch++;
	batch_add(request->hub, request);
}

enum kith_code
sign_in_finish(struct request *request, struct fault *fault)
{
	/* Whoever is gone by now comes again; nobody would get the token. */
	if (request->session->channel == NULL ||
	    request->session->state != SESSION_SIGNING_IN)
		return KITH_NOT_NOW;
	return request->sign_in->step == SIGN_IN_BY_PASSWORD
	    ? finish_password(request, fault)
	    : sign_up_finish(request, fault);
}

/* ---- sign_out ------------------------------------------------------------------------------ */

static void
close_session(struct request *request)
{
	session_close(request->session);
}

enum kith_code
handle_sign_out(struct request *request, struct fault *fault)
{
	struct session *session = request->session;
	enum kith_code code = store_device_remove(request->hub->store,
	    session->user_id, session->device_id, hub_now_us());

	/* Revoked by somebody else a moment ago: it is as was wished. */
	if (code != KITH_OK && code != KITH_NOT_FOUND)
		return code;
	request_done(request);
	request->answered = close_session;
	return KITH_OK;
}
