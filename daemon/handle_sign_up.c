/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sign_up: an account made by its owner, where the administrator allows it.
 * Judged in the order that PROTOCOL.md names. The operation of the sign-up is
 * kept with the account, so that who did not see the answer can ask again; a
 * stranger who knows the name learns nothing but that it is taken.
 */
#include <string.h>

#include "handle_sign.h"
#include "hash.h"
#include "hub_auth.h"
#include "hub_session.h"
#include "hub_throttle.h"
#include "mem.h"
#include "store_friend_link.h"
#include "store_invite.h"
#include "store_operation.h"
#include "store_user.h"
#include "text.h"

/* ---- judging ---------------------------------------------------------------------- */

static enum kith_code
check_texts(const Kith__SignUp *m, const char *password)
{
	enum kith_code code = text_check_name(m->name);

	if (code == KITH_OK)
		code = password == NULL
		    ? KITH_BAD_PASSWORD
		    : text_check_new_password(password, m->name);
	if (code == KITH_OK)
		code = text_check_display_name(m->display_name);
	if (code == KITH_OK)
		code = text_check_display_name(m->device);
	if (code == KITH_OK && strlen(m->device) > TEXT_DEVICE_MAX)
		code = KITH_TOO_LARGE;
	return code;
}

/* Was this account made by this very operation? */
static enum kith_code
was_made_by(struct request *request, int64_t user_id)
{
	struct store_operation operation = {
		.user_id = user_id,
		.id = request->message->operation.data,
		.digest = request->digest,
	};

	request_digest(request);
	return store_operation_find(request->hub->store, &operation);
}

static enum kith_code
ask_again(struct request *request, const struct store_user *user,
    const char *password)
{
	struct sign_in *s = request->sign_in;
	enum kith_code code = sign_in_admit(request, user->name, password);

	if (code != KITH_OK)
		return code;
	s->step = SIGN_UP_AGAIN;
	s->user_id = user->id;
	memcpy(s->phc, user->phc, sizeof(s->phc));
	code = auth_desk_ask(request->hub->auth, request, s->phc, password);
	if (code != KITH_AGAIN)
		sign_in_verdict(request, SIGN_IN_UNKNOWN);
	return code;
}

static bool
needs_invite(const struct request *request)
{
	return request->hub->settings.sign_up ==
	    KITH__SIGN_UP_MODE__SIGN_UP_INVITE;
}

/* An unknown code counts as a wrong guess of this network. */
static enum kith_code
check_invite(struct request *request)
{
	const char *invite = request->message->sign_up->invite;
	uint8_t hash[HASH_SIZE];
	struct store_invite found;
	enum kith_code code;

	if (!needs_invite(request))
		return KITH_OK;
	if (invite[0] == '\0')
		return KITH_BAD_INVITE;
	code = sign_in_admit(request, "", invite);
	if (code != KITH_OK)
		return code;
	hash_sha256(invite, strlen(invite), hash);
	code =
	    store_invite_find(request->hub->store, hash, hub_now_us(), &found);
	sign_in_verdict(
	    request, code == KITH_BAD_INVITE ? SIGN_IN_WRONG : SIGN_IN_UNKNOWN);
	return code;
}

static struct throttle_bucket *
bucket_of(struct request *request)
{
	return throttle_network_bucket(
	    request->hub->throttle, request->session->address, hub_now_ms());
}

/*
 * What the network may still do without an invite. Also for names that are
 * taken: it must not serve for finding out which are.
 */
static enum kith_code
take_from_rate(struct request *request)
{
	if (needs_invite(request))
		return KITH_OK;
	return request_take(request, bucket_of(request), THROTTLE_SIGN_UP_BURST,
	    THROTTLE_SIGN_UP_INTERVAL_MS);
}

/* The bucket is given back when auth is busy. */
static enum kith_code
ask_hash(struct request *request, const char *password)
{
	enum kith_code code = take_from_rate(request);

	if (code != KITH_OK)
		return code;
	request->sign_in->step = SIGN_UP_ANEW;
	code = auth_desk_ask(request->hub->auth, request, NULL, password);
	if (code != KITH_AGAIN && !needs_invite(request))
		throttle_give_back(
		    bucket_of(request), THROTTLE_SIGN_UP_INTERVAL_MS);
	return code;
}

static enum kith_code
ask_anew(struct request *request, const char *password)
{
	enum kith_code code = sign_in_admit(request, "", password);

	if (code != KITH_OK)
		return code;
	code = ask_hash(request, password);
	if (code != KITH_AGAIN)
		sign_in_verdict(request, SIGN_IN_UNKNOWN);
	return code;
}

static enum kith_code
judge(struct request *request, const char *password)
{
	const Kith__SignUp *m = request->message->sign_up;
	struct store_user user;
	enum kith_code found, code = check_texts(m, password);

	if (code != KITH_OK)
		return code;
	found = store_user_find_name(request->hub->store, m->name, &user);
	if (found != KITH_OK && found != KITH_NOT_FOUND)
		return found;
	if (found == KITH_OK) {
		code = was_made_by(request, user.id);
		if (code == KITH_OK)
			return ask_again(request, &user, password);
		if (store_is_broken(code))
			return code;
	}
	code = check_invite(request);
	if (code != KITH_OK)
		return code;
	if (found != KITH_OK)
		return ask_anew(request, password);
	code = take_from_rate(request);
	return code == KITH_OK ? KITH_NAME_TAKEN : code;
}

enum kith_code
handle_sign_up(struct request *request, struct fault *fault)
{
	char *password = NULL;
	enum kith_code code;

	if (request->hub->settings.sign_up ==
	    KITH__SIGN_UP_MODE__SIGN_UP_CLOSED)
		return KITH_SIGN_UP_CLOSED;
	request->sign_in = MEM_NEW(struct sign_in);
	if (text_prepare_password(
		request->message->sign_up->password, &password) != KITH_OK)
		password = NULL;
	code = judge(request, password);
	secret_free(&password);
	if (code == KITH_AGAIN)
		request->session->state = SESSION_SIGNING_IN;
	return code;
}

/* ---- doing, in the batch ------------------------------------------------------------- */

static enum kith_code
use_invite(struct request *request, int64_t user_id)
{
	const char *code_text = request->message->sign_up->invite;
	struct store *store = request->hub->store;
	uint8_t hash[HASH_SIZE];
	struct store_invite invite;
	int64_t conversation_id;
	const bool needed = needs_invite(request);
	const bool open =
	    request->hub->settings.sign_up == KITH__SIGN_UP_MODE__SIGN_UP_OPEN;
	enum kith_code code;

	if (!needed && (!open || code_text[0] == '\0'))
		return KITH_OK;
	hash_sha256(code_text, strlen(code_text), hash);
	code = store_invite_use(store, hash, hub_now_us(), &invite);
	if (code == KITH_BAD_INVITE && !needed)
		return KITH_OK; /* one that has expired shuts no open door */
	if (code != KITH_OK || invite.befriend_id == 0)
		return code;
	code = store_friend_link_add(
	    store, user_id, invite.befriend_id, hub_now_us(), &conversation_id);
	/* Who made the invite may be gone; the account is welcome. */
	return code == KITH_NOT_FOUND || code == KITH_ALREADY ||
		code == KITH_FORBIDDEN
	    ? KITH_OK
	    : code;
}

static enum kith_code
remember(struct request *request, int64_t user_id)
{
	struct store_operation operation = {
		.user_id = user_id,
		.id = request->message->operation.data,
		.digest = request->digest,
	};

	request_digest(request);
	return store_operation_add(
	    request->hub->store, &operation, hub_now_us());
}

static enum kith_code
make_account(struct request *request)
{
	const Kith__SignUp *m = request->message->sign_up;
	struct store *store = request->hub->store;
	bool approval = request->hub->settings.sign_up ==
	    KITH__SIGN_UP_MODE__SIGN_UP_APPROVAL;
	struct store_user_new new = { .name = m->name,
		.display_name = m->display_name,
		.phc = request->sign_in->new_phc,
		.state = approval ? STORE_USER_PENDING : STORE_USER_ACTIVE,
		.now_us = hub_now_us() };
	struct store_user user;
	enum kith_code code;

	code = store_user_add(store, &new, &request->sign_in->user_id);
	if (code == KITH_OK)
		code = use_invite(request, request->sign_in->user_id);
	if (code == KITH_OK)
		code = remember(request, request->sign_in->user_id);
	if (code == KITH_OK)
		code = store_user_find(store, request->sign_in->user_id, &user);
	if (code != KITH_OK)
		return code;
	if (approval) {
		request->kept = true; /* the account waits for approval */
		return KITH_PENDING;
	}
	return sign_in_new_device(request, &user, m->device);
}

static enum kith_code
sign_in_again(struct request *request, struct fault *fault)
{
	struct store_user user;
	enum kith_code code = store_user_find(
	    request->hub->store, request->sign_in->user_id, &user);

	if (code == KITH_NOT_FOUND ||
	    (code == KITH_OK && strcmp(user.phc, request->sign_in->phc) != 0))
		return KITH_NAME_TAKEN;
	if (code == KITH_OK)
		code = sign_in_check_state(&user, fault);
	return code == KITH_OK ? sign_in_new_device(request, &user,
				     request->message->sign_up->device)
			       : code;
}

enum kith_code
sign_up_finish(struct request *request, struct fault *fault)
{
	if (request->sign_in->step == SIGN_UP_AGAIN)
		return sign_in_again(request, fault);
	/* The mode may have changed while auth was at work. */
	if (request->hub->settings.sign_up ==
	    KITH__SIGN_UP_MODE__SIGN_UP_CLOSED)
		return KITH_SIGN_UP_CLOSED;
	return make_account(request);
}
