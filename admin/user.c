/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user: the table of the people's accounts' verbs. */
#include "user.h"

#include "prompt.h"

/* ---- options ---------------------------------------------------------- */

static const struct command_option list_options[] = { USER_FILTER_OPTIONS,
	{ "sort", "name|id|created|last-seen", "in this order; default name",
	    WORD_CHOICE },
	{ "reverse", NULL, "in the opposite order" },
	{ "limit", "N", "at most N of them" },
	{ "offset", "N", "leave out the first N" },
	{ "after", "USER", "go on behind this one", WORD_USER }, {} };

static const struct command_option activity_options[] = { USER_FILTER_OPTIONS,
	{ "since", "WHEN", "those seen since then" },
	{ "limit", "N", "at most N of them" }, {} };

static const struct command_option add_options[] = {
	{ "display-name", "TEXT", "the name that people see" },
	PROMPT_PASSWORD_OPTIONS, USER_COST_OPTIONS, {}
};

static const struct command_option passwd_options[] = { PROMPT_PASSWORD_OPTIONS,
	{ "end-sessions", NULL, "sign every device out; this is the default" },
	{ "keep-sessions", NULL,
	    "leave the devices signed in that are signed in" },
	USER_COST_OPTIONS, {} };

static const struct command_option lock_options[] = {
	{ "reason", "TEXT", "why; shown by \"user show\"" },
	{ "until", "WHEN", "unlock by itself then; or never" }, {}
};

static const struct command_option delete_options[] = { USER_FILTER_OPTIONS,
	{ "grace", "WHEN", "purge then; default 30d" },
	{ "purge", NULL, "purge now; there is no way back" }, {} };

static const struct command_option revoke_options[] = {
	{ "all", NULL, "every device" }, {}
};

static const struct command_option export_options[] = {
	{ "with-hashes", NULL,
	    "with the password hashes, so that people keep their passwords" },
	{}
};

static const struct command_option import_options[] = {
	{ "skip-existing", NULL, "leave accounts alone whose names exist" },
	{ "generate", NULL,
	    "make passwords up for those without a hash, and print them once" },
	{ "passwords-to", "FILE", "write them to this new file instead",
	    WORD_FILE_WRITE },
	{ "without-passwords", NULL,
	    "let those without a hash have none: nobody signs in as them "
	    "before \"user passwd\"" },
	USER_COST_OPTIONS, {}
};

/* ---- examples --------------------------------------------------------- */

static const struct command_example add_examples[] = {
	{ "kith-admin user add alice", "asks for the password" },
	{ "kith-admin user add bob --display-name Bob --generate",
	    "makes a password up" },
	{}
};

static const struct command_example list_examples[] = {
	{ "kith-admin user list --locked", "who is locked" },
	{ "kith-admin user list --inactive-since 90d --sort last-seen",
	    "who has not been here for three months" },
	{ "kith-admin user list --columns name,reason --format csv",
	    "for a spreadsheet" },
	{}
};

static const struct command_example activity_examples[] = {
	{ "kith-admin user activity --since 7d", "who was here this week" },
	{ "kith-admin user activity alice bob", "these two" }, {}
};

static const struct command_example passwd_examples[] = {
	{ "kith-admin user passwd alice --keep-sessions",
	    "without signing her out" },
	{}
};

static const struct command_example lock_examples[] = {
	{ "kith-admin user lock bob --reason spam --until 7d", "for a week" },
	{}
};

static const struct command_example delete_examples[] = {
	{ "kith-admin user delete bob", "disabled now, purged in 30 days" },
	{ "kith-admin user delete --pending --dry-run",
	    "how many sign-ups that would be" },
	{ "kith-admin user delete --deleted --purge",
	    "everybody who is deleted, without waiting" },
	{}
};

static const struct command_example revoke_examples[] = {
	{ "kith-admin user revoke alice 7", "the lost telephone" },
	{ "kith-admin user revoke alice --all", "every device" }, {}
};

static const struct command_example export_examples[] = {
	{ "kith-admin user export --with-hashes > accounts.csv",
	    "to move to another server" },
	{ "kith-admin user export alice > alice.json",
	    "what is stored about her" },
	{}
};

static const struct command_example import_examples[] = {
	{ "kith-admin user import accounts.csv --dry-run",
	    "what would happen" },
	{ "kith-admin user import people.csv --generate "
	  "--passwords-to passwords.csv",
	    "new accounts with new passwords" },
	{}
};

/* ---- the table -------------------------------------------------------- */

const struct command user_commands[] = {
	{ .noun = "user",
	    .verb = "add",
	    .arguments = "NAME",
	    .summary = "Make an account",
	    .details = "Asks for the password twice. Makes the database where "
		       "there is none.",
	    .options = add_options,
	    .examples = add_examples,
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = user_add },
	{ .noun = "user",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List the accounts",
	    .details = "Options for states add up; all others must hold. "
		       "Without any: everybody, also those who are deleted "
		       "and not yet purged.",
	    .options = list_options,
	    .examples = list_examples,
	    .flags = COMMAND_READS | COMMAND_BEGINNER,
	    .answer = "users",
	    .columns = user_list_columns,
	    .run = user_list },
	{ .noun = "user",
	    .verb = "show",
	    .arguments = "USER",
	    .kinds = { WORD_USER },
	    .summary = "Show one account",
	    .flags = COMMAND_READS,
	    .answer = "user",
	    .columns = user_show_columns,
	    .run = user_show },
	{ .noun = "user",
	    .verb = "activity",
	    .arguments = "[USER...]",
	    .kinds = { WORD_USER },
	    .summary = "Show who uses the server, and how much",
	    .details = "Those seen last come first.",
	    .options = activity_options,
	    .examples = activity_examples,
	    .flags = COMMAND_READS,
	    .answer = "users",
	    .columns = user_activity_columns,
	    .run = user_activity },
	{ .noun = "user",
	    .verb = "passwd",
	    .arguments = "USER",
	    .kinds = { WORD_USER },
	    .summary = "Set a new password",
	    .details = "Ends the account's sessions: every device must sign "
		       "in again.",
	    .options = passwd_options,
	    .examples = passwd_examples,
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = user_passwd },
	{ .noun = "user",
	    .verb = "rename-display",
	    .arguments = "USER TEXT",
	    .kinds = { WORD_USER },
	    .summary = "Change the name that people see",
	    .details = "An empty TEXT takes it away. The name to sign in with "
		       "stays.",
	    .flags = COMMAND_WRITES,
	    .run = user_rename_display },
	{ .noun = "user",
	    .verb = "lock",
	    .arguments = "USER...",
	    .kinds = { WORD_USER },
	    .summary = "Keep people out, and end their sessions at once",
	    .details = "Nothing is lost: unlocking gives everything back. For "
		       "one who is locked already, sets what is given.",
	    .options = lock_options,
	    .examples = lock_examples,
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = user_lock },
	{ .noun = "user",
	    .verb = "unlock",
	    .arguments = "USER...",
	    .kinds = { WORD_USER },
	    .summary = "Let people in again, or approve new accounts",
	    .flags = COMMAND_WRITES,
	    .run = user_unlock },
	{ .noun = "user",
	    .verb = "delete",
	    .arguments = "[USER...]",
	    .kinds = { WORD_USER },
	    .summary = "Delete accounts",
	    .details = "Disables them now, and ends their sessions; purges "
		       "them when the time of grace is over. Until then "
		       "\"user restore\" gives everything back. What the "
		       "people wrote stays with those who received it.",
	    .options = delete_options,
	    .examples = delete_examples,
	    .flags = COMMAND_WRITES | COMMAND_DESTRUCTIVE | COMMAND_BEGINNER,
	    .run = user_delete },
	{ .noun = "user",
	    .verb = "restore",
	    .arguments = "USER...",
	    .kinds = { WORD_USER },
	    .summary = "Take back the deletion of accounts not yet purged",
	    .flags = COMMAND_WRITES,
	    .run = user_restore },
	{ .noun = "user",
	    .verb = "devices",
	    .arguments = "USER",
	    .kinds = { WORD_USER },
	    .summary = "List what a person is signed in with",
	    .flags = COMMAND_READS,
	    .answer = "devices",
	    .columns = user_device_columns,
	    .run = user_devices },
	{ .noun = "user",
	    .verb = "revoke",
	    .arguments = "USER [DEVICE]",
	    .kinds = { WORD_USER, WORD_DEVICE },
	    .summary = "Sign a person's device out at once",
	    .details = "The password stays what it is; with it the device can "
		       "sign in again.",
	    .options = revoke_options,
	    .examples = revoke_examples,
	    .flags = COMMAND_WRITES,
	    .run = user_revoke },
	{ .noun = "user",
	    .verb = "export",
	    .arguments = "[USER]",
	    .kinds = { WORD_USER },
	    .summary = "Write out all accounts, or all about one person",
	    .details = "All accounts: CSV, or JSON with --json, as \"user "
		       "import\" reads it. One person: everything that is "
		       "stored about that person, with what the person "
		       "wrote, as JSON.",
	    .options = export_options,
	    .examples = export_examples,
	    .flags = COMMAND_READS,
	    .answer = "users",
	    .columns = user_export_columns,
	    .run = user_export },
	{ .noun = "user",
	    .verb = "import",
	    .arguments = "FILE",
	    .kinds = { WORD_FILE_READ },
	    .summary = "Make accounts from a CSV or JSON file",
	    .details =
		"Columns: name, and where wanted display_name, state (active, "
		"pending, locked), reason, until, created, last_seen, "
		"password_hash (Argon2id, as \"$argon2id$...\"), friends "
		"(names with spaces). JSON: an array of objects with these "
		"members, or the output of \"user export\". Every line is "
		"checked before anything is changed; all accounts are made, "
		"or none. \"-\" is standard input.",
	    .options = import_options,
	    .examples = import_examples,
	    .flags = COMMAND_WRITES | COMMAND_DRY_RUN,
	    .run = user_import },
	{},
};
