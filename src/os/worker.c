/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pair of sockets wakes either side: a byte calls the worker, a byte back says that it is worth a look, and where
 * one end is closed the other has nothing to wait for any more.  What is true is in the counts, behind the lock:
 *
 *      called != returned      it is busy.  (A flag would be cleared by the return of the job before.)
 *
 * No byte is sent back while the last one has not been looked at: the owner may never look, and then the worker would
 * wait in the end for room to say so.
 */
#include "config.h"

#include "os/loop.h"
#include "os/signals.h"
#include "os/worker.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { OWNER, THREAD };

/* Calls that fail without need are tried again, and not for ever. */
#define TRIES 100

struct worker {
	void (*job)(void *state);
	void *state;
	int line[2];
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	uint64_t called, returned;
	bool told;            /* that it is worth a look, and nobody has looked */
	struct worker *behind;
};

/* What a thread has that may never come back, or what one had that ended without a word: theirs, or nobody's, to the
 * end of the process.  (So a leak checker finds an owner.) */
static struct worker *left_behind;

static bool
send_byte(int fd)
{
	for (int i = 0; i < TRIES; i++)
		if (send(fd, "", 1, 0) == 1)
			return true;
	return false;
}

/* Waits for it; false at the end. */
static bool
receive_byte(int fd)
{
	char byte;
	ssize_t length = -1;

	for (int i = 0; i < TRIES && length < 0; i++)
		length = recv(fd, &byte, 1, 0);
	return length == 1;
}

/* What the owner has made is seen from here on, and what the job makes behind this. */
static void
meet_owner(struct worker *worker)
{
	(void)pthread_mutex_lock(&worker->lock);
	(void)pthread_mutex_unlock(&worker->lock);
}

static void
note_return(struct worker *worker)
{
	bool told;

	(void)pthread_mutex_lock(&worker->lock);
	worker->returned++;
	told = worker->told;
	worker->told = true;
	(void)pthread_mutex_unlock(&worker->lock);
	if (!told)
		(void)send_byte(worker->line[THREAD]);
}

static void *
work(void *state)
{
	struct worker *worker = state;

	while (receive_byte(worker->line[THREAD])) {
		meet_owner(worker);
		worker->job(worker->state);
		note_return(worker);
	}
	(void)close(worker->line[THREAD]);
	return NULL;
}

static int
start_thread(struct worker *worker)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&worker->thread, NULL, work, worker);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct worker *
worker_start(void (*job)(void *state), void *state)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int error;

	if (worker == NULL)
		return NULL;
	worker->job = job;
	worker->state = state;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, worker->line) < 0) {
		error = errno;
		free(worker);
		errno = error;
		return NULL;
	}
	for (int i = OWNER; i <= THREAD; i++)
		(void)fcntl(worker->line[i], F_SETFD, FD_CLOEXEC);
	error = pthread_mutex_init(&worker->lock, NULL);
	if (error == 0 && (error = start_thread(worker)) == 0)
		return worker;
	(void)close(worker->line[OWNER]);
	(void)close(worker->line[THREAD]);
	free(worker);
	errno = error;
	return NULL;
}

bool
worker_call(struct worker *worker)
{
	if (worker == NULL)
		return false;
	(void)pthread_mutex_lock(&worker->lock);
	worker->called++;
	(void)pthread_mutex_unlock(&worker->lock);
	if (send_byte(worker->line[OWNER]))
		return true;
	(void)pthread_mutex_lock(&worker->lock);
	worker->called--;
	(void)pthread_mutex_unlock(&worker->lock);
	return false;
}

bool
worker_busy(struct worker *worker)
{
	char bytes[16];
	ssize_t length;
	bool busy;

	if (worker == NULL)
		return false;
	length = recv(worker->line[OWNER], bytes, sizeof(bytes), MSG_DONTWAIT); /* all of it is old news now */
	(void)pthread_mutex_lock(&worker->lock);
	worker->told = false;
	busy = worker->called != worker->returned;
	(void)pthread_mutex_unlock(&worker->lock);
	return busy && length != 0; /* the end: it could not go on */
}

int
worker_fd(const struct worker *worker)
{
	return worker->line[OWNER];
}

bool
worker_await(struct worker *worker, uint64_t deadline_ns)
{
	bool can_wait = true;

	while (worker_busy(worker)) {
		struct loop_watch watch = { .fd = worker->line[OWNER], .input = true };

		if (!can_wait || loop_now() >= deadline_ns)
			return false;
		can_wait = loop_wait(&watch, 1, deadline_ns);
	}
	return true;
}

bool
worker_await_unless_urged(struct worker *worker, uint64_t deadline_ns)
{
	bool over = false;

	while (worker_busy(worker)) {
		struct loop_watch watch = { .fd = worker->line[OWNER], .input = true };

		if (over)
			return false;
		/* One look at least, which lets signals in. */
		over = signals_stop_again() || loop_now() >= deadline_ns;
		if (!loop_wait(&watch, 1, over ? 0 : deadline_ns))
			over = true;
	}
	return true;
}

void
worker_hurry(struct worker *worker)
{
	(void)shutdown(worker->line[OWNER], SHUT_WR);
}

int
worker_hurry_fd(const struct worker *worker)
{
	return worker->line[THREAD];
}

bool
worker_close(struct worker *worker, uint64_t deadline_ns)
{
	if (worker == NULL)
		return true;
	if (!worker_await(worker, deadline_ns)) {
		(void)pthread_detach(worker->thread);
		worker->behind = left_behind;
		left_behind = worker;
		return false;
	}
	(void)close(worker->line[OWNER]); /* the last that it could wait for */
	(void)pthread_join(worker->thread, NULL);
	(void)pthread_mutex_destroy(&worker->lock);
	free(worker);
	return true;
}
