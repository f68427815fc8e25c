/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert announce-next: the key that the server will change to. Its public part is
 * a file that kithd.conf names and kithd tells people of; its private part lies
 * beside the present key, for root alone, until "cert create --next".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cert.h"
#include "database.h"
#include "output.h"
#include "pem.h"
#include "prompt.h"
#include "token.h"

struct announcement {
	struct cert_paths paths;
	bool foreign;  /* the private part is somebody else's business */
	char *private; /* PEM, secret */
	char *public;  /* PEM */
	char pin[PIN_SIZE];
};

static enum kith_code
take_key(struct call *call, struct announcement *a)
{
	FILE *file = call_option_file(call, "key");
	enum kith_code code;

	a->foreign = file != NULL;
	code = a->foreign ? pem_load_file(file, call_option(call, "key"),
				&a->private, &call->fault)
			  : certificate_make_key(&a->private, &call->fault);
	if (code == KITH_OK)
		code = certificate_public_key(a->private, strlen(a->private),
		    &a->public, a->pin, &call->fault);
	return code;
}

static enum kith_code
check_free(struct call *call, const struct announcement *a)
{
	struct certificate_info present;

	if (access(a->paths.next_public, F_OK) == 0)
		return call_fail(call, KITH_ALREADY,
		    "%s announces a key already; --withdraw takes it back.",
		    a->paths.next_public);
	if (!a->foreign && access(a->paths.next_private, F_OK) == 0)
		return call_fail(call, KITH_ALREADY,
		    "%s is there already; --withdraw removes it.",
		    a->paths.next_private);
	if (cert_present(&a->paths, &present) &&
	    strcmp(present.pin, a->pin) == 0)
		return call_fail(call, KITH_CONFLICT,
		    "That is the key which the server has now.");
	return KITH_OK;
}

/* The private part first: what is announced must be there. */
static enum kith_code
store_keys(struct call *call, const struct announcement *a)
{
	struct pem_file private = { a->paths.next_private, a->private, 0600,
		(gid_t)-1 };
	struct pem_file public = { a->paths.next_public, a->public, 0644,
		(gid_t)-1 };
	enum kith_code code = KITH_OK;

	if (!a->foreign)
		code = pem_create(&private, &call->fault);
	if (code != KITH_OK)
		return code;
	code = pem_create(&public, &call->fault);
	if (code != KITH_OK && !a->foreign)
		unlink(private.path);
	return code;
}

/* pin: NULL when none is announced any more. */
static void
answer(struct call *call, const struct announcement *a, const char *pin)
{
	struct certificate_info present;
	bool has_present = cert_present(&a->paths, &present);

	if (!call->json) {
		if (pin != NULL)
			puts(pin);
		return;
	}
	json_object_set_new(call->answer, "next_key",
	    json_pack("{s:s?, s:s?, s:s, s:s?}", "fingerprint",
		has_present ? present.pin : NULL, "next_fingerprint", pin,
		"public_key", a->paths.next_public, "private_key",
		a->foreign || pin == NULL ? NULL : a->paths.next_private));
}

static enum kith_code
announce(struct call *call, struct announcement *a)
{
	enum kith_code code = take_key(call, a);

	if (code == KITH_OK)
		code = check_free(call, a);
	if (code != KITH_OK)
		return code;
	if (call_flag(call, "dry-run")) {
		json_object_set_new(call->answer, "dry_run", json_true());
		output_talk(call, "Nothing was changed; %s would be made.",
		    a->paths.next_public);
		answer(call, a, a->foreign ? a->pin : NULL);
		return KITH_OK;
	}
	code = store_keys(call, a);
	if (code != KITH_OK)
		return code;
	database_audit_outside(call, a->pin, NULL);
	output_talk(call,
	    "People are told of it once kithd is reloaded: systemctl reload "
	    "kithd");
	output_talk(call,
	    "When all of them have connected again, change to it: %s",
	    a->foreign ? "kith-admin cert import"
		       : "kith-admin cert create --next");
	answer(call, a, a->pin);
	return KITH_OK;
}

/* ---- withdrawing ------------------------------------------------------------ */

static enum kith_code
remove_file(struct call *call, const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return KITH_OK;
	return fault_set_errno(
	    &call->fault, KITH_IO, errno, "Cannot remove %s", path);
}

static enum kith_code
withdraw(struct call *call, struct announcement *a)
{
	enum kith_code code;

	if (access(a->paths.next_public, F_OK) != 0 &&
	    access(a->paths.next_private, F_OK) != 0)
		return call_fail(call, KITH_NOT_FOUND, "No key is announced.");
	if (call_flag(call, "dry-run")) {
		json_object_set_new(call->answer, "dry_run", json_true());
		output_talk(call, "Nothing was changed; %s would go.",
		    a->paths.next_public);
		answer(call, a, NULL);
		return KITH_OK;
	}
	if (!prompt_confirm(call,
		"Remove the announced key? Once it is gone the server can "
		"never change to it."))
		return call_fail(call, KITH_REFUSED, "Nothing was changed.");
	code = remove_file(call, a->paths.next_public);
	if (code == KITH_OK)
		code = remove_file(call, a->paths.next_private);
	if (code != KITH_OK)
		return code;
	database_audit_outside(
	    call, NULL, json_pack("{s:b}", "withdraw", true));
	output_talk(call,
	    "People are told once kithd is reloaded: systemctl reload kithd");
	answer(call, a, NULL);
	return KITH_OK;
}

enum kith_code
cert_announce_next(struct call *call)
{
	struct announcement a = { .foreign = false };
	enum kith_code code = cert_paths_find(call, &a.paths);

	if (code != KITH_OK)
		return code;
	if (!call_flag(call, "withdraw"))
		code = announce(call, &a);
	else if (call_option(call, "key") != NULL)
		code =
		    call_usage(call, "Either --key or --withdraw, not both.");
	else
		code = withdraw(call, &a);
	secret_free(&a.private);
	free(a.public);
	cert_paths_clear(&a.paths);
	return code;
}
