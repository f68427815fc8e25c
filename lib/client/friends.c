/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the person does about friends. Such an act needs the server, so it is
 * not kept on disk; but a connection that breaks under it does not undo it:
 * it is sent again by the same operation, for as long as one would wait.
 */
#include "worker-private.h"

#include <string.h>

#include "client-error.h"
#include "text.h"

#define ACTION_MS 30000 /* from the click to the end of hoping */
#define ACTIONS_MAX 64

typedef enum {
  ACTION_SEND,
  ACTION_ACCEPT,
  ACTION_REJECT,
  ACTION_CANCEL,
  ACTION_REMOVE,
} ActionKind;

typedef struct {
  ActionKind kind;
  guint64 id; /* of the request, or the user */
  char *name;
  guint8 operation[RECORD_OPERATION_SIZE];
  gint64 until_ms;
  gboolean sent; /* on this connection */
  GTask *task;
} Action;

/* (transfer full) error. */
static void
end_action (Worker *self, Action *action, GError *error)
{
  g_queue_remove (&self->actions, action);
  worker_done (self, action->task, error);
  g_free (action->name);
  g_free (action);
}

static Action *
find (Worker *self, const guint8 *operation)
{
  for (GList *link = self->actions.head; link != NULL; link = link->next) {
    Action *action = link->data;

    if (memcmp (action->operation, operation, RECORD_OPERATION_SIZE) == 0)
      return action;
  }
  return NULL;
}

/* The events bring the change itself; the answer only says that it is done.
 * The request of one's own comes with both, and is known by its id. */
static gboolean
on_answer (Worker *self, const Kith__ToClient *answer, gpointer data,
           GError **error)
{
  Action *action = find (self, data);

  if (answer == NULL || action == NULL)
    return TRUE;
  if (answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL) {
    end_action (self, action, requests_error_from (answer->refusal));
    return TRUE;
  }
  end_action (self, action, NULL);
  return TRUE;
}

/* Each kind's own part of a message. */
typedef union {
  Kith__SendFriendRequest send;
  Kith__AcceptFriendRequest accept;
  Kith__RejectFriendRequest reject;
  Kith__CancelFriendRequest cancel;
  Kith__RemoveFriend remove;
} Body;

static void
put_body (Kith__ToServer *message, const Action *action, Body *body)
{
  switch (action->kind) {
  case ACTION_SEND:
    body->send = (Kith__SendFriendRequest)KITH__SEND_FRIEND_REQUEST__INIT;
    body->send.name = action->name;
    message->body_case = KITH__TO_SERVER__BODY_SEND_FRIEND_REQUEST;
    message->send_friend_request = &body->send;
    break;
  case ACTION_ACCEPT:
    body->accept = (Kith__AcceptFriendRequest)KITH__ACCEPT_FRIEND_REQUEST__INIT;
    body->accept.id = action->id;
    message->body_case = KITH__TO_SERVER__BODY_ACCEPT_FRIEND_REQUEST;
    message->accept_friend_request = &body->accept;
    break;
  case ACTION_REJECT:
    body->reject = (Kith__RejectFriendRequest)KITH__REJECT_FRIEND_REQUEST__INIT;
    body->reject.id = action->id;
    message->body_case = KITH__TO_SERVER__BODY_REJECT_FRIEND_REQUEST;
    message->reject_friend_request = &body->reject;
    break;
  case ACTION_CANCEL:
    body->cancel = (Kith__CancelFriendRequest)KITH__CANCEL_FRIEND_REQUEST__INIT;
    body->cancel.id = action->id;
    message->body_case = KITH__TO_SERVER__BODY_CANCEL_FRIEND_REQUEST;
    message->cancel_friend_request = &body->cancel;
    break;
  case ACTION_REMOVE:
    body->remove = (Kith__RemoveFriend)KITH__REMOVE_FRIEND__INIT;
    body->remove.user_id = action->id;
    message->body_case = KITH__TO_SERVER__BODY_REMOVE_FRIEND;
    message->remove_friend = &body->remove;
    break;
  }
}

static gboolean
send_action (Worker *self, Action *action)
{
  RequestKind kind = { KITH__TO_CLIENT__BODY_DONE, 0, on_answer };
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Body body;

  if (action->kind == ACTION_SEND)
    kind.or_else = KITH__TO_CLIENT__BODY_FRIEND_REQUEST;
  kind.data = g_memdup2 (action->operation, RECORD_OPERATION_SIZE);
  kind.destroy = g_free;
  message.operation.data = action->operation;
  message.operation.len = RECORD_OPERATION_SIZE;
  put_body (&message, action, &body);
  action->sent = requests_send (self, &message, &kind);
  return action->sent;
}

/* ---- waiting ---- */

static gboolean
on_late (gpointer data)
{
  Worker *self = data;
  const gint64 now_ms = clock_now_ms (self->clock);
  const Action *first;

  worker_clear_timer (&self->actions_timer);
  while (!g_queue_is_empty (&self->actions)) {
    Action *action = g_queue_peek_head (&self->actions);

    if (action->until_ms > now_ms)
      break;
    end_action (self, action, client_error_new (KITH_TIMEOUT, NULL));
  }
  first = g_queue_peek_head (&self->actions);
  if (first != NULL)
    self->actions_timer
        = worker_timer (self, (guint64)(first->until_ms - now_ms), on_late);
  return G_SOURCE_REMOVE;
}

void
friends_resend (Worker *self)
{
  for (GList *link = self->actions.head; link != NULL; link = link->next) {
    Action *action = link->data;

    if (!action->sent && !send_action (self, action))
      break;
  }
}

void
friends_cut (Worker *self)
{
  for (GList *link = self->actions.head; link != NULL; link = link->next)
    ((Action *)link->data)->sent = FALSE;
}

void
friends_end (Worker *self)
{
  worker_clear_timer (&self->actions_timer);
  while (!g_queue_is_empty (&self->actions))
    end_action (self, g_queue_peek_head (&self->actions),
                client_error_new (KITH_OFFLINE, NULL));
}

void
friends_renumber (Worker *self)
{
  GList *next;

  for (GList *link = self->actions.head; link != NULL; link = next) {
    Action *action = link->data;

    next = link->next;
    if (action->id != 0)
      end_action (self, action, client_error_new (KITH_NOT_NOW, NULL));
  }
}

/* Takes the command's task. */
static void
begin (Worker *self, ActionKind kind, Command *command)
{
  Action *action;

  if (self->phase < SESSION_SYNCING) {
    worker_refuse (self, command, KITH_OFFLINE);
    return;
  }
  if (g_queue_get_length (&self->actions) >= ACTIONS_MAX) {
    worker_refuse (self, command, KITH_BUSY);
    return;
  }
  action = g_new0 (Action, 1);
  action->kind = kind;
  action->id = command->id;
  action->name = g_strdup (command->text);
  action->task = g_steal_pointer (&command->task);
  action->until_ms = clock_now_ms (self->clock) + ACTION_MS;
  uuid_new (action->operation);
  g_queue_push_tail (&self->actions, action);
  if (self->actions_timer == NULL)
    self->actions_timer = worker_timer (self, ACTION_MS, on_late);
  if (session_is_live (self))
    send_action (self, action);
}

void
command_friend_request (Worker *self, Command *command)
{
  if (text_check_name (command->text) != KITH_OK)
    worker_refuse (self, command, KITH_BAD_NAME);
  else
    begin (self, ACTION_SEND, command);
}

void
command_answer_request (Worker *self, Command *command)
{
  static const ActionKind kinds[] = {
    [KITH_ANSWER_ACCEPT] = ACTION_ACCEPT,
    [KITH_ANSWER_REJECT] = ACTION_REJECT,
    [KITH_ANSWER_CANCEL] = ACTION_CANCEL,
  };

  begin (self, kinds[command->answer], command);
}

void
command_remove_friend (Worker *self, Command *command)
{
  begin (self, ACTION_REMOVE, command);
}
