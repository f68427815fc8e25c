/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "fault.h"
#include "kith.pb-c.h"

/*
 * Bytes to envelopes and back. Before anything is allocated a scan walks the
 * bytes along the message descriptors: wrong wire types, groups, bad lengths,
 * strings that are not UTF-8 or contain NUL, fields given twice, and more than
 * ENVELOPE_REPEATED_MAX elements of a repeated field are refused; unknown
 * fields are refused, or dropped on the client's side. What passes is unpacked
 * into one arena of at most ENVELOPE_ARENA_LIMIT(length) bytes, whatever
 * they say. Freeing an envelope wipes its arena: nothing of a password stays.
 *
 * An unpacked message must be freed with the function given here, never with
 * protobuf-c's; nothing inside it can be freed or taken out of it.
 */

#define ENVELOPE_REPEATED_MAX        128u   /* elements of one repeated field */
#define ENVELOPE_IPC_REPEATED_MAX    65536u /* the same, in envelope_scan() */
#define ENVELOPE_ARENA_LIMIT(length) (4u * (length) + 65536u) /* bytes */

#define ENVELOPE_OPERATION_SIZE 16u
#define ENVELOPE_TOKEN_SIZE     32u
#define ENVELOPE_EPOCH_SIZE     16u
#define ENVELOPE_FEATURE_MAX    64u  /* bytes of one feature name */
#define ENVELOPE_PAGE_MAX       100u /* rows that may be asked for */

/* ---- requests ---- */

struct envelope_verdict {
	uint64_t
	    request; /* the request's id as far as it could be read, else 0 */
	bool fatal;  /* the frame breaks the protocol: Goodbye and close */
	struct fault fault; /* what to refuse or say goodbye with */
};

/*
 * Unpacks and checks one request: a body is there, an operation exactly where
 * it belongs, names, texts and numbers within their rules (text.h; whether
 * what they name exists is for the hub). Not judged here are the strings of
 * SignUp, whose order of checks belongs to the protocol: the hub calls
 * text_check_*() itself; and a password to sign in is only bounded.
 *
 * Returns verdict_r->fault.code. verdict_r->request is set on success too.
 * Not fatal are what the protocol answers with a refusal, among them
 * KITH_UNSUPPORTED for a body, or a kind of content, that this build does not
 * know.
 */
enum kith_code envelope_unpack_to_server(const uint8_t *bytes, size_t length,
    Kith__ToServer **message_r, struct envelope_verdict *verdict_r);

void envelope_free_to_server(Kith__ToServer **message);

/* Is the body of a kind that needs an operation ("changes" in kith.proto)? */
bool envelope_changes(Kith__ToServer__BodyCase body);

/* The name of a body as kith.proto has it ("send_message"), for logs. Static. */
const char *envelope_request_word(Kith__ToServer__BodyCase body);

/* ---- answers and events, in the client ---- */

/*
 * Unknown fields are dropped. A body that this build does not know leaves
 * body_case at BODY__NOT_SET with KITH_OK. KITH_MALFORMED, KITH_TOO_LARGE or
 * KITH_BAD_TEXT: the server is broken, close the connection.
 */
enum kith_code envelope_unpack_to_client(const uint8_t *bytes, size_t length,
    Kith__ToClient **message_r, struct fault *f);

void envelope_free_to_client(Kith__ToClient **message);

/* ---- packing ---- */

/*
 * Appends the message as one frame, packed straight into b. KITH_TOO_LARGE
 * over maximum bytes of body, KITH_BUSY when b has no room at present; both
 * change nothing.
 */
enum kith_code envelope_put(
    struct buf *b, size_t maximum, const ProtobufCMessage *message);

/* The packed message without a frame, in new memory that the caller frees. */
uint8_t *envelope_pack(const ProtobufCMessage *message, size_t *length_r);

/* ---- messages between the daemon's own processes ---- */

/*
 * The scan alone, for those who unpack by themselves: known fields of their
 * wire types, each once, no NUL in a string, at most ENVELOPE_IPC_REPEATED_MAX
 * elements. Text that is not UTF-8 passes. KITH_MALFORMED or KITH_TOO_LARGE.
 */
enum kith_code envelope_scan(const ProtobufCMessageDescriptor *type,
    const uint8_t *bytes, size_t length);
