/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of PROTOCOL.md for the fields of each request, as far as they can
 * be judged without the database and without the state of the connection.
 */
#include "request_rules.h"

#include <string.h>

#include "envelope.h"
#include "text.h"

static enum kith_code
refuse(struct fault *f, enum kith_code code)
{
	return code == KITH_OK
	    ? KITH_OK
	    : fault_set(f, code, "%s", kith_code_sentence(code));
}

static enum kith_code
check_hello(const Kith__ToServer *m, struct fault *f)
{
	const Kith__Hello *h = m->hello;

	for (size_t i = 0; i < h->n_features; i++) {
		if (strlen(h->features[i]) > ENVELOPE_FEATURE_MAX)
			return fault_set(f, KITH_TOO_LARGE,
			    "The name of a feature is over %u bytes",
			    ENVELOPE_FEATURE_MAX);
	}
	return refuse(f, text_check_device(h->client));
}

/* What cannot be right is refused in the words of what is wrong. */
static enum kith_code
check_sign_in(const Kith__ToServer *m, struct fault *f)
{
	const Kith__SignIn *s = m->sign_in;
	bool possible = strlen(s->name) <= TEXT_NAME_MAX;

	switch (s->proof_case) {
	case KITH__SIGN_IN__PROOF_PASSWORD:
		possible = possible &&
		    strlen(s->password) <= TEXT_PASSWORD_MAX &&
		    text_is_utf8(s->password, strlen(s->password));
		break;
	case KITH__SIGN_IN__PROOF_TOKEN:
		possible = possible && s->token.len == ENVELOPE_TOKEN_SIZE;
		break;
	default:
		return fault_set(f, KITH_MALFORMED,
		    "Signing in needs a password or a token");
	}
	if (!possible)
		return refuse(f, KITH_BAD_CREDENTIALS);
	return refuse(f, text_check_device(s->device));
}

static enum kith_code
check_catch_up(const Kith__ToServer *m, struct fault *f)
{
	if (m->catch_up->epoch.len > ENVELOPE_EPOCH_SIZE)
		return fault_set(f, KITH_MALFORMED, "An epoch has %u bytes",
		    ENVELOPE_EPOCH_SIZE);
	return KITH_OK;
}

static enum kith_code
check_send_friend_request(const Kith__ToServer *m, struct fault *f)
{
	return refuse(f, text_check_name(m->send_friend_request->name));
}

static enum kith_code
check_send_message(const Kith__ToServer *m, struct fault *f)
{
	const Kith__Content *c = m->send_message->content;

	if (c == NULL)
		return refuse(f, KITH_BAD_TEXT);
	if (c->kind_case == KITH__CONTENT__KIND_TEXT)
		return refuse(f, text_check_message(c->text, strlen(c->text)));
	if (c->base.n_unknown_fields > 0)
		return fault_set(f, KITH_UNSUPPORTED,
		    "This server does not know that kind of content");
	return refuse(f, KITH_BAD_TEXT);
}

#define BODY(name) KITH__TO_SERVER__BODY_##name

static const struct request_rule rules[] = {
	{ BODY(HELLO), "hello", false, check_hello },
	{ BODY(PING), "ping", false, NULL },
	/* the order of its checks is the hub's business, see envelope.h */
	{ BODY(SIGN_UP), "sign_up", true, NULL },
	{ BODY(SIGN_IN), "sign_in", false, check_sign_in },
	{ BODY(SIGN_OUT), "sign_out", false, NULL },
	{ BODY(CATCH_UP), "catch_up", false, check_catch_up },
	{ BODY(GET_SNAPSHOT), "get_snapshot", false, NULL },
	{ BODY(GET_HISTORY), "get_history", false, NULL },
	{ BODY(SEND_FRIEND_REQUEST), "send_friend_request", true,
	    check_send_friend_request },
	{ BODY(ACCEPT_FRIEND_REQUEST), "accept_friend_request", true, NULL },
	{ BODY(REJECT_FRIEND_REQUEST), "reject_friend_request", true, NULL },
	{ BODY(CANCEL_FRIEND_REQUEST), "cancel_friend_request", true, NULL },
	{ BODY(REMOVE_FRIEND), "remove_friend", true, NULL },
	{ BODY(SEND_MESSAGE), "send_message", true, check_send_message },
	{ BODY(MARK_DELIVERED), "mark_delivered", false, NULL },
	{ BODY(MARK_READ), "mark_read", false, NULL },
	{ BODY(SET_TYPING), "set_typing", false, NULL },
};

const struct request_rule *
request_rule_of(Kith__ToServer__BodyCase body)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].body == body)
			return &rules[i];
	}
	return NULL;
}
