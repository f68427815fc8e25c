/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kithd --check. kithd knows no TLS, so certificate and key are judged by the
 * program that will use them: a listener that is started, asked and stopped.
 */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity.h"
#include "ipc.h"
#include "log.h"
#include "proc.h"
#include "sandbox.h"
#include "settings.h"
#include "settings_message.h"

#define CHECK_VERDICT_MS 20000

static void
report(int line, const char *sentence, void *context)
{
	const char *config = context;

	if (line > 0)
		fprintf(stderr, "%s:%d: %s\n", config, line, sentence);
	else
		fprintf(stderr, "%s: %s\n", config, sentence);
}

static enum kith_code
ask(int channel, const struct settings *settings,
    const struct identity *identity, struct fault *fault)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__Settings body;
	enum kith_code code;

	settings_to_message(settings, &body);
	identity_to_message(identity, &body);
	body.sandbox = SANDBOX_OFF; /* it reads nothing from a network */
	body.log_level = LOG_LEVEL_ERROR;
	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_CONFIGURE;
	message.configure = &body;
	code = ipc_send(channel, &message.base, NULL);
	return code == KITH_OK
	    ? code
	    : fault_set(fault, code, "Cannot speak to kithd-session");
}

static enum kith_code
hear(int channel, struct fault *fault)
{
	struct pollfd readable = { .fd = channel, .events = POLLIN };
	ProtobufCMessage *any = NULL;
	Kith__Ipc__ChildToParent *m;
	enum kith_code code;

	if (poll(&readable, 1, CHECK_VERDICT_MS) != 1 ||
	    ipc_receive(channel, &kith__ipc__child_to_parent__descriptor, &any,
		NULL) != KITH_OK)
		return fault_set(fault, KITH_INTERNAL,
		    "kithd-session gave no answer about the certificate");
	m = (Kith__Ipc__ChildToParent *)any;
	code = KITH_OK;
	if (m->body_case == KITH__IPC__CHILD_TO_PARENT__BODY_FAULT)
		code = fault_set(fault, KITH_REFUSED, "%s", m->fault);
	ipc_message_free(&any);
	return code;
}

static enum kith_code
check_identity(const struct settings *settings, struct fault *fault)
{
	struct proc_programs *programs = NULL;
	struct identity identity = { .certificate = NULL };
	enum kith_code code = identity_load(settings, &identity, fault);
	int channel = -1;
	pid_t pid = 0;

	if (code == KITH_OK)
		code = proc_programs_open(&programs, fault);
	if (code == KITH_OK)
		code = proc_start(programs, KITH__IPC__ROLE__ROLE_LISTENER,
		    &pid, &channel, fault);
	if (code == KITH_OK) {
		code = ask(channel, settings, &identity, fault);
		if (code == KITH_OK)
			code = hear(channel, fault);
		/* a child exits when its channel closes */
		close(channel);
		waitpid(pid, NULL, 0);
	}
	proc_programs_free(&programs);
	identity_clear(&identity);
	return code;
}

static enum kith_code
check_folder(const struct settings *settings, struct fault *fault)
{
	char *folder = settings_database_folder(settings);
	struct stat status;
	enum kith_code code = KITH_OK;

	if (stat(folder, &status) != 0)
		code = fault_set_errno(fault, KITH_IO, errno,
		    "database: cannot look at its folder %s", folder);
	else if (!S_ISDIR(status.st_mode))
		code = fault_set(
		    fault, KITH_IO, "database: %s is not a folder", folder);
	free(folder);
	return code;
}

int
check_main(const char *config)
{
	struct settings *settings = NULL;
	struct fault fault = { .code = KITH_OK };
	int problems = 0;

	if (settings_load(config, &settings, report, (void *)config) != KITH_OK)
		return 1;
	if (check_folder(settings, &fault) != KITH_OK) {
		report(0, fault.sentence, (void *)config);
		problems++;
	}
	if (check_identity(settings, &fault) != KITH_OK) {
		report(0, fault.sentence, (void *)config);
		problems++;
	}
	settings_free(&settings);
	if (problems == 0)
		printf("%s: everything is in order.\n", config);
	return problems > 0 ? 1 : 0;
}
