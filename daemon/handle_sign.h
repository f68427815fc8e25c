/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "hub_request.h"
#include "hub_throttle.h"
#include "store_user.h"
#include "token.h"

/*
 * What signing in and signing up share. A sign-in by password takes three
 * steps: judged by the handler, proved by auth, done in the batch; the session
 * is bound after the commit. Between them it lives in a struct sign_in.
 */

enum sign_in_step {
	SIGN_IN_BY_PASSWORD, /* auth verifies the password of a user */
	SIGN_UP_ANEW,        /* auth hashes the password of a new user */
	SIGN_UP_AGAIN,       /* auth verifies: the answer was lost before */
};

struct sign_in {
	enum sign_in_step step;
	bool admitted; /* throttle waits to hear how it went */
	struct throttle_try try;
	int64_t user_id;             /* 0: nobody has this name */
	char phc[STORE_PHC_MAX];     /* what auth verified against */
	char new_phc[STORE_PHC_MAX]; /* what auth made; "" for nothing */
	int64_t device_id;
	uint8_t token[TOKEN_SIZE];
};

/* What was guessed, as a keyed hash that only this process can make. */
uint64_t sign_in_guess(const char *name, const char *secret);

/*
 * The throttle's say. KITH_TRY_LATER with request->retry_after_ms, or KITH_OK
 * and then sign_in_verdict() must follow once.
 */
enum kith_code sign_in_admit(
    struct request *request, const char *name, const char *guessed);

enum sign_in_verdict {
	SIGN_IN_RIGHT,
	SIGN_IN_WRONG,
	SIGN_IN_UNKNOWN,
};
void sign_in_verdict(struct request *request, enum sign_in_verdict verdict);

/*
 * In the batch: makes a device and a token for this user, and prepares the
 * answer; the session is bound after the commit.
 */
enum kith_code sign_in_new_device(
    struct request *request, const struct store_user *user, const char *device);

/*
 * PENDING, LOCKED (with a sentence where there is more to say than that), or
 * for those who are gone BAD_CREDENTIALS.
 */
enum kith_code sign_in_check_state(
    const struct store_user *user, struct fault *fault);

/* The steps of a sign-up in the batch. */
enum kith_code sign_up_finish(struct request *request, struct fault *fault);
