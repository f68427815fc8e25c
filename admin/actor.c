/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "actor.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mem.h"

#define ACTOR_NAME_MAX 100 /* bytes; the trail takes 128 of all */
#define LOGIN_FILE     "/proc/self/loginuid"
#define UID_NONE       4294967295ul /* nobody has logged in */

static bool
read_uid(const char *text, uid_t *uid_r)
{
	unsigned long uid;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	errno = 0;
	uid = strtoul(text, &end, 10);
	if (errno != 0 || (*end != '\0' && *end != '\n') || uid >= UID_NONE)
		return false;
	*uid_r = (uid_t)uid;
	return true;
}

static bool
login_uid(uid_t *uid_r)
{
	char text[32];
	FILE *file = fopen(LOGIN_FILE, "re");
	bool found;

	if (file == NULL)
		return false;
	found =
	    fgets(text, sizeof(text), file) != NULL && read_uid(text, uid_r);
	fclose(file);
	return found;
}

char *
actor_name(bool *root_r)
{
	const struct passwd *pw;
	uid_t uid = getuid();

	/* anybody can set a variable: it is asked only where sudo set it */
	if (!login_uid(&uid) && geteuid() == 0)
		read_uid(getenv("SUDO_UID"), &uid);
	*root_r = uid == 0;
	pw = getpwuid(uid);
	if (pw == NULL)
		return mem_format("uid:%lu", (unsigned long)uid);
	return mem_format(
	    "%.*s (uid:%lu)", ACTOR_NAME_MAX, pw->pw_name, (unsigned long)uid);
}
