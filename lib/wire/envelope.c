/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scan, unpack into an arena, check: in this order, for every byte that comes
 * from another process or machine.
 */
#include "envelope.h"

#include <assert.h>
#include <stdlib.h>

#include "arena.h"
#include "frame.h"
#include "mem.h"
#include "request_rules.h"
#include "scan.h"

#define ARENA_EXPECTED(length) (1024u + 2u * (length)) /* bytes */

/* A newer client's requests and contents are refused, not cut off. */
static const ProtobufCMessageDescriptor *const open_to_newer[] = {
	&kith__to_server__descriptor,
	&kith__content__descriptor,
	NULL,
};

/* Their `request` is whatever the client likes. */
static const ProtobufCMessageDescriptor *const opaque_numbers[] = {
	&kith__to_server__descriptor,
	&kith__to_client__descriptor,
	NULL,
};

static const struct scan_rules server_rules = {
	.repeated_max = ENVELOPE_REPEATED_MAX,
	.open = open_to_newer,
	.opaque = opaque_numbers,
};

static const struct scan_rules client_rules = {
	.repeated_max = ENVELOPE_REPEATED_MAX,
	.skip_unknown = true,
	.opaque = opaque_numbers,
};

static const struct scan_rules ipc_rules = {
	.repeated_max = ENVELOPE_IPC_REPEATED_MAX,
};

/* Only for scanned bytes. NULL when the arena's limit is not enough. */
static ProtobufCMessage *
unpack(
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length)
{
	struct arena *a =
	    arena_new(ENVELOPE_ARENA_LIMIT(length), ARENA_EXPECTED(length));
	ProtobufCMessage *m =
	    protobuf_c_message_unpack(type, arena_allocator(a), length, bytes);

	if (m == NULL)
		arena_free(&a);
	else
		assert(arena_of(m) == a); /* it allocates the message first */
	return m;
}

static void
discard(void *message)
{
	struct arena *a;

	if (message == NULL)
		return;
	a = arena_of(message);
	arena_free(&a);
}

static enum kith_code
set_malformed(struct fault *f, enum kith_code code)
{
	return fault_set(f, code, "%s",
	    code == KITH_TOO_LARGE
		? SENTENCE("The frame holds too much")
		: SENTENCE("The frame is not a valid message"));
}

/* ---- requests ---- */

static enum kith_code
refuse(struct envelope_verdict *v, bool fatal, enum kith_code code,
    const char *sentence)
{
	v->fatal = fatal;
	return fault_set(&v->fault, code, "%s", sentence);
}

static enum kith_code
check_operation(const Kith__ToServer *m, const struct request_rule *rule,
    struct envelope_verdict *v)
{
	if (rule->changes && m->operation.len != ENVELOPE_OPERATION_SIZE)
		return refuse(v, false, KITH_MALFORMED,
		    "This request needs an operation of 16 bytes");
	if (!rule->changes && m->operation.len != 0)
		return refuse(v, false, KITH_MALFORMED,
		    "This request takes no operation");
	return KITH_OK;
}

/* Unknown fields may stand only where nothing known stands. */
static bool
mixes_known_and_unknown(const Kith__ToServer *m)
{
	const Kith__Content *c = NULL;

	if (m->base.n_unknown_fields > 0 &&
	    m->body_case != KITH__TO_SERVER__BODY__NOT_SET)
		return true;
	if (m->body_case == KITH__TO_SERVER__BODY_SEND_MESSAGE)
		c = m->send_message->content;
	return c != NULL && c->base.n_unknown_fields > 0 &&
	    c->kind_case != KITH__CONTENT__KIND__NOT_SET;
}

static enum kith_code
check_request(const Kith__ToServer *m, const struct scan_finding *finding,
    struct envelope_verdict *v)
{
	const struct request_rule *rule = request_rule_of(m->body_case);
	enum kith_code code;

	v->request = m->request;
	if (mixes_known_and_unknown(m))
		return refuse(v, true, KITH_MALFORMED,
		    SENTENCE("The frame is not a valid message"));
	if (rule == NULL)
		return refuse(v, false, KITH_UNSUPPORTED,
		    "This server does not know that request");
	code = check_operation(m, rule, v);
	if (code == KITH_OK && rule->check != NULL)
		code = rule->check(m, &v->fault);
	if (code != KITH_OK)
		return code;
	/* which of sign-up's strings is to blame is for the hub to find */
	if (finding->bad_text && rule->body != KITH__TO_SERVER__BODY_SIGN_UP)
		return refuse(v, false, KITH_BAD_TEXT, "A text is not UTF-8");
	if (finding->big_number)
		return refuse(
		    v, false, KITH_MALFORMED, "A number is out of range");
	return KITH_OK;
}

/* Scans and unpacks; the verdict is fatal where that fails. */
static enum kith_code
open_request(const uint8_t *bytes, size_t length, Kith__ToServer **message_r,
    struct envelope_verdict *v, struct scan_finding *finding_r)
{
	const ProtobufCMessageDescriptor *type = &kith__to_server__descriptor;
	enum kith_code code;

	*v = (struct envelope_verdict){ 0 };
	code = scan_message(&server_rules, type, bytes, length, finding_r);
	if (code == KITH_OK) {
		*message_r = (Kith__ToServer *)unpack(type, bytes, length);
		if (*message_r == NULL)
			code = KITH_TOO_LARGE;
	}
	if (code != KITH_OK) {
		v->fatal = true;
		set_malformed(&v->fault, code);
	}
	return code;
}

enum kith_code
envelope_unpack_to_server(const uint8_t *bytes, size_t length,
    Kith__ToServer **message_r, struct envelope_verdict *verdict_r)
{
	struct scan_finding finding;
	Kith__ToServer *m = NULL;
	enum kith_code code =
	    open_request(bytes, length, &m, verdict_r, &finding);

	if (code == KITH_OK)
		code = check_request(m, &finding, verdict_r);
	if (code == KITH_OK)
		*message_r = m;
	else
		discard(m);
	return code;
}

void
envelope_free_to_server(Kith__ToServer **message)
{
	discard(*message);
	*message = NULL;
}

bool
envelope_changes(Kith__ToServer__BodyCase body)
{
	const struct request_rule *rule = request_rule_of(body);

	return rule != NULL && rule->changes;
}

const char *
envelope_request_word(Kith__ToServer__BodyCase body)
{
	const struct request_rule *rule = request_rule_of(body);

	return rule != NULL ? rule->word : "unknown";
}

/* ---- answers and events ---- */

enum kith_code
envelope_unpack_to_client(const uint8_t *bytes, size_t length,
    Kith__ToClient **message_r, struct fault *f)
{
	const ProtobufCMessageDescriptor *type = &kith__to_client__descriptor;
	struct scan_finding finding;
	uint8_t *stripped = NULL;
	ProtobufCMessage *m;
	enum kith_code code =
	    scan_message(&client_rules, type, bytes, length, &finding);

	if (code == KITH_OK && finding.bad_text)
		code = KITH_BAD_TEXT;
	if (code == KITH_OK && finding.big_number)
		code = KITH_MALFORMED;
	if (code != KITH_OK)
		return set_malformed(f, code);
	if (finding.unknown) {
		stripped = mem_new(length + SCAN_STRIP_SLACK, 1);
		length = scan_strip(type, bytes, length, stripped);
		bytes = stripped;
	}
	m = unpack(type, bytes, length);
	free(stripped);
	if (m == NULL)
		return set_malformed(f, KITH_TOO_LARGE);
	*message_r = (Kith__ToClient *)m;
	return KITH_OK;
}

void
envelope_free_to_client(Kith__ToClient **message)
{
	discard(*message);
	*message = NULL;
}

/* ---- packing ---- */

enum kith_code
envelope_put(struct buf *b, size_t maximum, const ProtobufCMessage *message)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *to;

	if (length > maximum)
		return KITH_TOO_LARGE;
	if (buf_room(b) < FRAME_HEADER_SIZE + length)
		return KITH_BUSY;
	buf_put_u32be(b, (uint32_t)length);
	to = buf_reserve(b, length);
	buf_commit(b, protobuf_c_message_pack(message, to));
	return KITH_OK;
}

uint8_t *
envelope_pack(const ProtobufCMessage *message, size_t *length_r)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = mem_new(length, 1);

	*length_r = protobuf_c_message_pack(message, bytes);
	return bytes;
}

/* ---- between the daemon's processes ---- */

enum kith_code
envelope_scan(
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length)
{
	struct scan_finding finding;

	return scan_message(&ipc_rules, type, bytes, length, &finding);
}
