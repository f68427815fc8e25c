/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cert import: a certificate that somebody else has made, and its key. */
#include <stdlib.h>
#include <string.h>

#include "cert.h"
#include "database.h"
#include "format.h"
#include "output.h"
#include "pem.h"
#include "prompt.h"
#include "settings.h"

/* Whose change is it: nobody's, an announced one, or one that locks out? */
enum change {
	CHANGE_NONE, /* the same key, or none before */
	CHANGE_ANNOUNCED,
	CHANGE_UNTOLD,
};

static enum kith_code
read_pair(
    struct call *call, const struct cert_paths *paths, struct cert_pair *pair)
{
	FILE *key = call_option_file(call, "key");
	enum kith_code code = pem_load_file(call_argument_file(call, 0),
	    call_argument(call, 0), &pair->certificate, &call->fault);

	if (code != KITH_OK)
		return code;
	if (key != NULL)
		return pem_load_file(
		    key, call_option(call, "key"), &pair->key, &call->fault);
	code = pem_load(paths->key, &pair->key, &call->fault);
	if (code == KITH_NOT_FOUND)
		return call_fail(call, code,
		    "There is no key at %s yet; give one with --key.",
		    paths->key);
	return code;
}

/* kithd would refuse it too, but then it would be too late. */
static enum kith_code
judge(struct call *call, struct cert_pair *pair)
{
	const struct tls_identity identity = {
		.certificate = pair->certificate,
		.certificate_length = strlen(pair->certificate),
		.key = pair->key,
		.key_length = strlen(pair->key),
	};
	int64_t now_us = format_now_us();
	enum kith_code code =
	    certificate_check_pair(&identity, &pair->info, &call->fault);

	if (code != KITH_OK)
		return code;
	if (identity.certificate_length > SETTINGS_PEM_MAX ||
	    identity.key_length > SETTINGS_PEM_MAX)
		return call_fail(call, KITH_REFUSED,
		    "kithd reads at most %u bytes of a file.",
		    SETTINGS_PEM_MAX);
	if (pair->info.not_after_us < now_us)
		return call_fail(
		    call, KITH_REFUSED, "The certificate has expired.");
	if (pair->info.not_before_us > now_us)
		return call_fail(
		    call, KITH_REFUSED, "The certificate is not valid yet.");
	return KITH_OK;
}

static enum kith_code
what_changes(struct call *call, const struct cert_paths *paths,
    const struct cert_pair *pair, enum change *change_r)
{
	struct certificate_info present;
	char announced[PIN_SIZE];
	enum kith_code code;

	*change_r = CHANGE_NONE;
	if (!cert_present(paths, &present) ||
	    strcmp(present.pin, pair->info.pin) == 0)
		return KITH_OK;
	code = cert_announced_pin(paths, announced, &call->fault);
	if (code == KITH_OK)
		*change_r = strcmp(announced, pair->info.pin) == 0
		    ? CHANGE_ANNOUNCED
		    : CHANGE_UNTOLD;
	return code;
}

static enum kith_code
confirm(struct call *call, enum change change)
{
	static const char *const questions[] = {
		[CHANGE_ANNOUNCED] =
		    "Change to the announced key? Whoever pinned the server "
		    "and has not connected since it was announced is stopped "
		    "by the client.",
		[CHANGE_UNTOLD] =
		    "Change to another key? Everybody who came by an invite "
		    "link pinned the present one and is stopped by the client; "
		    "\"kith-admin cert announce-next --key FILE\" tells people "
		    "beforehand.",
	};

	if (change == CHANGE_NONE || call_flag(call, "dry-run") ||
	    prompt_confirm(call, questions[change]))
		return KITH_OK;
	return call_fail(call, KITH_REFUSED, "Nothing was changed.");
}

static enum kith_code
put_in_place(struct call *call, const struct cert_paths *paths,
    const struct cert_pair *pair)
{
	enum kith_code code;

	if (call_flag(call, "dry-run")) {
		json_object_set_new(call->answer, "dry_run", json_true());
		output_talk(call,
		    "Nothing was changed; this is what would "
		    "be there:");
		return KITH_OK;
	}
	code = cert_replace(call, paths, pair);
	if (code != KITH_OK)
		return code;
	cert_forget_next(paths, pair->info.pin);
	cert_talk_reload(call);
	database_audit_outside(call, pair->info.pin,
	    json_pack("{s:s}", "certificate", paths->certificate));
	return KITH_OK;
}

static enum kith_code
import(
    struct call *call, const struct cert_paths *paths, struct cert_pair *pair)
{
	enum change change;
	enum kith_code code = read_pair(call, paths, pair);

	if (code == KITH_OK)
		code = judge(call, pair);
	if (code == KITH_OK)
		code = what_changes(call, paths, pair, &change);
	if (code == KITH_OK)
		code = confirm(call, change);
	if (code == KITH_OK)
		code = put_in_place(call, paths, pair);
	return code == KITH_OK ? cert_answer(call, paths, &pair->info) : code;
}

enum kith_code
cert_import(struct call *call)
{
	struct cert_paths paths;
	struct cert_pair pair = { 0 };
	enum kith_code code = cert_paths_find(call, &paths);

	if (code != KITH_OK)
		return code;
	code = import(call, &paths, &pair);
	cert_pair_clear(&pair);
	cert_paths_clear(&paths);
	return code;
}
