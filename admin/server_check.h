/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "certificate.h"
#include "server.h"

/*
 * The doctor: what server_check.c and the files check_*.c share. Each check
 * leaves one row or none (where it makes no sense); its id stays for ever.
 * Everything happens as the user whom the database belongs to, which is kithd's:
 * what it cannot read, kithd cannot read either.
 */

enum check_level {
	CHECK_OK,
	CHECK_WARNING, /* works, but somebody should look */
	CHECK_PROBLEM, /* does not work, or not for long */
};

struct check {
	struct call *call;
	struct listing *listing;
	struct server_facts facts;
	struct settings *settings; /* NULL: kithd.conf cannot be used */
	bool has_certificate;
	struct certificate_info certificate;
	bool damaged; /* the database */
	int problems, warnings;
};

/* remedy: what to do, whole sentences; NULL: nothing. */
void check_add(struct check *c, const char *id, enum check_level level,
    const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* check_files.c */
void check_configuration(struct check *c);
void check_database(struct check *c);
void check_modes(struct check *c);
void check_disk(struct check *c);

/* check_identity.c */
void check_certificate(struct check *c);
void check_key(struct check *c);
void check_next_key(struct check *c);

/* check_service.c */
void check_daemon(struct check *c);
void check_log(struct check *c);
void check_versions(struct check *c);
void check_port(struct check *c);

/* check_system.c */
void check_clock(struct check *c);
void check_sandbox(struct check *c);
void check_limits(struct check *c);
