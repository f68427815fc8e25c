/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ipc.pb-c.h"
#include "settings.h"

/* Certificate, private key and the key to come, as the parent keeps them for its listener. */
struct identity {
	uint8_t *certificate;
	size_t certificate_length;
	uint8_t *key;
	size_t key_length;
	uint8_t *next_key; /* the announced public key; NULL: none */
	size_t next_key_length;
};

/* Reads the files. They are not judged here: kithd knows no TLS. */
enum kith_code identity_load(const struct settings *settings,
    struct identity *identity_r, struct fault *fault);

/* Wipes and frees all. */
void identity_clear(struct identity *identity);

/* Points the message's fields at them. */
void identity_to_message(
    const struct identity *identity, Kith__Ipc__Settings *message);
