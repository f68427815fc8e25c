/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Holds the last notices and a minute of samples. Changes nothing in the hub.
 */
#include "hub_status.h"

#include <stdlib.h>

#include "hub_auth.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "mem.h"
#include "notice.h"

#define SAMPLE_INTERVAL_MS 5000
#define SAMPLES_MAX        12u /* a minute of them */

struct sample {
	uint64_t messages, batches;
};

struct hub_status {
	struct notices notices;
	/* as they are told: the rows, and pointers to them */
	Kith__Ipc__Notice told[NOTICES_MAX];
	Kith__Ipc__Notice *told_each[NOTICES_MAX];

	struct sample sample[SAMPLES_MAX]; /* a ring */
	size_t sample_count, oldest;
	int64_t sample_due_ms;
};

struct hub_status *
hub_status_new(void)
{
	return MEM_NEW(struct hub_status);
}

void
hub_status_free(struct hub_status **status)
{
	free(*status);
	*status = NULL;
}

void
hub_status_tick(struct hub *hub, int64_t now_ms)
{
	struct hub_status *s = hub->status;
	struct sample *to;

	if (now_ms < s->sample_due_ms)
		return;
	s->sample_due_ms = now_ms + SAMPLE_INTERVAL_MS;
	if (s->sample_count < SAMPLES_MAX) {
		to = &s->sample[s->sample_count++];
	} else {
		to = &s->sample[s->oldest];
		s->oldest = (s->oldest + 1) % SAMPLES_MAX;
	}
	to->messages = hub->counters.messages;
	to->batches = hub->counters.batches;
}

void
hub_status_notice(struct hub *hub, const Kith__Ipc__Notice *notice)
{
	notices_add(&hub->status->notices, notice);
}

static void
fill_notices(struct hub_status *s, Kith__Ipc__ControlReply__Status *reply)
{
	for (size_t i = 0; i < s->notices.count; i++) {
		notices_get(&s->notices, i, &s->told[i]);
		s->told_each[i] = &s->told[i];
	}
	reply->n_notices = s->notices.count;
	reply->notices = s->told_each;
	reply->warnings = s->notices.warnings;
	reply->errors = s->notices.errors;
}

void
hub_status_fill(struct hub *hub, Kith__Ipc__ControlReply__Status *reply)
{
	struct hub_status *s = hub->status;
	static const struct sample start; /* before anything was counted */
	const struct sample *before =
	    s->sample_count < SAMPLES_MAX ? &start : &s->sample[s->oldest];

	kith__ipc__control_reply__status__init(reply);
	reply->version = (char *)(uintptr_t)PACKAGE_VERSION;
	reply->started_us = hub->counters.started_us;
	reply->connections = sessions_count(hub->sessions);
	reply->people_online = routes_people_online(hub->routes);
	reply->sequence = (uint64_t)hub->dispatched;
	reply->queued_requests = sessions_queued(hub->sessions);
	reply->queued_passwords = auth_desk_count(hub->auth);
	reply->messages = hub->counters.messages;
	reply->batches = hub->counters.batches;
	reply->messages_last_minute =
	    (uint32_t)(hub->counters.messages - before->messages);
	reply->batches_last_minute =
	    (uint32_t)(hub->counters.batches - before->batches);
	reply->public_key_pin = hub->settings.public_key_pin;
	reply->next_public_key_pin = hub->settings.next_public_key_pin;
	reply->certificate_until_us = hub->settings.certificate_until_us;
	reply->listen = hub->settings.listen;
	reply->configuration = hub->settings.configuration;
	fill_notices(s, reply);
}
