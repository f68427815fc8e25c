/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scripted server. One lock guards all of it; its thread holds the lock
 * except while it waits in poll().
 */
#include "fake_server.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fake_server_private.h"

static void
wake(struct fake_server *s)
{
	g_assert_cmpint(write(s->pipe[1], "", 1), ==, 1);
}

void
fake_put(struct fake_server *s, Kith__ToClient *message)
{
	const enum kith_code code =
	    envelope_put(s->out, FRAME_MAX, &message->base);

	if (code != KITH_OK)
		g_warning("the fake server's output is full");
}

static void
hang_up(struct fake_server *s)
{
	if (s->tls != NULL) {
		tls_lock();
		tls_connection_free(&s->tls);
		tls_unlock();
	}
	g_clear_object(&s->client);
	s->open = FALSE;
	s->live = FALSE;
	s->signed_in = FALSE;
	g_array_set_size(s->held, 0);
	buf_consume(s->in, buf_length(s->in));
	buf_consume(s->out, buf_length(s->out));
}

static void
make_identity(struct fake_server *s)
{
	static const char *const names[] = { "localhost" };
	const struct certificate_wish wish = { names, 1, 2, s->prepared_key };
	struct tls_identity identity = { 0 };
	char *certificate = NULL, *key = NULL;

	g_assert_cmpint(
	    certificate_make(&wish, &certificate, &key, NULL), ==, KITH_OK);
	identity.certificate = certificate;
	identity.certificate_length = strlen(certificate);
	identity.key = key;
	identity.key_length = strlen(key);
	tls_lock();
	if (s->config != NULL)
		tls_config_free(&s->config);
	g_assert_cmpint(
	    tls_config_new_server(&identity, &s->config, NULL), ==, KITH_OK);
	tls_unlock();
	g_free(s->pin);
	s->pin = g_strdup(tls_config_pin(s->config));
	g_free(s->certificate);
	s->certificate = g_strdup(certificate);
	free(certificate);
	free(key);
	g_clear_pointer(&s->prepared_key, free);
}

/* ---- one turn of its thread ---- */

static void
take_connection(struct fake_server *s)
{
	GSocket *client = g_socket_accept(s->listener, NULL, NULL);

	if (client == NULL)
		return;
	hang_up(s);
	s->connections++;
	if (s->fault == FAKE_CLOSED) {
		g_object_unref(client);
		return;
	}
	g_socket_set_blocking(client, FALSE);
	s->client = client;
	if (s->new_key) {
		make_identity(s);
		s->new_key = FALSE;
	}
	tls_lock();
	g_assert_cmpint(tls_connection_new(s->config, g_socket_get_fd(client),
			    NULL, &s->tls, NULL),
	    ==, KITH_OK);
	tls_unlock();
}

/* FALSE: the connection is over. */
static gboolean
shake_hands(struct fake_server *s)
{
	enum kith_code code;

	tls_lock();
	code = tls_handshake(s->tls, NULL);
	tls_unlock();
	if (code == KITH_AGAIN)
		return TRUE;
	if (code != KITH_OK)
		return FALSE;
	s->open = TRUE;
	fake_greet(s);
	return TRUE;
}

static gboolean
read_all(struct fake_server *s)
{
	enum kith_code code = KITH_OK;

	while (code == KITH_OK) {
		size_t length = 0;
		uint8_t *to = buf_reserve(s->in, 4096);

		if (to == NULL)
			return FALSE;
		tls_lock();
		code = tls_read(s->tls, to, 4096, &length, NULL);
		tls_unlock();
		if (code == KITH_OK)
			buf_commit(s->in, length);
	}
	return code == KITH_AGAIN;
}

/* FALSE: it wants to hang up, or was told to. */
static gboolean
answer_all(struct fake_server *s)
{
	const uint8_t *body = NULL;
	size_t length = 0;

	while (frame_peek(s->in, FRAME_MAX, &body, &length) == KITH_OK) {
		Kith__ToServer *message = NULL;
		struct envelope_verdict verdict = { 0 };
		gboolean go_on;

		/* The engine must never send what a real one refuses. */
		if (envelope_unpack_to_server(
			body, length, &message, &verdict) != KITH_OK)
			g_error("the engine sent nonsense: %s",
			    verdict.fault.sentence);
		go_on = fake_answer(s, message);
		envelope_free_to_server(&message);
		frame_consume(s->in);
		if (!go_on)
			return FALSE;
	}
	return TRUE;
}

static gboolean
write_all(struct fake_server *s)
{
	while (buf_length(s->out) > 0) {
		size_t written = 0;
		enum kith_code code;

		tls_lock();
		code = tls_write(s->tls, buf_peek(s->out), buf_length(s->out),
		    &written, NULL);
		tls_unlock();
		if (code == KITH_AGAIN)
			return TRUE;
		if (code != KITH_OK)
			return FALSE;
		buf_consume(s->out, written);
	}
	return TRUE;
}

static gboolean
serve(struct fake_server *s)
{
	if (!s->open)
		return shake_hands(s) && (!s->open || write_all(s));
	if (s->drop)
		return FALSE;
	return read_all(s) && answer_all(s) && write_all(s) && !s->leaving;
}

static void
poll_all(struct fake_server *s)
{
	struct pollfd fds[3] = {
		{ .fd = s->pipe[0], .events = POLLIN },
		{ .fd = g_socket_get_fd(s->listener), .events = POLLIN },
		{ .fd = s->client == NULL ? -1 : g_socket_get_fd(s->client),
		    .events = POLLIN },
	};
	char bytes[64];

	if (s->client != NULL && s->open && buf_length(s->out) > 0)
		fds[2].events |= POLLOUT;
	g_mutex_unlock(&s->lock);
	poll(fds, 3, 1000);
	g_mutex_lock(&s->lock);
	if ((fds[0].revents & POLLIN) != 0)
		g_assert_cmpint(read(s->pipe[0], bytes, sizeof(bytes)), >, 0);
	if ((fds[1].revents & POLLIN) != 0)
		take_connection(s);
}

static gpointer
run(gpointer data)
{
	struct fake_server *s = data;

	g_mutex_lock(&s->lock);
	while (!s->stopping) {
		poll_all(s);
		if (s->client != NULL && !serve(s)) {
			write_all(s);
			hang_up(s);
		}
		s->backlog = buf_length(s->out);
		s->drop = FALSE;
		s->leaving = FALSE;
	}
	hang_up(s);
	g_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- the test's side ---- */

struct fake_server *
fake_server_new(void)
{
	struct fake_server *s = g_new0(struct fake_server, 1);
	g_autoptr(GInetAddress) host =
	    g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(host, 0);
	g_autoptr(GSocketAddress) bound = NULL;

	g_mutex_init(&s->lock);
	s->messages = g_ptr_array_new_with_free_func(fake_message_free);
	s->held = g_array_new(FALSE, FALSE, sizeof(struct fake_ask));
	s->in = buf_new(FRAME_MAX * 2);
	s->out = buf_new(64u * 1024 * 1024);
	s->epoch[0] = 1;
	s->first_event = 1;
	s->talk = FAKE_TALK;
	s->alice = 1;
	make_identity(s);
	g_assert_true(g_unix_open_pipe(s->pipe, FD_CLOEXEC, NULL));
	s->listener = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
	    G_SOCKET_PROTOCOL_TCP, NULL);
	g_assert_true(g_socket_bind(s->listener, address, TRUE, NULL));
	g_assert_true(g_socket_listen(s->listener, NULL));
	bound = g_socket_get_local_address(s->listener, NULL);
	s->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
	s->thread = g_thread_new("fake server", run, s);
	return s;
}

void
fake_server_free(struct fake_server *s)
{
	fake_lock(s);
	s->stopping = TRUE;
	fake_unlock(s);
	g_thread_join(s->thread);
	tls_lock();
	tls_config_free(&s->config);
	tls_unlock();
	buf_free(&s->in);
	buf_free(&s->out);
	g_ptr_array_unref(s->messages);
	g_array_unref(s->held);
	g_object_unref(s->listener);
	close(s->pipe[0]);
	close(s->pipe[1]);
	g_mutex_clear(&s->lock);
	g_free(s->pin);
	g_free(s->certificate);
	g_free(s->announced_pin);
	free(s->prepared_key);
	g_free(s);
}

void
fake_lock(struct fake_server *s)
{
	g_mutex_lock(&s->lock);
}

void
fake_unlock(struct fake_server *s)
{
	wake(s);
	g_mutex_unlock(&s->lock);
}

guint16
fake_server_port(struct fake_server *s)
{
	return s->port;
}

const char *
fake_server_certificate(struct fake_server *s)
{
	return s->certificate;
}

const char *
fake_server_pin(struct fake_server *s)
{
	return s->pin;
}

void
fake_server_set_fault(struct fake_server *s, enum fake_fault fault)
{
	fake_lock(s);
	s->fault = fault;
	if (fault == FAKE_GOOD)
		fake_let_go(s);
	fake_unlock(s);
}

void
fake_server_drop(struct fake_server *s)
{
	fake_lock(s);
	s->drop = TRUE;
	fake_unlock(s);
}

char *
fake_server_prepare_key(struct fake_server *s)
{
	char pin[PIN_SIZE];

	fake_lock(s);
	g_assert_cmpint(
	    certificate_make_key(&s->prepared_key, NULL), ==, KITH_OK);
	g_assert_cmpint(certificate_public_key(s->prepared_key,
			    strlen(s->prepared_key), NULL, pin, NULL),
	    ==, KITH_OK);
	fake_unlock(s);
	return g_strdup(pin);
}

void
fake_server_announce(struct fake_server *s, const char *pin)
{
	fake_lock(s);
	g_free(s->announced_pin);
	s->announced_pin = g_strdup(pin);
	if (s->signed_in)
		fake_put_next_key(s);
	fake_unlock(s);
}

void
fake_server_change_key(struct fake_server *s)
{
	fake_lock(s);
	s->new_key = TRUE;
	s->drop = TRUE;
	fake_unlock(s);
}

void
fake_server_send_raw(struct fake_server *s, const void *bytes, gsize length)
{
	fake_lock(s);
	g_assert_cmpint(buf_put(s->out, bytes, length), ==, KITH_OK);
	fake_unlock(s);
}

#define GETTER(type, name, field)                      \
	type fake_server_##name(struct fake_server *s) \
	{                                              \
		type value;                            \
                                                       \
		g_mutex_lock(&s->lock);                \
		value = s->field;                      \
		g_mutex_unlock(&s->lock);              \
		return value;                          \
	}

GETTER(guint, connections, connections)
GETTER(guint, password_sign_ins, password_sign_ins)
GETTER(guint, pings, pings)
GETTER(guint, snapshots, snapshots)
GETTER(guint, held, held->len)
GETTER(guint, refusals, refusals)
GETTER(guint, removals, removals)
GETTER(guint, delivered, alice_delivered)
GETTER(guint, read, alice_read)
GETTER(gsize, backlog, backlog)
GETTER(guint, messages, messages->len)
GETTER(gboolean, live, live)
