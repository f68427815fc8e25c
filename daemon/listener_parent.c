/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listener and its parent: settings, certificate and key, sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "listener_private.h"
#include "log.h"
#include "notice.h"
#include "proc.h"

/* ---- to the parent ---------------------------------------------------- */

static void
tell(Kith__Ipc__ChildToParent *message)
{
	ipc_send(PROC_CHANNEL_FD, &message->base, NULL);
}

static void
tell_key(const struct listener *l)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__PublicKey key =
	    KITH__IPC__CHILD_TO_PARENT__PUBLIC_KEY__INIT;

	key.pin = (char *)tls_config_pin(l->config);
	key.next_pin = (char *)(uintptr_t)l->next_pin;
	key.until_us = l->until_us;
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_PUBLIC_KEY;
	message.public_key = &key;
	tell(&message);
}

static void
tell_ready(struct listener *l)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__Ready ready =
	    KITH__IPC__CHILD_TO_PARENT__READY__INIT;

	if (l->told_ready)
		return;
	l->told_ready = true;
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_READY;
	message.ready = &ready;
	tell(&message);
}

static void
tell_alive(const struct listener *l)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__Alive alive =
	    KITH__IPC__CHILD_TO_PARENT__ALIVE__INIT;
	char text[64];

	snprintf(text, sizeof(text), "%u connection%s", l->connections,
	    l->connections == 1 ? "" : "s");
	alive.status = text;
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_ALIVE;
	message.alive = &alive;
	tell(&message);
}

static void
fail(const struct fault *fault)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;

	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_FAULT;
	message.fault = (char *)fault->sentence;
	tell(&message);
	exit(1);
}

void
listener_tell_notice(enum log_level level, const char *text, void *context)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__Notice notice;

	notice_fill(&notice, proc_role_word(KITH__IPC__ROLE__ROLE_LISTENER),
	    level, text);
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_NOTICE;
	message.notice = &notice;
	tell(&message);
}

void
listener_hand_over(struct listener *l)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__Handover handover =
	    KITH__IPC__CHILD_TO_PARENT__HANDOVER__INIT;
	enum kith_code code;

	handover.state.data = workers_save(l, &handover.state.len);
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_HANDOVER;
	message.handover = &handover;
	code = ipc_send(PROC_CHANNEL_FD, &message.base, NULL);
	free(handover.state.data);
	if (code == KITH_OK)
		exit(0);
	/* else the parent is busy: in the next turn */
}

/* ---- from the parent -------------------------------------------------- */

static void
take_limits(struct listener *l, const Kith__Ipc__Settings *s)
{
	l->max_connections = s->max_connections;
	l->max_per_address = s->max_connections_per_address;
	l->limits.sign_in_timeout_s = s->sign_in_timeout_s;
	l->limits.idle_timeout_s = s->idle_timeout_s;
	log_set_level((enum log_level)s->log_level);
}

/* A fault that names the keys of kithd.conf which it is about. */
static enum kith_code
blame(struct fault *fault, const char *keys, const struct fault *why)
{
	return fault_set(fault, why->code, "%s: %s", keys, why->sentence);
}

/* "" where none is announced. */
static enum kith_code
read_next_pin(
    const Kith__Ipc__Settings *s, char pin_r[PIN_SIZE], struct fault *fault)
{
	const ProtobufCBinaryData *pem = &s->next_public_key;
	struct fault why = { .code = KITH_OK };
	enum kith_code code;

	if (pem->len == 0)
		return KITH_OK;
	code = certificate_read_public_key(pem->data, pem->len, pin_r, &why);
	return code == KITH_OK ? code : blame(fault, "next-public-key", &why);
}

static enum kith_code
take_identity(
    struct listener *l, const Kith__Ipc__Settings *s, struct fault *fault)
{
	const struct tls_identity identity = {
		.certificate = s->certificate.data,
		.certificate_length = s->certificate.len,
		.key = s->private_key.data,
		.key_length = s->private_key.len,
	};
	struct tls_config *config = NULL;
	struct certificate_info info;
	struct fault why = { .code = KITH_OK };
	char next_pin[PIN_SIZE] = "";
	enum kith_code code = tls_config_new_server(&identity, &config, &why);

	if (code == KITH_OK)
		code = certificate_read(identity.certificate,
		    identity.certificate_length, &info, &why);
	if (code != KITH_OK)
		blame(fault, "certificate and private-key", &why);
	else
		code = read_next_pin(s, next_pin, fault);
	if (code != KITH_OK) {
		tls_config_free(&config);
		return code;
	}
	/* announced and meanwhile in use: nothing is left to announce */
	if (strcmp(next_pin, info.pin) == 0)
		next_pin[0] = '\0';
	memcpy(l->next_pin, next_pin, PIN_SIZE);
	l->until_us = info.not_after_us;
	if (l->config != NULL)
		tls_config_free(&l->config);
	l->config = config;
	return KITH_OK;
}

static void
configure(struct listener *l, const Kith__Ipc__Settings *s)
{
	struct fault fault = { .code = KITH_OK };

	l->configured = true;
	l->sandbox_mode = (enum sandbox_mode)s->sandbox;
	l->sessions_per_process = s->sessions_per_process;
	take_limits(l, s);
	if (take_identity(l, s, &fault) != KITH_OK ||
	    sandbox_prepare(KITH__IPC__ROLE__ROLE_SESSION, l->sandbox_mode,
		NULL, &l->sandbox, &fault) != KITH_OK ||
	    sandbox_apply(KITH__IPC__ROLE__ROLE_LISTENER, l->sandbox_mode, NULL,
		&fault) != KITH_OK)
		fail(&fault);
	tell_key(l);
}

static void
reload(struct listener *l, const Kith__Ipc__Settings *s)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__Reloaded reloaded =
	    KITH__IPC__CHILD_TO_PARENT__RELOADED__INIT;
	struct fault fault = { .code = KITH_OK };

	if (take_identity(l, s, &fault) == KITH_OK) {
		take_limits(l, s);
		workers_retire(l);
		tell_key(l);
	} else {
		reloaded.fault = fault.sentence;
	}
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_RELOADED;
	message.reloaded = &reloaded;
	tell(&message);
}

static void
meet_hub(struct listener *l, struct ipc_descriptors *descriptors)
{
	if (descriptors->count != 1)
		log_fatal("the parent introduced the hub without a socket");
	listener_meet_hub(l, descriptors->fd[0]);
	descriptors->count = 0;
}

static void
add_listening(struct listener *l, struct ipc_descriptors *descriptors)
{
	if (descriptors->count != 1 ||
	    l->listening_count == SETTINGS_LISTEN_MAX)
		log_fatal("the parent sent no socket to listen on");
	l->listening[l->listening_count++] = descriptors->fd[0];
	descriptors->count = 0;
	tell_ready(l);
}

static void
hear_message(struct listener *l, Kith__Ipc__ParentToChild *m,
    struct ipc_descriptors *descriptors)
{
	if (l->configured !=
	    (m->body_case != KITH__IPC__PARENT_TO_CHILD__BODY_CONFIGURE))
		log_fatal("the parent's messages are out of order");
	switch (m->body_case) {
	case KITH__IPC__PARENT_TO_CHILD__BODY_CONFIGURE:
		configure(l, m->configure);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_INTRODUCE:
		meet_hub(l, descriptors);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_LISTEN:
		add_listening(l, descriptors);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_RELOAD:
		reload(l, m->reload->settings);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_PROBE:
		tell_alive(l);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_REAPED:
		workers_reaped(l, m->reaped->pid, m->reaped->status);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_INHERIT:
		workers_restore(
		    l, m->inherit->state.data, m->inherit->state.len);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_STOP:
		/* sessions go on until the hub has finished with them */
		exit(0);
	default:
		log_fatal("the parent sent what the listener does not know");
	}
}

void
listener_hear_parent(struct listener *l)
{
	ProtobufCMessage *any = NULL;
	struct ipc_descriptors descriptors = { .count = 0 };
	enum kith_code code;

	while ((code = ipc_receive(PROC_CHANNEL_FD,
		    &kith__ipc__parent_to_child__descriptor, &any,
		    &descriptors)) == KITH_OK) {
		hear_message(l, (Kith__Ipc__ParentToChild *)any, &descriptors);
		/* certificate and key: every session is a copy of this memory */
		ipc_message_wipe(&any);
		ipc_descriptors_close(&descriptors);
	}
	if (code == KITH_CLOSED)
		exit(0);
	if (code != KITH_AGAIN)
		log_fatal("the parent's channel broke");
}
