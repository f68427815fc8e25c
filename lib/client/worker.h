/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "clock.h"
#include "notes.h"

/*
 * The engine's thread, as the main thread sees it: commands go in, notes come
 * out. Everything here is for the main thread.
 */
typedef struct _Worker Worker;

/* What a command carries; which of these is said at each command. It owns them
 * all. task ends with NOTE_DONE, exactly once. */
typedef struct {
  guint64 id; /* not 0: refused when a NOTE_RESET has made it mean another */
  guint era;  /* when it was called; of worker_call() */
  guint64 number;
  gboolean flag;
  guint generation;
  PageKind page_kind;
  KithAnswer answer;
  char *text; /* this and the next two are wiped when they are freed */
  char *password;
  char *invite;
  Account *account;
  GBytes *token;
  GTask *task;
} Command;

typedef void (*CommandFunc) (Worker *worker, Command *command);

/* folder: of the profile. Starts the thread. */
Worker *worker_new (const char *folder, NoteQueue *notes, Clock *clock);
/* Ends the thread and waits for it: for the rest of what it is doing at the
 * moment, never for the network. Sets *worker to NULL. */
void worker_stop (Worker **worker);

Command *command_new (GTask *task); /* (transfer full) (nullable) */
/* (transfer full) command: run in the engine's thread, in order. */
void worker_call (Worker *self, CommandFunc func, Command *command);
/* A NOTE_RESET was applied: ids are the new ones from now on. */
void worker_reset_seen (Worker *self);

/* ---- the commands ---- */

void command_start (Worker *self, Command *command);    /* task */
void command_shutdown (Worker *self, Command *command); /* task */
void command_read_on (Worker *self, Command *command);

/* token (nullable): what the keyring had. */
void command_use_token (Worker *self, Command *command);
/* account, password, task; flag: a new account, then text: display name,
 * invite. */
void command_sign_in (Worker *self, Command *command);
void command_cancel_sign_in (Worker *self, Command *command);
void command_sign_out (Worker *self, Command *command);   /* task */
void command_change_pin (Worker *self, Command *command); /* text, task */
void command_reconnect (Worker *self, Command *command);
/* The network is another one: try again, or see whether we are still there. */
void command_network_changed (Worker *self, Command *command);

void command_friend_request (Worker *self, Command *command); /* text, task */
/* id: request, answer, task */
void command_answer_request (Worker *self, Command *command);
void command_remove_friend (Worker *self, Command *command); /* id: user */

/* id: conversation, in all of these */
void command_send (Worker *self, Command *command);   /* text, task */
void command_retry (Worker *self, Command *command);  /* number: outbox id */
void command_delete (Worker *self, Command *command); /* number: outbox id */
void command_draft (Worker *self, Command *command);  /* text */
void command_seen (Worker *self, Command *command);   /* number */
void command_typing (Worker *self, Command *command); /* flag */
/* page_kind, number: where the window ends, generation, task */
void command_load (Worker *self, Command *command);
