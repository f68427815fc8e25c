/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db: what concerns the database as a whole. Here is only the table.
 */
#include "db.h"

static const struct command_option backup_options[] = {
	{ "to", "FOLDER", "where to put it; default: where you are",
	    WORD_FILE },
	{}
};

static const struct command_option vacuum_options[] = {
	{ "full", NULL, "write the database anew; the server must be stopped" },
	{}
};

static const struct command_example backup_examples[] = {
	{ "kith-admin db backup --to /var/backups/kith",
	    "a copy that has the time in its name" },
	{ "kith-admin db backup before-the-move.db", "under a name of yours" },
	{}
};

static const struct command_example restore_examples[] = {
	{ "kith-admin db restore --dry-run kith-20261122T201614Z.db",
	    "is it whole, and what would be lost?" },
	{ "kith-admin db restore --yes kith-20261122T201614Z.db",
	    "put it back without being asked" },
	{}
};

static const struct command_example verify_examples[] = {
	{ "kith-admin db verify", "the database in use" },
	{ "kith-admin db verify kith-20261122T201614Z.db", "a backup" }, {}
};

static const struct command_example vacuum_examples[] = {
	{ "kith-admin db vacuum", "beside the running server, bit by bit" }, {}
};

const struct command db_commands[] = {
	{ .noun = "db",
	    .verb = "backup",
	    .arguments = "[FILE]",
	    .kinds = { WORD_FILE },
	    .summary = "Copy the database while it is in use, and verify it",
	    .details =
		"Nobody has to wait for it, and the copy is one state of "
		"everything. It is one file that needs nothing beside it, and "
		"gets its name only when it is whole, on disk and verified. A "
		"file that exists is never overwritten.",
	    .options = backup_options,
	    .examples = backup_examples,
	    .flags = COMMAND_READS | COMMAND_BEGINNER,
	    .answer = "backup",
	    .columns = db_backup_columns,
	    .prepare = db_backup_prepare,
	    .run = db_backup },
	{ .noun = "db",
	    .verb = "restore",
	    .arguments = "FILE",
	    .kinds = { WORD_SNAPSHOT },
	    .summary = "Put a backup in the place of the database",
	    .details =
		"The server must be stopped. The backup is verified first; one "
		"that an older kith made is brought up to date, one of a newer "
		"kith is refused. The present database is kept under a name "
		"with the time, which is printed. People's clients notice, and "
		"load everything anew.",
	    .examples = restore_examples,
	    .flags = COMMAND_WRITES | COMMAND_DESTRUCTIVE | COMMAND_STOPPED |
		COMMAND_KEEPS,
	    .prepare = db_file_prepare,
	    .run = db_restore },
	{ .noun = "db",
	    .verb = "verify",
	    .arguments = "[FILE]",
	    .kinds = { WORD_FILE_READ },
	    .summary = "Look whether the database, or a backup, is whole",
	    .details =
		"Looks at the file's structure, at references, that messages "
		"are numbered without gaps, and that everything agrees with "
		"everything else. Exit code 7 when something was found.",
	    .examples = verify_examples,
	    .flags = COMMAND_READS,
	    .answer = "problems",
	    .columns = db_verify_columns,
	    .prepare = db_file_prepare,
	    .run = db_verify },
	{ .noun = "db",
	    .verb = "vacuum",
	    .arguments = "",
	    .summary = "Give the room of what was deleted back to the disk",
	    .details =
		"Works in small steps, between which others can write. With "
		"--full the database is written anew, as small as can be; the "
		"one before is kept among the snapshots.",
	    .options = vacuum_options,
	    .examples = vacuum_examples,
	    .flags = COMMAND_WRITES,
	    .run = db_vacuum },
	{ .noun = "db",
	    .verb = "migrate",
	    .arguments = "",
	    .summary = "Bring the database of an older kith up to date",
	    .details = "The server must be stopped. kithd does the same when "
		       "it starts. A copy of the database as it was is kept "
		       "for \"db rollback\". Nothing is done to one that is "
		       "up to date.",
	    .flags = COMMAND_WRITES | COMMAND_STOPPED,
	    .run = db_migrate },
	{ .noun = "db",
	    .verb = "rollback",
	    .arguments = "",
	    .summary = "Put back the copy from before the last migration",
	    .details =
		"For going back to the kith from before an upgrade: the "
		"server must be stopped, and everything since is lost to "
		"people, though the present database is kept under a name "
		"with the time. Start the older kithd then; a newer one "
		"migrates again.",
	    .flags = COMMAND_WRITES | COMMAND_DESTRUCTIVE | COMMAND_STOPPED |
		COMMAND_KEEPS,
	    .run = db_rollback },
	{ .noun = "db",
	    .verb = "size",
	    .arguments = "",
	    .summary = "Show what takes how much room",
	    .flags = COMMAND_READS,
	    .answer = "tables",
	    .columns = db_size_columns,
	    .run = db_size },
	{},
};
