/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * The pin of a public key: "sha256:" and the base64url (without padding) of
 * the SHA-256 of its SubjectPublicKeyInfo in DER.
 */

#define PIN_PREFIX "sha256:"
#define PIN_LENGTH 50u               /* characters */
#define PIN_SIZE   (PIN_LENGTH + 1u) /* with the NUL */

/* Has text the form of a pin, exactly? NULL has not. */
bool pin_valid(const char *text);
