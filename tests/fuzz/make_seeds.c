/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the first inputs of the fuzz targets: make-seeds FOLDER. Each target
 * gets a folder of its name. The envelopes are made here, of every body that
 * the schema has, so that a new message is fuzzed without another word.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envelope.h"
#include "frame.h"
#include "mem.h"

#define DEPTH_MAX 8

static const char *folder;

static void
write_seed(
    const char *target, const char *name, const void *bytes, size_t length)
{
	char *place = mem_format("%s/%s", folder, target);
	char *path = mem_format("%s/%s", place, name);
	FILE *file;

	if (mkdir(place, 0777) != 0 && errno != EEXIST) {
		perror(place);
		exit(1);
	}
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, length, file) != length ||
	    fclose(file) != 0) {
		perror(path);
		exit(1);
	}
	free(path);
	free(place);
}

/* ---- envelopes out of descriptors ---- */

static void put_message(
    struct buf *b, const ProtobufCMessageDescriptor *type, int depth);

static void
put_varint(struct buf *b, uint64_t value)
{
	do {
		uint8_t byte = (uint8_t)(value & 0x7f);

		value >>= 7;
		byte |= value > 0 ? 0x80 : 0;
		buf_put(b, &byte, 1);
	} while (value > 0);
}

static void
put_bytes(struct buf *b, const void *bytes, size_t length)
{
	put_varint(b, length);
	buf_put(b, bytes, length);
}

static void
put_field(struct buf *b, const ProtobufCFieldDescriptor *f, int depth)
{
	struct buf *inner;

	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		put_varint(b, (uint64_t)f->id << 3 | 2);
		inner = buf_new(65536);
		put_message(inner, f->descriptor, depth + 1);
		put_bytes(b, buf_length(inner) > 0 ? buf_peek(inner) : NULL,
		    buf_length(inner));
		buf_free(&inner);
		break;
	case PROTOBUF_C_TYPE_STRING:
		put_varint(b, (uint64_t)f->id << 3 | 2);
		put_bytes(b, "alice", 5);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_varint(b, (uint64_t)f->id << 3 | 2);
		put_bytes(b, "0123456789abcdef0123456789abcdef",
		    strcmp(f->name, "token") == 0 ? 32 : 16);
		break;
	case PROTOBUF_C_TYPE_SFIXED64:
		put_varint(b, (uint64_t)f->id << 3 | 1);
		buf_put(b, "\1\0\0\0\0\0\0\0", 8);
		break;
	default:
		put_varint(b, (uint64_t)f->id << 3);
		put_varint(b, 1);
		break;
	}
}

static bool
is_choice(const ProtobufCFieldDescriptor *f)
{
	return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* Every field once, of each oneof the first. */
static void
put_message(struct buf *b, const ProtobufCMessageDescriptor *type, int depth)
{
	bool chosen = false;

	for (unsigned i = 0; i < type->n_fields && depth < DEPTH_MAX; i++) {
		if (is_choice(&type->fields[i]) && chosen)
			continue;
		chosen = chosen || is_choice(&type->fields[i]);
		put_field(b, &type->fields[i], depth);
	}
}

static void
write_envelope(const char *target, const char *name, struct buf *body)
{
	write_seed(target, name, buf_peek(body), buf_length(body));
}

/* For the hub the same request, one level deeper. */
static void
write_for_hub(const char *name, struct buf *body)
{
	struct buf *b = buf_new(65536);

	put_varint(b, 1 << 3 | 2);
	put_bytes(b, buf_peek(body), buf_length(body));
	write_envelope("session_to_hub", name, b);
	buf_free(&b);
}

static void
write_framed(const char *name, struct buf *body)
{
	struct buf *b = buf_new(2 * 65536);

	buf_put(b, "\x11", 1); /* the size of the pieces */
	frame_put(b, FRAME_MAX, buf_peek(body), buf_length(body));
	frame_put(b, FRAME_MAX, buf_peek(body), buf_length(body));
	write_envelope("frame", name, b);
	buf_free(&b);
}

/* One envelope for each body of ToServer or ToClient. */
static void
write_bodies(const ProtobufCMessageDescriptor *type, const char *target)
{
	bool to_server = type == &kith__to_server__descriptor;

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		struct buf *b;

		if (!is_choice(f))
			continue;
		b = buf_new(65536);
		put_field(b, &type->fields[0], 0);
		if (to_server &&
		    envelope_changes((Kith__ToServer__BodyCase)f->id))
			put_field(b, &type->fields[1], 0);
		put_field(b, f, 0);
		write_envelope(target, f->name, b);
		if (to_server) {
			write_for_hub(f->name, b);
			write_framed(f->name, b);
		}
		buf_free(&b);
	}
}

static void
write_texts(const char *target, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%zu", i);
		write_seed(target, name, texts[i], strlen(texts[i]));
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINK                                           \
	"kith://chat.example/?invite=CODE&key=sha256:" \
	"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define PHC(parameters)              \
	"$argon2id$v=19$" parameters \
	"$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

int
main(int argc, char **argv)
{
	static const char *const links[] = { LINK,
		"kith://[2001:db8::1]:5484/?key=sha256%3Ax&invite=%41#x",
		"kith://192.0.2.1:1", "[::1]:77", "chat.example:5484" };
	static const char *const phcs[] = { PHC("m=65536,t=3,p=1"),
		PHC("m=64,t=1,p=1"), PHC("m=1048577,t=11,p=5"),
		"$argon2i$v=16$" };
	static const char *const texts[] = { "alice", "Zo\xc3\xab\n",
		"e\xcc\x81\xcc\x81\xcc\x81 \xe2\x80\x8d\xf0\x9f\x98\x80",
		"\xe2\x80\xae\xe0\xa5\x98\xc2\xa0\xff password" };

	if (argc != 2) {
		fprintf(stderr, "usage: make-seeds FOLDER\n");
		return 2;
	}
	folder = argv[1];
	if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
		perror(folder);
		return 1;
	}
	write_bodies(&kith__to_server__descriptor, "to_server");
	write_bodies(&kith__to_client__descriptor, "to_client");
	write_texts("link", links, COUNT(links));
	write_texts("phc", phcs, COUNT(phcs));
	write_texts("text", texts, COUNT(texts));
	return 0;
}
