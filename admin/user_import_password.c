/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user import: passwords for those who bring none. Argon2 is slow on purpose,
 * so that several processors work at it; each needs the hash's memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "prompt.h"
#include "token.h"
#include "user_import.h"

#define WORKERS_MAX   4
#define LOOK_EVERY_NS 200000000L /* at how far the workers have come */

struct work {
	struct import *im;
	atomic_size_t next; /* row */
	atomic_size_t done; /* rows, also those that needed nothing */
	atomic_int failed;  /* enum kith_code of a worker */
};

static enum kith_code
make_one(const struct import *im, struct import_row *row)
{
	char password[PROMPT_GENERATED_SIZE];
	enum kith_code code;

	if (row->skipped || row->fields[IMPORT_HASH] != NULL)
		return KITH_OK;
	prompt_make_password(password);
	code = password_hash(&im->cost, password, strlen(password),
	    &row->fields[IMPORT_HASH], NULL);
	if (code == KITH_OK)
		row->password = mem_dup_string(password);
	explicit_bzero(password, sizeof(password));
	return code;
}

static void *
work(void *context)
{
	struct work *w = context;
	enum kith_code code;
	size_t i;

	while (atomic_load(&w->failed) == KITH_OK &&
	    (i = atomic_fetch_add(&w->next, 1)) < w->im->count) {
		code = make_one(w->im, &w->im->rows[i]);
		if (code != KITH_OK)
			atomic_store(&w->failed, (int)code);
		atomic_fetch_add(&w->done, 1);
	}
	return NULL;
}

static int
worker_count(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (cores < 1)
		return 1;
	return cores < WORKERS_MAX ? (int)cores : WORKERS_MAX;
}

static void
watch(struct work *w)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_NS };
	size_t done;

	while ((done = atomic_load(&w->done)) < w->im->count &&
	    atomic_load(&w->failed) == KITH_OK) {
		import_progress(w->im, "Making passwords:", done, w->im->count);
		nanosleep(&pause, NULL);
	}
	import_progress(w->im, "", 0, 0);
}

enum kith_code
import_make_passwords(struct import *im)
{
	struct work w = { .im = im };
	pthread_t threads[WORKERS_MAX];
	int wanted = worker_count(), started = 0;

	if (!im->generate)
		return KITH_OK;
	while (started < wanted &&
	    pthread_create(&threads[started], NULL, work, &w) == 0)
		started++;
	if (started == 0)
		work(&w);
	else
		watch(&w);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (atomic_load(&w.failed) != KITH_OK)
		return call_fail(im->call, KITH_INTERNAL,
		    "A password could not be hashed; there may be too little "
		    "memory. Nothing was changed.");
	return KITH_OK;
}

enum kith_code
import_write_passwords(const struct import *im, FILE *file, const char *path)
{
	fputs("name,password\n", file);
	for (size_t i = 0; i < im->count; i++) {
		const struct import_row *row = &im->rows[i];

		if (row->password != NULL)
			fprintf(file, "%s,%s\n", row->fields[IMPORT_NAME],
			    row->password);
	}
	if (fflush(file) == 0 && !ferror(file) &&
	    (file == stdout || fsync(fileno(file)) == 0))
		return KITH_OK;
	return fault_set_errno(
	    &im->call->fault, KITH_IO, errno, "Cannot write %s", path);
}
