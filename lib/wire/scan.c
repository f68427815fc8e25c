/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads what anybody on the internet may have written. Never allocates, never
 * reads beyond length, and recurses no deeper than the schema: which field
 * holds which message is taken from the descriptors, never from the bytes.
 */
#include "scan.h"

#include <assert.h>
#include <string.h>

#include "text.h"

#define VARINT_MAX 10u /* bytes */
#define TAG_MAX    5u
#define NUMBER_MAX 536870911u /* the highest field number of protobuf */

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_LENGTH = 2,
	WIRE_32 = 5,
};

struct field {
	uint32_t number;
	enum wire_type wire;
	uint64_t value;         /* of a varint */
	const uint8_t *start;   /* its tag */
	const uint8_t *payload; /* behind tag and length */
	size_t length;          /* of the payload */
};

static bool
read_varint(
    const uint8_t **at, const uint8_t *end, size_t maximum, uint64_t *value_r)
{
	uint64_t value = 0;
	const uint8_t *p = *at;

	for (size_t i = 0; i < maximum && p < end; i++) {
		uint8_t byte = *p++;

		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			*at = p;
			*value_r = value;
			return true;
		}
	}
	return false;
}

/* Reads one field at *at and moves behind it; groups are not known here. */
static bool
read_field(const uint8_t **at, const uint8_t *end, struct field *field_r)
{
	struct field f = { .start = *at };
	uint64_t tag, length;
	const uint8_t *p = *at;

	if (!read_varint(&p, end, TAG_MAX, &tag) || tag >> 3 == 0 ||
	    tag >> 3 > NUMBER_MAX)
		return false;
	f.number = (uint32_t)(tag >> 3);
	f.wire = (enum wire_type)(tag & 7);
	f.payload = p;
	switch (f.wire) {
	case WIRE_VARINT:
		if (!read_varint(&p, end, VARINT_MAX, &f.value))
			return false;
		length = (uint64_t)(p - f.payload);
		break;
	case WIRE_64:
		length = 8;
		break;
	case WIRE_32:
		length = 4;
		break;
	case WIRE_LENGTH:
		if (!read_varint(&p, end, TAG_MAX, &length))
			return false;
		f.payload = p;
		break;
	default:
		return false;
	}
	if (length > (uint64_t)(end - f.payload))
		return false;
	f.length = (size_t)length;
	*at = f.payload + f.length;
	*field_r = f;
	return true;
}

static enum wire_type
wire_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32;
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_LENGTH;
	default:
		return WIRE_VARINT;
	}
}

static bool
is_listed(const ProtobufCMessageDescriptor *const *list,
    const ProtobufCMessageDescriptor *type)
{
	if (list == NULL)
		return false;
	for (; *list != NULL; list++) {
		if (*list == type)
			return true;
	}
	return false;
}

/* ---- scanning ---- */

/* One message on the way down, and what it has shown so far. */
struct level {
	const struct scan_rules *rules;
	const ProtobufCMessageDescriptor *type;
	struct scan_finding *finding;
	unsigned depth;
	unsigned unknown;
	size_t seen[SCAN_FIELDS_MAX];
};

static enum kith_code scan_level(
    struct level *l, const uint8_t *bytes, size_t length);

static enum kith_code
scan_unknown(struct level *l, const struct field *f)
{
	l->finding->unknown = true;
	if (l->rules->skip_unknown)
		return KITH_OK;
	l->unknown++;
	if (!is_listed(l->rules->open, l->type) || f->wire != WIRE_LENGTH ||
	    l->unknown > 1)
		return KITH_MALFORMED;
	return KITH_OK;
}

/* Two members of one oneof share the place of their case. */
static bool
is_second_of_oneof(const struct level *l, const ProtobufCFieldDescriptor *d)
{
	if ((d->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return false;
	for (unsigned i = 0; i < l->type->n_fields; i++) {
		const ProtobufCFieldDescriptor *other = &l->type->fields[i];

		if (l->seen[i] > 0 && other != d &&
		    (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
		    other->quantifier_offset == d->quantifier_offset)
			return true;
	}
	return false;
}

/* How many numbers a packed field holds; 0 when it is cut. */
static size_t
count_packed(enum wire_type wire, const struct field *f)
{
	const uint8_t *p = f->payload, *end = f->payload + f->length;
	size_t each = wire == WIRE_64 ? 8 : 4;
	size_t count = 0;
	uint64_t value;

	if (wire != WIRE_VARINT)
		return f->length % each == 0 ? f->length / each : 0;
	for (; p < end; count++) {
		if (!read_varint(&p, end, VARINT_MAX, &value))
			return 0;
	}
	return count;
}

static enum kith_code
count_field(
    struct level *l, const ProtobufCFieldDescriptor *d, const struct field *f)
{
	size_t *seen = &l->seen[d - l->type->fields];
	enum wire_type wire = wire_of(d->type);
	size_t more = 1;

	if (d->label == PROTOBUF_C_LABEL_REPEATED && f->wire == WIRE_LENGTH &&
	    wire != WIRE_LENGTH) {
		more = count_packed(wire, f);
		if (more == 0 && f->length > 0)
			return KITH_MALFORMED;
	} else if (f->wire != wire) {
		return KITH_MALFORMED;
	}
	*seen += more;
	if (d->label == PROTOBUF_C_LABEL_REPEATED)
		return *seen > l->rules->repeated_max ? KITH_TOO_LARGE
						      : KITH_OK;
	return *seen > 1 || is_second_of_oneof(l, d) ? KITH_MALFORMED : KITH_OK;
}

static enum kith_code
scan_inner(const struct level *outer, const ProtobufCFieldDescriptor *d,
    const struct field *f)
{
	struct level inner = {
		.rules = outer->rules,
		.type = d->descriptor,
		.finding = outer->finding,
		.depth = outer->depth + 1,
	};

	return scan_level(&inner, f->payload, f->length);
}

static enum kith_code
scan_field(struct level *l, const struct field *f)
{
	const ProtobufCFieldDescriptor *d =
	    protobuf_c_message_descriptor_get_field(l->type, f->number);
	enum kith_code code;

	if (d == NULL)
		return scan_unknown(l, f);
	code = count_field(l, d, f);
	if (code != KITH_OK)
		return code;
	switch (d->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return scan_inner(l, d, f);
	case PROTOBUF_C_TYPE_STRING:
		if (memchr(f->payload, 0, f->length) != NULL)
			return KITH_MALFORMED;
		if (!text_is_utf8((const char *)f->payload, f->length))
			l->finding->bad_text = true;
		return KITH_OK;
	case PROTOBUF_C_TYPE_UINT64:
		if (f->wire == WIRE_VARINT && f->value > INT64_MAX &&
		    !is_listed(l->rules->opaque, l->type))
			l->finding->big_number = true;
		return KITH_OK;
	default:
		return KITH_OK;
	}
}

static enum kith_code
scan_level(struct level *l, const uint8_t *bytes, size_t length)
{
	const uint8_t *at = bytes, *end;
	enum kith_code code = KITH_OK;

	assert(l->type->n_fields <= SCAN_FIELDS_MAX);
	if (l->depth >= SCAN_DEPTH_MAX)
		return KITH_MALFORMED;
	if (length == 0)
		return KITH_OK; /* bytes may be NULL */
	end = bytes + length;
	while (at < end && code == KITH_OK) {
		struct field f;

		if (!read_field(&at, end, &f))
			return KITH_MALFORMED;
		code = scan_field(l, &f);
	}
	return code;
}

enum kith_code
scan_message(const struct scan_rules *rules,
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length,
    struct scan_finding *finding_r)
{
	struct level top = {
		.rules = rules,
		.type = type,
		.finding = finding_r,
	};

	*finding_r = (struct scan_finding){ 0 };
	return scan_level(&top, bytes, length);
}

/* ---- stripping ---- */

static size_t
write_varint(uint8_t *to, size_t value)
{
	size_t used = 0;

	while (value >= 0x80) {
		to[used++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	to[used++] = (uint8_t)value;
	return used;
}

/* Tag, length and stripped payload of a message field. */
static size_t
strip_inner(
    const ProtobufCFieldDescriptor *d, const struct field *f, uint8_t *to)
{
	size_t used = write_varint(to, (size_t)f->number << 3 | WIRE_LENGTH);
	/* written behind the longest possible length, then moved up to it */
	size_t length = scan_strip(
	    d->descriptor, f->payload, f->length, to + used + TAG_MAX);
	size_t prefix = write_varint(to + used, length);

	memmove(to + used + prefix, to + used + TAG_MAX, length);
	return used + prefix + length;
}

size_t
scan_strip(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
    size_t length, uint8_t *to_r)
{
	const uint8_t *at = bytes, *end = bytes + length;
	size_t used = 0;
	struct field f;

	while (at < end && read_field(&at, end, &f)) {
		const ProtobufCFieldDescriptor *d =
		    protobuf_c_message_descriptor_get_field(type, f.number);
		size_t whole = (size_t)(at - f.start);

		if (d == NULL)
			continue;
		if (d->type == PROTOBUF_C_TYPE_MESSAGE) {
			used += strip_inner(d, &f, to_r + used);
		} else {
			memcpy(to_r + used, f.start, whole);
			used += whole;
		}
	}
	return used;
}
