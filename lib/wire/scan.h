/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "fault.h"

/*
 * Walks packed bytes along message descriptors, before protobuf-c sees them
 * and without allocating. What passes has known fields of the right wire
 * types, each singular field and each oneof at most once, no more elements
 * than the limit, strings without NUL, and is no deeper than the descriptors.
 */

#define SCAN_FIELDS_MAX 32u /* fields of one message type */
#define SCAN_DEPTH_MAX  8u  /* messages within each other in our schema */

struct scan_rules {
	size_t repeated_max; /* elements of one repeated field */
	bool skip_unknown;   /* else an unknown field is malformed */
	/*
	 * Not skip_unknown: the types (up to a NULL) that may hold one
	 * unknown length-delimited field, which a newer peer may have sent.
	 */
	const ProtobufCMessageDescriptor *const *open;
	/* The types (up to a NULL) whose 64-bit numbers may be anything. */
	const ProtobufCMessageDescriptor *const *opaque;
};

struct scan_finding {
	bool unknown;    /* an unknown field was passed over */
	bool bad_text;   /* a string is not UTF-8 */
	bool big_number; /* a uint64 is above INT64_MAX */
};

/* KITH_MALFORMED, or KITH_TOO_LARGE for too many elements. */
enum kith_code scan_message(const struct scan_rules *rules,
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length,
    struct scan_finding *finding_r);

/* What scan_strip() may write beyond the length that it was given. */
#define SCAN_STRIP_SLACK (5u * SCAN_DEPTH_MAX)

/*
 * Copies scanned bytes without their unknown fields, at every depth. to_r has
 * room for length + SCAN_STRIP_SLACK bytes; returns how many were written,
 * never more than length.
 */
size_t scan_strip(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
    size_t length, uint8_t *to_r);
