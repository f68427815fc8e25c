/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The threads of auth. Holds the queue of jobs and that of results, each behind
 * one lock, and an eventfd by which a thread wakes the loop. Wipes what it was
 * given; never logs.
 */
#include "auth_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utlist.h>

#include "mem.h"

struct task {
	struct task *prev, *next;
	struct auth_job job;
	struct auth_result result;
};

struct auth_pool {
	void (*done)(void *context, const struct auth_result *result);
	void *context;
	struct event *woken;
	int wake; /* eventfd: there are results */
	unsigned int worker_count;
	pthread_t workers[AUTH_WORKERS_MAX];

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t changed;
	struct task *waiting;
	struct task *finished;
	size_t waiting_count;
	size_t working_count;
	bool stopping;
};

static void
task_free(struct task *task)
{
	explicit_bzero(task, sizeof(*task));
	free(task);
}

/* ---- in a thread ------------------------------------------------------------- */

static void
keep_phc(struct auth_result *result, char *phc)
{
	if (phc != NULL && strlen(phc) < sizeof(result->phc))
		memcpy(result->phc, phc, strlen(phc) + 1);
	free(phc);
}

static void
do_hash(const struct auth_job *job, struct auth_result *result)
{
	struct fault fault;
	char *phc = NULL;

	result->code = password_hash(
	    &job->cost, job->password, job->password_length, &phc, &fault);
	if (result->code == KITH_OK)
		keep_phc(result, phc);
}

/*
 * A wrong password and an unknown name cost the same. A rehash is done only
 * when the password was right, so it tells nobody anything.
 */
static void
do_verify(const struct auth_job *job, struct auth_result *result)
{
	struct fault fault;

	result->code = job->phc[0] == '\0'
	    ? password_verify_nobody(
		  &job->cost, job->password, job->password_length)
	    : password_verify(
		  job->phc, job->password, job->password_length, &fault);
	if (result->code == KITH_BAD_CREDENTIALS) {
		result->code = KITH_OK;
		return;
	}
	if (result->code != KITH_OK)
		return;
	result->matched = true;
	if (password_needs_rehash(job->phc, &job->cost)) {
		do_hash(job, result);
		/* Without the new one the old one goes on serving. */
		result->code = KITH_OK;
	}
}

/* NULL when the pool ends. */
static struct task *
next_task(struct auth_pool *pool)
{
	struct task *task = NULL;

	pthread_mutex_lock(&pool->lock);
	while (pool->waiting == NULL && !pool->stopping)
		pthread_cond_wait(&pool->changed, &pool->lock);
	if (!pool->stopping) {
		task = pool->waiting;
		DL_DELETE(pool->waiting, task);
		pool->waiting_count--;
		pool->working_count++;
	}
	pthread_mutex_unlock(&pool->lock);
	return task;
}

static void
task_finished(struct auth_pool *pool, struct task *task)
{
	uint64_t one = 1;

	explicit_bzero(task->job.password, sizeof(task->job.password));
	pthread_mutex_lock(&pool->lock);
	pool->working_count--;
	DL_APPEND(pool->finished, task);
	pthread_mutex_unlock(&pool->lock);
	if (write(pool->wake, &one, sizeof(one)) != sizeof(one))
		abort(); /* its counter cannot be full */
}

static void *
work(void *context)
{
	struct auth_pool *pool = context;
	struct task *task;

	while ((task = next_task(pool)) != NULL) {
		task->result.id = task->job.id;
		if (task->job.hash)
			do_hash(&task->job, &task->result);
		else
			do_verify(&task->job, &task->result);
		task_finished(pool, task);
	}
	return NULL;
}

/* ---- in the loop --------------------------------------------------------------- */

static void
on_woken(evutil_socket_t wake, short events, void *context)
{
	struct auth_pool *pool = context;
	uint64_t count;
	struct task *finished, *task, *next;

	if (read(wake, &count, sizeof(count)) != sizeof(count))
		return; /* woken for nothing: there will be another */
	pthread_mutex_lock(&pool->lock);
	finished = pool->finished;
	pool->finished = NULL;
	pthread_mutex_unlock(&pool->lock);
	DL_FOREACH_SAFE (finished, task, next) {
		DL_DELETE(finished, task);
		pool->done(pool->context, &task->result);
		task_free(task);
	}
}

struct auth_pool *
auth_pool_new(struct event_base *base, unsigned int workers,
    void (*done)(void *context, const struct auth_result *result),
    void *context)
{
	struct auth_pool *pool = MEM_NEW(struct auth_pool);

	pool->done = done;
	pool->context = context;
	pool->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->woken =
	    event_new(base, pool->wake, EV_READ | EV_PERSIST, on_woken, pool);
	if (pool->wake < 0 || pool->woken == NULL ||
	    event_add(pool->woken, NULL) != 0 ||
	    pthread_mutex_init(&pool->lock, NULL) != 0 ||
	    pthread_cond_init(&pool->changed, NULL) != 0)
		abort();
	pool->worker_count =
	    workers < AUTH_WORKERS_MAX ? workers : AUTH_WORKERS_MAX;
	for (unsigned int i = 0; i < pool->worker_count; i++)
		if (pthread_create(&pool->workers[i], NULL, work, pool) != 0)
			abort();
	return pool;
}

void
auth_pool_free(struct auth_pool **pool)
{
	struct auth_pool *p = *pool;
	struct task *task, *next;

	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	for (unsigned int i = 0; i < p->worker_count; i++)
		pthread_join(p->workers[i], NULL);
	DL_CONCAT(p->waiting, p->finished);
	DL_FOREACH_SAFE (p->waiting, task, next) {
		DL_DELETE(p->waiting, task);
		task_free(task);
	}
	event_free(p->woken);
	close(p->wake);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pool = NULL;
}

enum kith_code
auth_pool_add(struct auth_pool *pool, const struct auth_job *job)
{
	enum kith_code code = KITH_BUSY;
	struct task *task;

	pthread_mutex_lock(&pool->lock);
	if (pool->waiting_count < AUTH_QUEUE_MAX) {
		task = MEM_NEW(struct task);
		task->job = *job;
		DL_APPEND(pool->waiting, task);
		pool->waiting_count++;
		pthread_cond_signal(&pool->changed);
		code = KITH_OK;
	}
	pthread_mutex_unlock(&pool->lock);
	return code;
}

size_t
auth_pool_count(struct auth_pool *pool)
{
	size_t count;

	pthread_mutex_lock(&pool->lock);
	count = pool->waiting_count + pool->working_count;
	pthread_mutex_unlock(&pool->lock);
	return count;
}
