/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The one set of error codes of the whole program. Libraries return them and
 * never log; where a person needs to know more than the code says, a function
 * also fills in a struct fault.
 *
 * The codes that can reach a client have the same names as Refusal.Code in
 * kith.proto.
 */

enum kith_code {
	KITH_OK = 0,
	KITH_MALFORMED,       /* not a valid frame, request, row or line */
	KITH_TOO_LARGE,       /* over a limit */
	KITH_NOT_NOW,         /* not allowed in this state */
	KITH_UNSUPPORTED,     /* unknown request or missing ability */
	KITH_BAD_CREDENTIALS, /* unknown name, wrong password or token */
	KITH_LOCKED,          /* the account is locked */
	KITH_SIGN_UP_CLOSED,
	KITH_BAD_INVITE,
	KITH_NAME_TAKEN,
	KITH_BAD_NAME,
	KITH_BAD_PASSWORD,
	KITH_BAD_TEXT,
	KITH_NOT_FOUND,
	KITH_NOT_FRIENDS,
	KITH_ALREADY,  /* it is so already */
	KITH_CONFLICT, /* the same operation id with other content */
	KITH_FORBIDDEN,
	KITH_TRY_LATER,
	KITH_BUSY, /* a lock, a full queue or a full channel */
	KITH_STORAGE_FULL,
	KITH_STOPPING,
	KITH_INTERNAL,
	KITH_PENDING, /* the account waits for approval */
	/* below: never on the wire */
	KITH_AGAIN,     /* would block: wait for the descriptor */
	KITH_CLOSED,    /* the other end has closed */
	KITH_IO,        /* a system call failed; errno is in the sentence */
	KITH_TLS,       /* handshake or record failure */
	KITH_UNTRUSTED, /* the certificate or key is not the expected one */
	KITH_INTEGRITY, /* the database contradicts itself */
	KITH_NEWER,     /* the database is of a newer version */
	KITH_FOREIGN,   /* the file is not a kith database */
	KITH_REFUSED,   /* the state of the world forbids it, e.g. a hub runs */
	KITH_OFFLINE,   /* there is no connection to the server */
	KITH_TIMEOUT,   /* the other end did not answer in time */
	KITH_KEY_CHANGED, /* a pinned server shows another key */
	KITH_CODE_COUNT,
};

/*
 * Marks what a person may read in the client. It stays English here, in logs
 * and on the wire; the client looks up its translation by these very words.
 */
#define SENTENCE(text) text

#define FAULT_SENTENCE_MAX 256 /* bytes, with the NUL */

struct fault {
	enum kith_code code;
	char
	    sentence[FAULT_SENTENCE_MAX]; /* one English sentence, no newline */
};

/*
 * Fills *f, cutting a sentence that is too long, and returns code, so that a
 * caller can write "return fault_set(f, KITH_IO, …)". f may be NULL.
 */
enum kith_code fault_set(struct fault *f, enum kith_code code,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* fault_set() with ": " and the text of errno_value at its end. */
enum kith_code fault_set_errno(struct fault *f, enum kith_code code,
    int errno_value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A lower-case word such as "not_found": what JSON and logs show. Static. */
const char *kith_code_word(enum kith_code code);

/* A plain sentence for a code that came without one. Static. */
const char *kith_code_sentence(enum kith_code code);
