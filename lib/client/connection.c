/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Socket, TLS and frames of one connection. Everything from the network is
 * hostile: it passes lib/wire's checks and its bounded memory before anybody
 * else sees it. Must never block, and never call back after it was closed.
 */
#include "connection.h"

#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "buf.h"
#include "client-error.h"
#include "envelope.h"
#include "frame.h"
#include "tls-lock.h"
#include "tls.h"

#define IN_MAX (FRAME_HEADER_SIZE + FRAME_MAX) /* bytes */
#define READ_AT_ONCE 16384u                    /* bytes: a TLS record */

typedef enum {
  PHASE_CONNECTING,
  PHASE_HANDSHAKE,
  PHASE_OPEN,
  PHASE_ENDED,
} Phase;

struct _Connection {
  grefcount references; /* the owner's, and one for each call under way */
  Phase phase;
  gboolean paused;
  const ConnectionEvents *events;
  gpointer data;
  Clock *clock;
  char *host;
  char *pin;
  char *next_pin;
  ConnectionTrust trust;
  GCancellable *cancellable;
  GSocketConnection *stream;
  GSource *deadline;
  GSource *io;
  GIOCondition io_condition;
  GSource *again; /* more is waiting in memory, or a callback is due */
  struct tls_config *config;
  struct tls_connection *tls;
  struct buf *in;
  struct buf *out;
  gboolean write_wants_read; /* the last write waits for input */
};

static GMutex lock;

void
tls_lock (void)
{
  g_mutex_lock (&lock);
}

void
tls_unlock (void)
{
  g_mutex_unlock (&lock);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
unref (Connection *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_clear_object (&self->stream);
  g_clear_object (&self->cancellable);
  clock_unref (self->clock);
  buf_free (&self->in);
  buf_free (&self->out);
  g_free (self->host);
  g_free (self->pin);
  g_free (self->next_pin);
  g_free (self);
}

static void
release (Connection *self)
{
  clear_source (&self->deadline);
  clear_source (&self->io);
  clear_source (&self->again);
  g_cancellable_cancel (self->cancellable);
  tls_lock ();
  tls_connection_free (&self->tls);
  tls_config_free (&self->config);
  tls_unlock ();
  g_clear_object (&self->stream);
}

/* (transfer full) error. Tells the owner, who will most likely close us. */
static void
end (Connection *self, GError *error)
{
  if (self->phase == PHASE_ENDED) {
    g_error_free (error);
    return;
  }
  self->phase = PHASE_ENDED;
  if (client_error_is (error, KITH_UNTRUSTED) && self->tls != NULL) {
    const char *pin = tls_peer_pin (self->tls);

    client_error_set_pin (error, pin != NULL && *pin != '\0' ? pin : NULL);
  }
  release (self);
  self->events->ended (error, self->data);
  g_error_free (error);
}

static gboolean on_again (gpointer data);
static void watch (Connection *self);

static GSource *
attach (GSource *source, GSourceFunc callback, Connection *self)
{
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

/* Comes back from the main loop soon, before anything else arrives. */
static void
call_again (Connection *self)
{
  if (self->again == NULL)
    self->again = attach (g_idle_source_new (), on_again, self);
  g_source_set_priority (self->again, G_PRIORITY_DEFAULT);
}

static GError *
error_from (enum kith_code code, const struct fault *fault)
{
  return client_error_translate (code, fault->sentence);
}

/* FALSE: the connection has ended. */
static gboolean
write_out (Connection *self)
{
  self->write_wants_read = FALSE;
  while (buf_length (self->out) > 0) {
    struct fault fault = { 0 };
    enum kith_code code;
    size_t written = 0;

    tls_lock ();
    code = tls_write (self->tls, buf_peek (self->out), buf_length (self->out),
                      &written, &fault);
    self->write_wants_read
        = code == KITH_AGAIN && tls_wants (self->tls) == TLS_WANTS_READ;
    tls_unlock ();
    if (code == KITH_AGAIN)
      return TRUE;
    if (code != KITH_OK) {
      end (self, error_from (code, &fault));
      return FALSE;
    }
    buf_consume (self->out, written);
  }
  return TRUE;
}

/* Hands over one whole frame. FALSE: the connection has ended. */
static gboolean
hand_over (Connection *self, const uint8_t *body, size_t length)
{
  Kith__ToClient *message = NULL;
  struct fault fault = { 0 };
  GError *error = NULL;
  enum kith_code code
      = envelope_unpack_to_client (body, length, &message, &fault);
  gboolean fine;

  if (code != KITH_OK) {
    end (self, error_from (code, &fault));
    return FALSE;
  }
  fine = message->body_case == KITH__TO_CLIENT__BODY__NOT_SET
         || self->events->received (message, self->data, &error);
  envelope_free_to_client (&message);
  if (!fine)
    end (self, error);
  return self->phase == PHASE_OPEN;
}

/* Whole frames out of memory, up to *budget. FALSE: ended. */
static gboolean
take_frames (Connection *self, guint *budget)
{
  while (*budget > 0 && !self->paused) {
    const uint8_t *body = NULL;
    size_t length = 0;
    const enum kith_code code
        = frame_peek (self->in, FRAME_MAX, &body, &length);

    if (code == KITH_AGAIN)
      return TRUE;
    if (code != KITH_OK) {
      end (self,
           client_error_new (code, _ ("The server sent a frame that is not "
                                      "valid.")));
      return FALSE;
    }
    (*budget)--;
    if (!hand_over (self, body, length))
      return FALSE;
    frame_consume (self->in);
  }
  return TRUE;
}

/* One read. KITH_OK, KITH_AGAIN, or why it ended. */
static enum kith_code
read_some (Connection *self, struct fault *fault)
{
  const size_t room = MIN (buf_room (self->in), READ_AT_ONCE);
  size_t length = 0;
  enum kith_code code;
  uint8_t *to;

  if (room == 0)
    return KITH_AGAIN; /* a whole frame is there, or it was refused */
  to = buf_reserve (self->in, room);
  tls_lock ();
  code = tls_read (self->tls, to, room, &length, fault);
  tls_unlock ();
  if (code == KITH_OK)
    buf_commit (self->in, length);
  return code;
}

/* Reads only when no whole frame waits in memory: nobody would come back for
 * one when the socket has nothing more to say. */
static void
read_in (Connection *self)
{
  guint budget = CONNECTION_FRAMES_A_TURN;
  struct fault fault = { 0 };
  enum kith_code code = KITH_OK;

  while (code == KITH_OK) {
    if (!take_frames (self, &budget))
      return;
    if (budget == 0 || self->paused)
      break;
    code = read_some (self, &fault);
  }
  self->events->idle (self->data);
  if (self->phase != PHASE_OPEN)
    return;
  if (code != KITH_OK && code != KITH_AGAIN)
    end (self, error_from (code, &fault));
  else if (code == KITH_OK && !self->paused)
    call_again (self);
}

static void
handshake (Connection *self)
{
  struct fault fault = { 0 };
  enum kith_code code;

  tls_lock ();
  code = tls_handshake (self->tls, &fault);
  tls_unlock ();
  if (code == KITH_AGAIN)
    return;
  if (code != KITH_OK) {
    end (self, error_from (code, &fault));
    return;
  }
  clear_source (&self->deadline);
  self->phase = PHASE_OPEN;
  self->events->opened (self->data);
  if (self->phase == PHASE_OPEN)
    read_in (self); /* the greeting may have come with the handshake */
}

/* What can be done is done, then what to wait for is set anew. */
static void
step (Connection *self)
{
  g_ref_count_inc (&self->references);
  if (self->phase == PHASE_HANDSHAKE)
    handshake (self);
  else if (self->phase == PHASE_OPEN && write_out (self))
    read_in (self);
  if (self->phase == PHASE_OPEN && write_out (self))
    watch (self);
  else if (self->phase == PHASE_HANDSHAKE)
    watch (self);
  unref (self);
}

static gboolean
on_io (GSocket *socket, GIOCondition condition, gpointer data)
{
  step (data);
  return G_SOURCE_CONTINUE; /* destroyed when it is not wanted any more */
}

static gboolean
on_again (gpointer data)
{
  Connection *self = data;

  clear_source (&self->again);
  step (self);
  return G_SOURCE_REMOVE;
}

static GIOCondition
wanted (Connection *self)
{
  if (self->phase == PHASE_HANDSHAKE)
    return tls_wants (self->tls) == TLS_WANTS_WRITE ? G_IO_OUT : G_IO_IN;
  return (self->paused && !self->write_wants_read ? 0 : G_IO_IN)
         | (buf_length (self->out) > 0 && !self->write_wants_read ? G_IO_OUT
                                                                  : 0);
}

static void
watch (Connection *self)
{
  const GIOCondition condition = wanted (self);
  GSocket *socket;

  if (self->io != NULL && self->io_condition == condition)
    return;
  clear_source (&self->io);
  self->io_condition = condition;
  if (condition == 0)
    return;
  socket = g_socket_connection_get_socket (self->stream);
  self->io = g_socket_create_source (socket, condition, NULL);
  attach (self->io, G_SOURCE_FUNC (on_io), self);
}

static enum kith_code
begin_tls (Connection *self, struct fault *fault)
{
  static const enum tls_trust_kind kinds[] = {
    [CONNECTION_TRUST_PIN] = TLS_TRUST_PIN,
    [CONNECTION_TRUST_CA] = TLS_TRUST_CA,
    [CONNECTION_TRUST_PROBE] = TLS_TRUST_PROBE,
  };
  const struct tls_trust trust = {
    .kind = kinds[self->trust],
    .pin = self->pin,
    .next_pin = self->next_pin,
    .ca_file = g_getenv (CONNECTION_CA_VARIABLE),
  };
  GSocket *socket = g_socket_connection_get_socket (self->stream);
  enum kith_code code;

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  tls_lock ();
  code = tls_config_new_client (&trust, &self->config, fault);
  if (code == KITH_OK)
    code = tls_connection_new (self->config, g_socket_get_fd (socket),
                               self->host, &self->tls, fault);
  tls_unlock ();
  return code;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Connection *self = data;
  g_autoptr (GError) error = NULL;
  struct fault fault = { 0 };
  enum kith_code code;

  GSocketConnection *stream = g_socket_client_connect_to_host_finish (
      G_SOCKET_CLIENT (source), result, &error);

  if (self->phase != PHASE_CONNECTING) {
    g_clear_object (&stream);
  } else if (stream == NULL) {
    end (self, client_error_not_connected (self->host, error));
  } else {
    self->stream = stream;
    self->phase = PHASE_HANDSHAKE;
    code = begin_tls (self, &fault);
    if (code == KITH_OK)
      step (self);
    else
      end (self, error_from (code, &fault));
  }
  unref (self);
}

static gboolean
on_deadline (gpointer data)
{
  Connection *self = data;

  g_ref_count_inc (&self->references);
  clear_source (&self->deadline);
  end (self, client_error_new (KITH_TIMEOUT, NULL));
  unref (self);
  return G_SOURCE_REMOVE;
}

Connection *
connection_open (const ConnectionTarget *target, const ConnectionEvents *events,
                 Clock *clock, gpointer data)
{
  Connection *self = g_new0 (Connection, 1);
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_ref_count_init (&self->references);
  self->events = events;
  self->data = data;
  self->clock = clock_ref (clock);
  self->host = g_strdup (target->host);
  self->pin = g_strdup (target->pin);
  self->next_pin = g_strdup (target->next_pin);
  self->trust = target->trust;
  self->cancellable = g_cancellable_new ();
  self->in = buf_new (IN_MAX + READ_AT_ONCE);
  self->out = buf_new (CONNECTION_OUT_MAX);
  self->deadline = attach (clock_timeout_source_new (clock, CONNECTION_OPEN_MS),
                           on_deadline, self);
  g_ref_count_inc (&self->references);
  g_socket_client_connect_to_host_async (client, target->host, target->port,
                                         self->cancellable, on_connected, self);
  return self;
}

void
connection_close (Connection *self)
{
  if (self == NULL)
    return;
  if (self->phase == PHASE_OPEN) {
    size_t written;

    tls_lock ();
    if (buf_length (self->out) == 0
        || tls_write (self->tls, buf_peek (self->out), buf_length (self->out),
                      &written, NULL)
               == KITH_OK)
      tls_close_notify (self->tls);
    tls_unlock ();
  }
  if (self->phase != PHASE_ENDED) {
    self->phase = PHASE_ENDED;
    release (self);
  }
  unref (self);
}

gboolean
connection_send (Connection *self, const Kith__ToServer *message)
{
  if (self->phase != PHASE_OPEN)
    return FALSE;
  if (envelope_put (self->out, FRAME_MAX, &message->base) != KITH_OK)
    return FALSE;
  call_again (self);
  return TRUE;
}

void
connection_set_paused (Connection *self, gboolean paused)
{
  if (self->paused == paused)
    return;
  self->paused = paused;
  if (self->phase != PHASE_OPEN)
    return;
  if (!paused)
    call_again (self); /* frames may be waiting in memory */
  else
    watch (self);
}

const char *
connection_get_peer_pin (Connection *self)
{
  return self->tls == NULL ? NULL : tls_peer_pin (self->tls);
}
