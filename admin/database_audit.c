/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What kith-admin leaves in the audit trail: inside the transaction of the
 * change, or for what has none, in one of its own.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "owner.h"

enum kith_code
database_audit(struct call *call, const char *target, json_t *detail)
{
	call->audited = true;
	json_decref(detail);
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
