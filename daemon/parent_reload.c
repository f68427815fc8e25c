/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIGHUP: the new settings are taken by everybody, or by nobody. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "log.h"
#include "parent_private.h"

#define PARENT_NAMES_MAX 256u

static enum kith_code
read_anew(struct parent *p, struct fault *fault)
{
	enum kith_code code =
	    settings_load_brief(p->options->config, &p->next_settings, fault);

	if (code != KITH_OK)
		return code;
	return identity_load(p->next_settings, &p->next_identity, fault);
}

void
parent_reload_failed(struct parent *p, const char *sentence)
{
	log_error("nothing was reloaded, the old settings stay: %s", sentence);
	settings_free(&p->next_settings);
	identity_clear(&p->next_identity);
	p->reloading = false;
	sd_notify(0, "READY=1");
}

/* First half: the listener judges the new pair before anybody changes. */
void
parent_reload(struct parent *p)
{
	struct fault fault = { .code = KITH_OK };
	struct timespec now;

	if (p->reloading)
		return; /* again when this one has ended */
	p->reload_wanted = false;
	p->reloading = true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	if (read_anew(p, &fault) != KITH_OK) {
		parent_reload_failed(p, fault.sentence);
		return;
	}
	parent_send_reload(p, parent_one(p, KITH__IPC__ROLE__ROLE_LISTENER),
	    p->next_settings, &p->next_identity);
}

/* Second half: it is good; now it is everybody's. */
void
parent_reload_accepted(struct parent *p)
{
	char names[PARENT_NAMES_MAX];

	if (settings_restart_keys(
		p->settings, p->next_settings, names, sizeof(names)) > 0) {
		log_warning("these changes need a restart of kithd: %s", names);
		settings_keep_restart_keys(p->settings, p->next_settings);
	}
	settings_free(&p->settings);
	identity_clear(&p->identity);
	p->settings = p->next_settings;
	p->identity = p->next_identity;
	p->next_settings = NULL;
	memset(&p->next_identity, 0, sizeof(p->next_identity));
	p->reloading = false;
	parent_default_name(p->settings);
	log_set_level((enum log_level)p->settings->log_level);
	parent_send_reload(
	    p, parent_one(p, KITH__IPC__ROLE__ROLE_HUB), p->settings, NULL);
	parent_send_reload(
	    p, parent_one(p, KITH__IPC__ROLE__ROLE_AUTH), p->settings, NULL);
	log_info("reloaded %s, key %s", p->options->config, p->pin);
	parent_log_next_key(p);
	sd_notify(0, "READY=1");
}
