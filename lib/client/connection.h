/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "clock.h"
#include "kith.pb-c.h"

/*
 * One connection to a server: TCP (with proxies and happy eyeballs, by GLib),
 * TLS (by lib/wire) and frames, until it ends. It knows envelopes but not what
 * they mean. Engine thread only; never blocks.
 *
 * Limits: CONNECTION_OPEN_MS from open to the end of the handshake; one frame
 * and one TLS record of input, CONNECTION_OUT_MAX bytes of output in memory.
 */
#define CONNECTION_OPEN_MS 30000
#define CONNECTION_OUT_MAX (1024u * 1024u)
/* Names a PEM bundle to use in place of the system's CAs. */
#define CONNECTION_CA_VARIABLE "KITH_CA_FILE"
/* Frames handled before other sources of the thread get their turn. */
#define CONNECTION_FRAMES_A_TURN 64

typedef struct _Connection Connection;

typedef enum {
  CONNECTION_TRUST_PIN,
  CONNECTION_TRUST_CA,
  CONNECTION_TRUST_PROBE, /* ends with KITH_UNTRUSTED and the server's pin */
} ConnectionTrust;

/* Read during connection_open() only. */
typedef struct {
  const char *host;
  guint16 port;
  ConnectionTrust trust;
  const char *pin;      /* CONNECTION_TRUST_PIN */
  const char *next_pin; /* (nullable): is trusted as well */
} ConnectionTarget;

typedef struct {
  /* The handshake is over, the server is who it should be. */
  void (*opened) (gpointer data);
  /* One envelope, only valid during the call. FALSE: it breaks the protocol,
   * *error says how: the connection ends with it. The handler may close the
   * connection. */
  gboolean (*received) (const Kith__ToClient *message, gpointer data,
                        GError **error);
  /* All that had arrived has been handed over: time to commit. */
  void (*idle) (gpointer data);
  /* It has ended, by an error of connection_open() or later: never after
   * connection_close(), never twice, and never from within connection_open()
   * or connection_send(). error carries the server's pin for KITH_UNTRUSTED. */
  void (*ended) (const GError *error, gpointer data);
} ConnectionEvents;

/* (transfer full). events must outlive it. */
Connection *connection_open (const ConnectionTarget *target,
                             const ConnectionEvents *events, Clock *clock,
                             gpointer data);

/* Ends it without a word to `ended`, and frees it. Takes NULL. What was sent
 * and not yet written is tried once more, with TLS's close_notify. */
void connection_close (Connection *self);

/* Queues a message. FALSE when the queue is full or it is not open. */
gboolean connection_send (Connection *self, const Kith__ToServer *message);

/* Stops and goes on reading: back-pressure. */
void connection_set_paused (Connection *self, gboolean paused);

/* (nullable): borrowed, the key that the server showed. */
const char *connection_get_peer_pin (Connection *self);
