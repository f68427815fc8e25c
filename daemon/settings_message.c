/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From kithd.conf to what a child is told of it. */
#include "settings_message.h"

#define MIB_IN_KIB 1024u

void
settings_to_message(const struct settings *s, Kith__Ipc__Settings *m)
{
	kith__ipc__settings__init(m);
	m->server_name = s->server_name;
	m->database = s->database;
	m->sign_up = (Kith__SignUpMode)s->sign_up;
	m->sandbox = s->sandbox;
	m->max_connections = s->max_connections;
	m->max_connections_per_address = s->max_connections_per_address;
	m->sessions_per_process = s->sessions_per_process;
	m->argon2_memory_kib = s->argon2_memory_mib * MIB_IN_KIB;
	m->argon2_passes = s->argon2_passes;
	m->argon2_lanes = s->argon2_lanes;
	m->auth_workers = s->auth_workers;
	m->sign_in_timeout_s = s->sign_in_timeout_s;
	m->idle_timeout_s = s->idle_timeout_s;
	m->messages_per_minute = s->messages_per_minute;
	m->friend_requests_per_hour = s->friend_requests_per_hour;
	m->log_level = s->log_level;
	m->run_directory = s->run_directory;
	m->listen = s->listen;
}
