/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's end of the control socket. Believes the hub no more than it
 * must: one datagram, a time limit, and text that is cleaned where it is shown.
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc.pb-c.h"
#include "mem.h"

#define REPLY_MAX 32768

void
control_status_clear(struct control_status *status)
{
	free(status->version);
	free(status->listen);
	free(status->public_key_pin);
	free(status->next_public_key_pin);
	free(status->configuration);
	for (size_t i = 0; i < status->notice_count; i++) {
		free(status->notice[i].role);
		free(status->notice[i].text);
	}
	memset(status, 0, sizeof(*status));
}

static enum kith_code
connect_fault(struct fault *f, int reason, const char *path)
{
	enum kith_code code = KITH_IO;

	if (reason == ENOENT || reason == ECONNREFUSED)
		code = KITH_CLOSED;
	else if (reason == EACCES || reason == EPERM)
		code = KITH_FORBIDDEN;
	else if (reason == EAGAIN || reason == EINPROGRESS)
		code = KITH_BUSY;
	return fault_set_errno(
	    f, code, reason, "Cannot reach kithd at %s", path);
}

static enum kith_code
open_socket(const char *path, int *fd_r, struct fault *f)
{
	struct timeval limit = { .tv_sec = CONTROL_WAIT_MS / 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, reason;

	if (strlen(path) >= sizeof(address.sun_path))
		return fault_set(
		    f, KITH_IO, "The path of the control socket is too long.");
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set_errno(
		    f, KITH_IO, errno, "Cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		reason = errno;
		close(fd);
		return connect_fault(f, reason, path);
	}
	*fd_r = fd;
	return KITH_OK;
}

static enum kith_code
send_request(int fd, const Kith__Ipc__ControlRequest *request, struct fault *f)
{
	uint8_t packed[64];
	size_t length = kith__ipc__control_request__get_packed_size(request);

	if (length > sizeof(packed))
		return fault_set(f, KITH_TOO_LARGE, "The request is too big.");
	kith__ipc__control_request__pack(request, packed);
	if (send(fd, packed, length, MSG_NOSIGNAL) != (ssize_t)length)
		return fault_set_errno(
		    f, KITH_IO, errno, "Cannot send to kithd");
	return KITH_OK;
}

static enum kith_code
receive_reply(int fd, Kith__Ipc__ControlReply **reply_r, struct fault *f)
{
	uint8_t packed[REPLY_MAX];
	ssize_t length = recv(fd, packed, sizeof(packed), 0);

	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return fault_set(f, KITH_BUSY, "kithd does not answer.");
	if (length < 0)
		return fault_set_errno(
		    f, KITH_IO, errno, "Cannot hear kithd's answer");
	if (length == 0)
		return fault_set(
		    f, KITH_FORBIDDEN, "kithd hung up without an answer.");
	*reply_r =
	    kith__ipc__control_reply__unpack(NULL, (size_t)length, packed);
	if (*reply_r == NULL)
		return fault_set(
		    f, KITH_MALFORMED, "kithd's answer cannot be read.");
	return KITH_OK;
}

static enum kith_code
exchange(const char *path, const Kith__Ipc__ControlRequest *request,
    Kith__Ipc__ControlReply **reply_r, struct fault *f)
{
	enum kith_code code;
	int fd = -1;

	code = open_socket(path, &fd, f);
	if (code != KITH_OK)
		return code;
	code = send_request(fd, request, f);
	if (code == KITH_OK)
		code = receive_reply(fd, reply_r, f);
	close(fd);
	return code;
}

enum kith_code
control_ask(const char *path, const Kith__Ipc__ControlRequest *request,
    Kith__Ipc__ControlReply__BodyCase wanted, Kith__Ipc__ControlReply **reply_r,
    struct fault *f)
{
	Kith__Ipc__ControlReply *reply = NULL;
	enum kith_code code = exchange(path, request, &reply, f);

	if (code != KITH_OK)
		return code;
	if (reply->body_case == wanted) {
		*reply_r = reply;
		return KITH_OK;
	}
	if (reply->body_case == KITH__IPC__CONTROL_REPLY__BODY_FAULT)
		code = fault_set(f, KITH_BUSY, "%s", reply->fault);
	else
		code = fault_set(
		    f, KITH_MALFORMED, "kithd answered something else.");
	kith__ipc__control_reply__free_unpacked(reply, NULL);
	return code;
}

void
control_nudge(const char *path)
{
	Kith__Ipc__ControlRequest request = KITH__IPC__CONTROL_REQUEST__INIT;
	Kith__Ipc__ControlRequest__Nudge nudge =
	    KITH__IPC__CONTROL_REQUEST__NUDGE__INIT;
	Kith__Ipc__ControlReply *reply = NULL;

	request.body_case = KITH__IPC__CONTROL_REQUEST__BODY_NUDGE;
	request.nudge = &nudge;
	if (exchange(path, &request, &reply, NULL) == KITH_OK)
		kith__ipc__control_reply__free_unpacked(reply, NULL);
}

static void
copy_notices(
    const Kith__Ipc__ControlReply__Status *s, struct control_status *status)
{
	size_t from = 0;

	if (s->n_notices > CONTROL_NOTICES_MAX)
		from = s->n_notices - CONTROL_NOTICES_MAX;
	for (size_t i = from; i < s->n_notices; i++)
		status->notice[status->notice_count++] =
		    (struct control_notice){
			    .time_us = s->notices[i]->time_us,
			    .error = s->notices[i]->level == 0,
			    .role = mem_dup_string(s->notices[i]->role),
			    .text = mem_dup_string(s->notices[i]->text),
		    };
}

static void
copy_status(
    const Kith__Ipc__ControlReply__Status *s, struct control_status *status_r)
{
	*status_r = (struct control_status){
		.version = mem_dup_string(s->version),
		.listen = mem_dup_string(s->listen),
		.public_key_pin = mem_dup_string(s->public_key_pin),
		.started_us = s->started_us,
		.connections = s->connections,
		.people_online = s->people_online,
		.queued_requests = s->queued_requests,
		.queued_passwords = s->queued_passwords,
		.sequence = s->sequence,
		.messages = s->messages,
		.batches = s->batches,
		.next_public_key_pin = mem_dup_string(s->next_public_key_pin),
		.configuration = mem_dup_string(s->configuration),
		.certificate_until_us = s->certificate_until_us,
		.messages_last_minute = s->messages_last_minute,
		.batches_last_minute = s->batches_last_minute,
		.warnings = s->warnings,
		.errors = s->errors,
	};
	copy_notices(s, status_r);
}

enum kith_code
control_ask_status(
    const char *path, struct control_status *status_r, struct fault *f)
{
	Kith__Ipc__ControlRequest request = KITH__IPC__CONTROL_REQUEST__INIT;
	Kith__Ipc__ControlRequest__Status ask =
	    KITH__IPC__CONTROL_REQUEST__STATUS__INIT;
	Kith__Ipc__ControlReply *reply = NULL;
	enum kith_code code;

	request.body_case = KITH__IPC__CONTROL_REQUEST__BODY_STATUS;
	request.status = &ask;
	code = exchange(path, &request, &reply, f);
	if (code != KITH_OK)
		return code;
	if (reply->body_case == KITH__IPC__CONTROL_REPLY__BODY_STATUS)
		copy_status(reply->status, status_r);
	else
		code = fault_set(
		    f, KITH_MALFORMED, "kithd answered something else.");
	kith__ipc__control_reply__free_unpacked(reply, NULL);
	return code;
}

int
control_daemon_pid(const char *path)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int fd = -1, pid = 0;

	if (open_socket(path, &fd, NULL) != KITH_OK)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0)
		pid = peer.pid;
	close(fd);
	return pid;
}
