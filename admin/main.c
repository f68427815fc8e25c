/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kith-admin: finds the command, gives up root's rights, runs it, and says how
 * it went. One command is one run of the program and at most one transaction.
 */
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor.h"
#include "call.h"
#include "complete.h"
#include "database.h"
#include "descriptors.h"
#include "help.h"
#include "keeper.h"
#include "output.h"
#include "owner.h"
#include "table.h"

/* What is printed may hold any language, whatever the terminal's locale. */
static void
choose_locale(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static enum kith_code
run_command(struct call *call)
{
	enum kith_code code;
	bool root;

	call->actor = actor_name(&root);
	call->guarded = geteuid() == 0 && !root;
	code = call_open_files(call);
	if (code == KITH_OK && call->command->prepare != NULL)
		code = call->command->prepare(call);
	if (code == KITH_OK && (call->command->flags & COMMAND_AS_ROOT) == 0)
		code = owner_become(call->database, &call->fault);
	if (code == KITH_OK)
		code = call->command->run(call);
	database_close(call);
	keeper_free(&call->keeper);
	return code;
}

/* words[0] is the noun; options of every command may stand before the verb. */
static enum kith_code
run_noun(struct call *call, int count, char **words)
{
	enum kith_code code;
	int verb = 1, ignored;

	/* the noun stands where a program's name would, then the verb */
	code = call_read(call, count, words, &verb);
	if (code != KITH_OK && table_find_noun(words[0]) != NULL)
		return code;
	if (code == KITH_OK && call->help)
		return help_show(call, words[0], NULL);
	code = help_find(
	    call, words[0], verb < count ? words[verb] : NULL, &call->command);
	if (code != KITH_OK)
		return code;
	code = call_read(call, count - verb, words + verb, &ignored);
	if (code != KITH_OK)
		return code;
	return call->help ? help_show(call, words[0], words[verb])
			  : run_command(call);
}

static enum kith_code
run_help(struct call *call, int argc, char **argv)
{
	enum kith_code code;
	int ignored;

	call->command = &help_command;
	code = call_read(call, argc, argv, &ignored);
	return code != KITH_OK ? code : help_command.run(call);
}

static enum kith_code
run(struct call *call, int argc, char **argv)
{
	enum kith_code code;
	int first = 1;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("kith-admin " PACKAGE_VERSION);
		return KITH_OK;
	}
	code = call_read(call, argc, argv, &first);
	if (code != KITH_OK)
		return code;
	if (call->help)
		return help_show(call, NULL, NULL);
	if (first == argc)
		return help_show_first(call);
	if (strcmp(argv[first], "help") == 0)
		return run_help(call, argc - first, argv + first);
	if (strcmp(argv[first], "complete") == 0)
		return complete_run(call, argc - first, argv + first);
	return run_noun(call, argc - first, argv + first);
}

int
main(int argc, char **argv)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct call call;
	enum kith_code code;
	int status;

	if (!descriptors_fill())
		return EXIT_FAILURE;
	choose_locale();
	/* a closed pipe is an error of writing like any other */
	sigaction(SIGPIPE, &ignore, NULL);
	call_init(&call);
	/* errors of the command line, too, are told in the form asked for */
	call_peek_format(&call, argc, argv);
	code = run(&call, argc, argv);
	output_finish(&call, code);
	status = call_exit_code(&call, code);
	if (output_check(&call) != KITH_OK) {
		/* else a sentence has been said, mostly this one */
		if (code == KITH_OK || call.json)
			fprintf(
			    stderr, "kith-admin: %s\n", call.fault.sentence);
		status = status != EXIT_SUCCESS ? status : EXIT_FAILURE;
	}
	output_free(&call);
	call_clear(&call);
	return status;
}
