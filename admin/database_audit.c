/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What kith-admin leaves in the audit trail: inside the transaction of the
 * change, or for what has none, in one of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database.h"
#include "format.h"
#include "mem.h"
#include "output.h"
#include "owner.h"
#include "store_audit.h"

#define TARGET_SIZE      (STORE_AUDIT_TARGET_MAX + 1)
#define COMMAND_WORD_MAX 30 /* bytes of a noun or a verb */

_Static_assert(2 * COMMAND_WORD_MAX + 1 <= STORE_AUDIT_COMMAND_MAX,
    "a command fits into the trail");

/* A change is not refused because the words about it are long. */
static char *
detail_text(json_t *detail)
{
	char *text = detail != NULL ? json_dumps(detail, JSON_COMPACT) : NULL;

	json_decref(detail);
	if (text == NULL)
		return mem_dup_string("{}");
	if (strlen(text) > STORE_AUDIT_DETAIL_MAX) {
		free(text);
		return mem_dup_string("{\"too_long\":true}");
	}
	return text;
}

enum kith_code
database_audit(struct call *call, const char *target, json_t *detail)
{
	char *text = detail_text(detail);
	char *did = mem_format("%.*s %.*s", COMMAND_WORD_MAX,
	    call->command->noun, COMMAND_WORD_MAX, call->command->verb);
	char cut[TARGET_SIZE];
	enum kith_code code;

	snprintf(cut, sizeof(cut), "%s", target != NULL ? target : "");
	code = store_audit_add(call->store,
	    &(struct store_audit){ .time_us = format_now_us(),
		.actor = call->actor,
		.command = did,
		.target = cut,
		.detail = text });
	free(did);
	free(text);
	if (code != KITH_OK)
		return database_fault(
		    call, code, "The change cannot be noted.");
	call->audited = true;
	return KITH_OK;
}

enum kith_code
database_audit_user(
    struct call *call, const struct store_user *user, json_t *detail)
{
	char *target =
	    mem_format("%s (id:%lld)", user->name, (long long)user->id);
	enum kith_code code = database_audit(call, target, detail);

	free(target);
	return code;
}

static enum kith_code
write_alone(struct call *call, const char *target, json_t *detail)
{
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK) {
		json_decref(detail);
		return code;
	}
	return database_end(call, database_audit(call, target, detail));
}

static void
say_missing(struct call *call, const char *reason)
{
	output_talk(call,
	    "This is done, but could not be noted in the audit trail: %s",
	    reason);
}

/*
 * The verb stays root, and root opens no database: a child becomes its owner
 * and writes the row. It leaves without touching what stdio has not written.
 */
static void
write_as_owner(struct call *call, const char *target, json_t *detail)
{
	pid_t pid;

	if (access(call->database, F_OK) != 0)
		return;
	pid = fork();
	if (pid < 0) {
		say_missing(call, "there is no process to write it.");
		return;
	}
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		return;
	}
	if (owner_become(call->database, &call->fault) != KITH_OK ||
	    write_alone(call, target, json_incref(detail)) != KITH_OK)
		say_missing(call, call->fault.sentence);
	database_close(call);
	_exit(EXIT_SUCCESS);
}

void
database_audit_outside(struct call *call, const char *target, json_t *detail)
{
	if ((call->command->flags & COMMAND_AS_ROOT) != 0) {
		write_as_owner(call, target, detail);
		json_decref(detail);
	} else if (write_alone(call, target, detail) != KITH_OK) {
		say_missing(call, call->fault.sentence);
	}
}
