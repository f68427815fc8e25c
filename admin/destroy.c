/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "destroy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "mem.h"
#include "output.h"
#include "prompt.h"
#include "snapshot.h"

/* "with 3 friend links, no device and 1 friend request"; "" without any. */
static char *
describe_losses(const struct destroy_loss *losses)
{
	char *text = mem_dup_string("");

	for (; losses != NULL && losses->key != NULL; losses++) {
		bool first = *text == '\0';
		bool last = losses[1].key == NULL;
		char *count =
		    format_count(losses->count, losses->one, losses->many);
		char *longer = mem_format("%s%s%s", text,
		    first      ? " with "
			: last ? " and "
			       : ", ",
		    count);

		free(count);
		free(text);
		text = longer;
	}
	return text;
}

static char *
describe(const struct destroy *d, char end)
{
	char *losses = describe_losses(d->losses);
	char *text = mem_format("%s%s%c%s%s", d->question, losses, end,
	    d->remark != NULL ? " " : "", d->remark != NULL ? d->remark : "");

	free(losses);
	return text;
}

static json_t *
counts(const struct destroy *d)
{
	json_t *object = json_object();

	json_object_set_new(object, d->victim, json_integer(d->victims));
	for (const struct destroy_loss *l = d->losses;
	     l != NULL && l->key != NULL; l++)
		json_object_set_new(object, l->key, json_integer(l->count));
	return object;
}

static void
tell_dry_run(struct call *call, const struct destroy *d)
{
	char *text = describe(d, '.');
	char *clean = output_clean(text);

	json_object_set_new(call->answer, "dry_run", json_true());
	json_object_set_new(call->answer, "would", counts(d));
	if (!call->json)
		printf("Would %c%s\n", tolower((unsigned char)clean[0]),
		    clean + 1);
	free(clean);
	free(text);
}

static enum kith_code
take_snapshot(struct call *call)
{
	enum kith_code code;
	char *why;

	if ((call->command->flags & COMMAND_KEEPS) != 0 ||
	    call_flag(call, "no-snapshot"))
		return KITH_OK;
	why = mem_format("%s %s", call->command->noun, call->command->verb);
	code = database_snapshot(call, why);
	free(why);
	return code;
}

enum kith_code
destroy_confirm(struct call *call, const struct destroy *d, bool *go_r)
{
	enum kith_code code;
	char *text;
	bool yes;

	*go_r = false;
	if (call_flag(call, "dry-run")) {
		tell_dry_run(call, d);
		return KITH_OK;
	}
	text = describe(d, d->victims > 1 ? '.' : '?');
	yes = d->victims > 1 ? prompt_confirm_number(call, text, d->victims)
			     : prompt_confirm(call, text);
	free(text);
	if (!yes)
		return call_fail(call, KITH_REFUSED, "Nothing was changed.");
	code = take_snapshot(call);
	*go_r = code == KITH_OK;
	return code;
}
