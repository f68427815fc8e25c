/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection after the other: greeting, sign-in, keeping it alive, and
 * what comes after its end. Which message is allowed when stands in one table.
 * Must never go on with a server whose key is not the expected one.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "client-error.h"

#define PONG_MS 15000
#define PING_MAX_MS 30000
#define PING_MIN_MS 1000
#define SIGN_IN_MS 90000 /* a busy server may queue passwords for a while */
#define FEATURE_NEXT_KEY "next-key"
#define CLIENT_TEXT "kith " PACKAGE_VERSION

gboolean
session_protocol_error (GError **error, const char *sentence)
{
  g_propagate_error (error, client_error_new (KITH_MALFORMED, sentence));
  return FALSE;
}

gboolean
session_is_live (Worker *self)
{
  return self->phase == SESSION_LIVE;
}

/* ---- keeping it alive ---- */

static gboolean
on_pong_late (gpointer data)
{
  Worker *self = data;
  g_autoptr (GError) error = client_error_new (KITH_TIMEOUT, NULL);

  worker_clear_timer (&self->pong_timer);
  session_fail (self, error);
  return G_SOURCE_REMOVE;
}

static gboolean
on_pong (Worker *self, const Kith__ToClient *answer, gpointer data,
         GError **error)
{
  worker_clear_timer (&self->pong_timer);
  return TRUE;
}

static void
send_ping (Worker *self)
{
  const RequestKind kind = { KITH__TO_CLIENT__BODY_PONG, 0, on_pong };
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__Ping ping = KITH__PING__INIT;

  if (self->pong_timer != NULL)
    return;
  message.body_case = KITH__TO_SERVER__BODY_PING;
  message.ping = &ping;
  if (requests_send (self, &message, &kind))
    self->pong_timer = worker_timer (self, PONG_MS, on_pong_late);
}

static gboolean
on_ping_due (gpointer data)
{
  Worker *self = data;

  worker_clear_timer (&self->ping_timer);
  if (requests_overdue (self)) {
    g_autoptr (GError) error = client_error_new (KITH_TIMEOUT, NULL);

    session_fail (self, error);
    return G_SOURCE_REMOVE;
  }
  send_ping (self);
  self->ping_timer = worker_timer (self, self->ping_ms, on_ping_due);
  return G_SOURCE_REMOVE;
}

void
session_keep_alive (Worker *self)
{
  self->ping_timer = worker_timer (self, self->ping_ms, on_ping_due);
}

void
session_probe (Worker *self)
{
  send_ping (self);
}

/* ---- what comes by itself ---- */

static void
keep_server_name (Worker *self, const char *name)
{
  Account *account
      = self->attempt != NULL ? self->attempt->account : self->account;
  UserRecord checked = { 0 };
  Kith__User wire = KITH__USER__INIT;

  /* The rules of a display name are right for it as well. */
  wire.id = 1;
  wire.display_name = (char *)name;
  if (user_record_from_wire (&checked, &wire) && *checked.display_name != '\0')
    record_set_string (&account->server_name, checked.display_name);
  user_record_clear (&checked);
}

static gboolean
on_greeting (Worker *self, const Kith__ToClient *message, GError **error)
{
  const RequestKind kind
      = { KITH__TO_CLIENT__BODY_DONE, 0, sign_in_after_hello };
  const Kith__Greeting *greeting = message->greeting;
  Kith__ToServer to_server = KITH__TO_SERVER__INIT;
  Kith__Hello hello = KITH__HELLO__INIT;
  char *features[] = { (char *)FEATURE_NEXT_KEY };
  guint64 ping_ms = PING_MAX_MS;

  if (greeting->epoch.len != RECORD_EPOCH_SIZE)
    return session_protocol_error (error,
                                   _ ("The server's greeting is broken."));
  memcpy (self->epoch, greeting->epoch.data, RECORD_EPOCH_SIZE);
  keep_server_name (self, greeting->server_name);
  if (greeting->limits != NULL && greeting->limits->idle_s > 0)
    ping_ms = (guint64)greeting->limits->idle_s * 1000 / 3;
  self->ping_ms = (guint32)CLAMP (ping_ms, PING_MIN_MS, PING_MAX_MS);
  self->announces_keys = FALSE;
  for (gsize i = 0; i < greeting->n_features; i++)
    if (g_str_equal (greeting->features[i], FEATURE_NEXT_KEY))
      self->announces_keys = TRUE;
  self->phase = SESSION_GREETED;
  to_server.body_case = KITH__TO_SERVER__BODY_HELLO;
  to_server.hello = &hello;
  hello.client = (char *)CLIENT_TEXT;
  hello.features = features;
  hello.n_features = G_N_ELEMENTS (features);
  requests_send (self, &to_server, &kind);
  return TRUE;
}

static gboolean
on_goodbye (Worker *self, const Kith__ToClient *message, GError **error)
{
  g_autoptr (GError) reason = requests_error_from (message->goodbye->reason);

  /* Who signs out is not stopped by anything. */
  if (self->phase == SESSION_LEAVING || !session_stops (self, reason))
    session_fail (self, reason);
  return TRUE;
}

static gboolean
on_event (Worker *self, const Kith__ToClient *message, GError **error)
{
  return sync_event (self, message->event, error);
}

static gboolean
on_presence (Worker *self, const Kith__ToClient *message, GError **error)
{
  Note *note = note_new (NOTE_PRESENCE);

  note->id = message->presence->user_id;
  note->flag = message->presence->online;
  worker_note (self, note);
  return TRUE;
}

static gboolean
on_typing (Worker *self, const Kith__ToClient *message, GError **error)
{
  Note *note;

  if (message->typing->user_id == self->account->self.id)
    return TRUE;
  note = note_new (NOTE_TYPING);
  note->id = message->typing->conversation_id;
  note->flag = message->typing->typing;
  worker_note (self, note);
  return TRUE;
}

/* The connection is trusted already: that is what makes its word count. */
static gboolean
on_next_key (Worker *self, const Kith__ToClient *message, GError **error)
{
  if (!account_set_next_pin (self->account, message->next_key->pin))
    return TRUE;
  return account_save (self->account, self->folder, error);
}

#define IN(phase) (1u << (phase))
#define IN_SIGNED_IN                                                           \
  (IN (SESSION_SYNCING) | IN (SESSION_LIVE) | IN (SESSION_LEAVING))

static const struct {
  Kith__ToClient__BodyCase body;
  guint phases;
  gboolean (*func) (Worker *self, const Kith__ToClient *message,
                    GError **error);
} unasked[] = {
  { KITH__TO_CLIENT__BODY_GREETING, IN (SESSION_OPENING), on_greeting },
  { KITH__TO_CLIENT__BODY_EVENT, IN_SIGNED_IN, on_event },
  { KITH__TO_CLIENT__BODY_PRESENCE, IN_SIGNED_IN, on_presence },
  { KITH__TO_CLIENT__BODY_TYPING, IN_SIGNED_IN, on_typing },
  { KITH__TO_CLIENT__BODY_NEXT_KEY, IN_SIGNED_IN, on_next_key },
  { KITH__TO_CLIENT__BODY_GOODBYE, ~0u, on_goodbye },
};

static gboolean
on_received (const Kith__ToClient *message, gpointer data, GError **error)
{
  Worker *self = data;

  for (guint i = 0; i < G_N_ELEMENTS (unasked); i++) {
    if (unasked[i].body != message->body_case)
      continue;
    if (message->request == 0 && (unasked[i].phases & IN (self->phase)) != 0)
      return unasked[i].func (self, message, error);
    return session_protocol_error (
        error, _ ("The server said something out of turn."));
  }
  return requests_answer (self, message, error);
}

static void
on_idle (gpointer data)
{
  Worker *self = data;
  g_autoptr (GError) error = NULL;

  if (!worker_commit (self, &error))
    session_fail (self, error);
}

static void
on_opened (gpointer data)
{
  /* The server speaks first. */
}

static void
on_ended (const GError *error, gpointer data)
{
  session_fail (data, error);
}

static const ConnectionEvents connection_events = {
  .opened = on_opened,
  .received = on_received,
  .idle = on_idle,
  .ended = on_ended,
};

/* ---- beginning and ending ---- */

static gboolean
on_sign_in_late (gpointer data)
{
  Worker *self = data;
  g_autoptr (GError) error = client_error_new (KITH_TIMEOUT, NULL);

  worker_clear_timer (&self->sign_in_timer);
  session_fail (self, error);
  return G_SOURCE_REMOVE;
}

void
session_connect (Worker *self)
{
  const Account *account = session_account (self);
  const ConnectionTarget target = {
    .host = account->host,
    .port = account->port,
    .pin = account->pin,
    .next_pin = account->next_pin,
    .trust = self->attempt != NULL && self->attempt->probing
                 ? CONNECTION_TRUST_PROBE
             : account->pin != NULL ? CONNECTION_TRUST_PIN
                                    : CONNECTION_TRUST_CA,
  };

  session_close (self);
  self->phase = SESSION_OPENING;
  worker_set_state (self, KITH_ENGINE_CONNECTING, NULL, -1);
  self->sign_in_timer = worker_timer (self, SIGN_IN_MS, on_sign_in_late);
  self->connection
      = connection_open (&target, &connection_events, self->clock, self);
}

void
session_begin (Worker *self)
{
  g_autoptr (GError) error = NULL;

  if (self->account == NULL)
    worker_set_state (self, KITH_ENGINE_SIGNED_OUT, NULL, -1);
  else if (self->token == NULL)
    worker_set_state (self, KITH_ENGINE_NEEDS_PASSWORD, NULL, -1);
  else if (!worker_need_cache (self, &error))
    session_retry_later (self, KITH_ENGINE_OFFLINE, error->message, 0);
  else
    session_connect (self);
}

void
session_close (Worker *self)
{
  worker_clear_timer (&self->retry_timer);
  worker_clear_timer (&self->sign_in_timer);
  worker_clear_timer (&self->ping_timer);
  worker_clear_timer (&self->pong_timer);
  g_clear_pointer (&self->connection, connection_close);
  worker_rollback (self);
  self->phase = SESSION_NONE;
  requests_cut (self);
  sync_reset (self);
  outbox_reset (self);
  marks_reset (self);
  gaps_reset (self);
  friends_cut (self);
  worker_note (self, note_new (NOTE_PRESENCE_RESET));
}

void
session_stop (Worker *self, KithEngineState state, const char *sentence)
{
  session_close (self);
  friends_end (self);
  worker_set_state (self, state, sentence, -1);
}

static void
forget_token (Worker *self)
{
  g_clear_pointer (&self->token, g_bytes_unref);
  worker_note (self, note_new (NOTE_TOKEN));
}

/* A refused token, or a Goodbye: which of them end the trying? */
gboolean
session_stops (Worker *self, const GError *error)
{
  if (self->attempt != NULL)
    return FALSE;
  if (client_error_is (error, KITH_BAD_CREDENTIALS)) {
    forget_token (self);
    session_stop (
        self, KITH_ENGINE_NEEDS_PASSWORD,
        _ ("This device was signed out. Enter your password to go on."));
    return TRUE;
  }
  if (client_error_is (error, KITH_LOCKED)
      || client_error_is (error, KITH_NOT_FOUND)) {
    session_stop (self, KITH_ENGINE_OFFLINE, error->message);
    return TRUE;
  }
  return FALSE;
}

void
session_live (Worker *self)
{
  self->phase = SESSION_LIVE;
  self->live_since_ms = clock_now_ms (self->clock);
  worker_set_state (self, KITH_ENGINE_ONLINE, NULL, -1);
}

/* ---- failing ---- */

/* First contact with an address that mbedTLS cannot match: the key was not
 * seen, so it is asked for once more, trusting nobody. */
static gboolean
probe_instead (Worker *self, const GError *error)
{
  Attempt *attempt = self->attempt;

  if (!client_error_is (error, KITH_UNTRUSTED)
      || kith_client_error_get_pin (error) != NULL
      || attempt->account->pin != NULL || attempt->probing)
    return FALSE;
  attempt->probing = TRUE;
  session_connect (self);
  return TRUE;
}

static void
fail_attempt (Worker *self, const GError *error)
{
  GError *told;

  if (probe_instead (self, error))
    return;
  told = g_error_copy (error);
  if (client_error_is (error, KITH_UNTRUSTED)
      && self->attempt->account->pin != NULL)
    told->code = KITH_KEY_CHANGED;
  session_close (self);
  session_end_attempt (self, told);
  session_begin (self);
}

static void
key_changed (Worker *self)
{
  if (self->account->pin != NULL) {
    session_stop (
        self, KITH_ENGINE_KEY_CHANGED,
        _ ("The server shows another key than the one that you trusted. "
           "Somebody may be listening, or the server was set up anew: ask "
           "its administrator for the new key."));
    return;
  }
  session_retry_later (
      self, KITH_ENGINE_KEY_CHANGED,
      _ ("No authority that this computer trusts vouches for the server "
         "any more."),
      0);
}

void
session_fail (Worker *self, const GError *error)
{
  g_autoptr (GError) kept = g_error_copy (error);

  worker_rollback (self);
  if (self->phase == SESSION_LEAVING) {
    sign_out_finish (self);
    return;
  }
  if (self->attempt != NULL)
    fail_attempt (self, kept);
  else if (client_error_is (kept, KITH_UNTRUSTED))
    key_changed (self);
  else
    session_retry_later (self, KITH_ENGINE_OFFLINE, kept->message,
                         kith_client_error_get_retry_after_ms (kept));
  worker_mend_cache (self, kept);
}
