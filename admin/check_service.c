/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The doctor's look at the running daemon: is it there, and does it serve? */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "mem.h"
#include "probe.h"
#include "server_check.h"

#define LOG_FRESH_US (INT64_C(86400) * 1000000) /* a day */

void
check_daemon(struct check *c)
{
	switch (c->facts.state) {
	case SERVER_RUNNING:
		check_add(c, "daemon", CHECK_OK, NULL, "kithd %s runs.",
		    c->facts.live.version);
		break;
	case SERVER_STOPPED:
		check_add(c, "daemon", CHECK_WARNING,
		    "systemctl start kithd; \"journalctl -u kithd\" says why "
		    "it ended.",
		    "kithd is not running.");
		break;
	default:
		check_add(c, "daemon", CHECK_PROBLEM,
		    "Run this as root or as the user of kithd; else "
		    "\"journalctl -u kithd\" may say more.",
		    "%s", c->facts.live_fault.sentence);
	}
}

void
check_log(struct check *c)
{
	const struct control_status *live = &c->facts.live;
	int64_t since_us = format_now_us() - LOG_FRESH_US;
	const struct control_notice *last = NULL;
	int errors = 0;

	if (c->facts.state != SERVER_RUNNING)
		return;
	for (size_t i = 0; i < live->notice_count; i++) {
		if (!live->notice[i].error ||
		    live->notice[i].time_us < since_us)
			continue;
		last = &live->notice[i];
		errors++;
	}
	if (last == NULL)
		check_add(c, "log", CHECK_OK, NULL,
		    "kithd has logged no error for a day.");
	else
		check_add(c, "log", CHECK_WARNING,
		    "See \"kith-admin server status\" and \"journalctl -u "
		    "kithd\".",
		    errors == 1
			? "kithd has logged %d error since yesterday: %s"
			: "kithd has logged %d errors since yesterday, the "
			  "last: %s",
		    errors, last->text);
}

void
check_versions(struct check *c)
{
	const char *running = c->facts.live.version;
	bool known = c->facts.state == SERVER_RUNNING;

	if (known && strcmp(running, PACKAGE_VERSION) != 0)
		check_add(c, "versions", CHECK_WARNING,
		    "Restart kithd after an upgrade: systemctl restart kithd",
		    "kithd %s runs, and this is kith-admin %s.", running,
		    PACKAGE_VERSION);
	else if (c->facts.has_database)
		check_add(c, "versions", CHECK_OK, NULL,
		    "%skith-admin %s, and a database of schema version %lld.",
		    known ? "kithd and " : "", PACKAGE_VERSION,
		    (long long)c->facts.figures.schema_version);
}

/* ---- the port ------------------------------------------------------------------ */

/* From here, everybody's address is one's own. */
static void
reachable(struct address *address)
{
	const char *own = NULL;

	if (strcmp(address->host, "0.0.0.0") == 0)
		own = "127.0.0.1";
	else if (strcmp(address->host, "::") == 0)
		own = "::1";
	if (own != NULL)
		snprintf(address->host, sizeof(address->host), "%s", own);
}

static void
add_served(struct check *c, const struct address *address, const char *shown)
{
	struct fault fault = { .code = KITH_OK };
	enum kith_code code = probe_tls(address, c->facts.pin, &fault);

	if (code == KITH_OK)
		check_add(c, "port", CHECK_OK, NULL,
		    "%s answers with the server's key.", shown);
	else if (code == KITH_UNSUPPORTED)
		check_add(c, "port", CHECK_OK, NULL,
		    "%s is not reachable from here: this machine has no such "
		    "address.",
		    shown);
	else
		check_add(c, "port", CHECK_PROBLEM,
		    code == KITH_UNTRUSTED
			? "Another program answers there, or kithd was not "
			  "reloaded: \"ss -ltnp\" shows which."
			: "\"ss -ltnp\" shows who listens; a firewall may be in "
			  "the way.",
		    "%s: %s.", shown, fault.sentence);
}

/* Whoever listens there keeps kithd from starting. */
static void
add_taken(struct check *c, const struct address *address, const char *shown)
{
	if (probe_tcp(address, NULL) == KITH_OK)
		check_add(c, "port", CHECK_PROBLEM,
		    "\"ss -ltnp\" shows which program it is; stop it, or change "
		    "\"listen\" in kithd.conf.",
		    "Another program listens on %s.", shown);
}

void
check_port(struct check *c)
{
	struct address addresses[SETTINGS_LISTEN_MAX];
	size_t count;

	if (c->settings == NULL || c->facts.state == SERVER_UNKNOWN ||
	    settings_addresses(c->settings, addresses, &count, NULL) != KITH_OK)
		return;
	for (size_t i = 0; i < count; i++) {
		char shown[ADDRESS_TEXT_SIZE];

		address_format(&addresses[i], shown);
		reachable(&addresses[i]);
		if (c->facts.state == SERVER_STOPPED)
			add_taken(c, &addresses[i], shown);
		else if (c->facts.pin != NULL)
			add_served(c, &addresses[i], shown);
	}
}
