/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that works when it is called; with a job that waits for as long as the test likes. */
#include "../tap.h"

#include "../pipe.h"
#include "base/units.h"
#include "os/loop.h"
#include "os/signals.h"
#include "os/worker.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#define CALLS 1000
#define CALLS_AT_ONCE 100

/* What the job works on: no lock, since it is the worker's while that is busy. */
struct work {
	int gate[2]; /* the job takes a byte from it first, if it is to wait */
	bool waits;
	unsigned done;
	bool signals_blocked;
};

static void
job(void *state)
{
	struct work *work = state;
	sigset_t blocked;
	char byte;

	if (work->waits)
		must(read(work->gate[0], &byte, 1) == 1);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	work->signals_blocked = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGUSR1) == 1;
	work->done++;
}

static struct work
new_work(bool waits)
{
	struct work work = { .waits = waits };

	must(pipe(work.gate) == 0);
	return work;
}

static void
end_work(struct work *work)
{
	(void)close(work->gate[0]);
	(void)close(work->gate[1]);
}

static void
open_gate(struct work *work)
{
	must(write(work->gate[1], "", 1) == 1);
}

static uint64_t
patience(void)
{
	return loop_now() + 60 * NS_PER_S;
}

static void
at_work(void)
{
	struct work work = new_work(false);
	struct worker *worker = worker_start(job, &work);

	must(worker != NULL);
	ok(!worker_busy(worker) && work.done == 0, "it waits to be called");
	for (unsigned i = 1; i <= CALLS; i++)
		if (!worker_call(worker) || !worker_await(worker, patience()) || work.done != i)
			break;
	is(work.done, CALLS, "a job for each call, and what it has done is seen");
	ok(work.signals_blocked, "no signal comes to it");
	ok(worker_close(worker, patience()), "it ends");
	end_work(&work);
}

static void
slow(void)
{
	struct work work = new_work(true);
	struct worker *worker = worker_start(job, &work);
	struct loop_watch watch;

	must(worker != NULL && worker_call(worker));
	ok(worker_busy(worker) && !loop_ready(worker_fd(worker), false), "while it works it is busy");
	ok(!worker_await(worker, loop_now()) && worker_busy(worker), "a wait has its deadline");
	open_gate(&work);
	watch = (struct loop_watch){ .fd = worker_fd(worker), .input = true };
	while (worker_busy(worker))
		(void)loop_wait(&watch, 1, patience());
	is(work.done, 1, "its owner is woken");
	must(worker_call(worker));
	open_gate(&work);
	must(worker_await(worker, patience()));
	must(worker_call(worker) && worker_busy(worker));
	(void)worker_busy(worker);
	while (loop_ready(worker_fd(worker), false) && worker_busy(worker))
		continue;
	ok(worker_busy(worker), "old news does not wake anybody for the next job");
	open_gate(&work);
	ok(worker_close(worker, patience()) && work.done == 3, "the end waits for a job");
	end_work(&work);
}

static void
left_behind(void)
{
	static struct work work; /* to stay */
	struct worker *worker;

	work = new_work(true);
	worker = worker_start(job, &work);
	must(worker != NULL && worker_call(worker));
	ok(!worker_close(worker, loop_now()), "but not beyond its deadline");
}

/* Called again while it may be about to return: the job is done once more, whoever was first. */
static void
called_again(void)
{
	struct work work = new_work(true);
	struct worker *worker = worker_start(job, &work);

	must(worker != NULL && worker_call(worker) && worker_call(worker));
	open_gate(&work);
	ok(!worker_await(worker, loop_now() + 20 * NS_PER_MS) && worker_busy(worker), "called twice, one job is not all");
	open_gate(&work);
	ok(worker_await(worker, patience()) && work.done == 2, "and two are");
	work.waits = false;
	for (unsigned i = 0; i < CALLS_AT_ONCE; i++)
		must(worker_call(worker));
	ok(worker_await(worker, patience()) && work.done == 2 + CALLS_AT_ONCE, "a job for each call, however many at once");
	must(worker_close(worker, patience()));
	end_work(&work);
}

static void
tell(void *state)
{
	struct work *work = state;

	must(write(work->gate[1], "", 1) == 1);
}

/* An owner that never looks: news of what was done does not pile up, where there would be no room for it in the end. */
static void
unlooked(void)
{
	struct work work = new_work(false);
	struct worker *worker = worker_start(tell, &work);
	int news = 0;

	must(worker != NULL);
	for (unsigned i = 0; i < 10; i++) {
		must(worker_call(worker));
		pipe_forget(work.gate[0], 1);
	}
	must(ioctl(worker_fd(worker), FIONREAD, &news) == 0);
	ok(news <= 1, "nobody has to look");
	ok(worker_close(worker, patience()), "before the end");
	end_work(&work);
}

/* Waits for room that never comes, as a scribe does. */
struct wait {
	struct worker *worker;
	int both[2]; /* of a pipe that is full */
	bool hurried;
};

static void
wait_for_room(void *state)
{
	struct wait *wait = state;

	wait->hurried = !loop_await_output(wait->both[1], worker_hurry_fd(wait->worker));
}

static void
hurried(void)
{
	struct wait wait = { .hurried = false };

	must(pipe(wait.both) == 0);
	(void)pipe_fill(wait.both[1]);
	wait.worker = worker_start(wait_for_room, &wait);
	must(wait.worker != NULL && worker_call(wait.worker));
	ok(!worker_await(wait.worker, loop_now() + 20 * NS_PER_MS), "a call that is taken is no reason to hurry");
	worker_hurry(wait.worker);
	ok(worker_close(wait.worker, patience()) && wait.hurried, "a job that is to hurry is told");
	(void)close(wait.both[0]);
	(void)close(wait.both[1]);
}

/* The second of two signals, which is let in by the wait. */
static void
urged(void)
{
	static struct work work; /* to stay */
	struct worker *worker;
	uint64_t until_ns = patience();

	work = new_work(true);
	worker = worker_start(job, &work);
	signals_init();
	must(worker != NULL && worker_call(worker) && raise(SIGTERM) == 0);
	ok(!worker_await_unless_urged(worker, loop_now() + 600 * NS_PER_MS), "one signal does not end a wait");
	must(raise(SIGTERM) == 0);
	ok(!worker_await_unless_urged(worker, until_ns) && loop_now() < until_ns, "a second one does");
	ok(!worker_await_unless_urged(worker, until_ns) && loop_now() < until_ns, "one that came before does, too");
	ok(worker_await_unless_urged(NULL, 0), "one that is not there is not waited for");
	until_ns = loop_now() + 50 * NS_PER_MS;
	ok(!worker_await(worker, until_ns) && loop_now() >= until_ns, "it does where it is heeded");
	until_ns = loop_now() + 50 * NS_PER_MS;
	ok(!worker_close(worker, until_ns) && loop_now() >= until_ns, "which it is not at the end");
}

static void
none(void)
{
	ok(!worker_call(NULL) && !worker_busy(NULL) && worker_await(NULL, 0) && worker_close(NULL, 0),
	    "one that is not there does nothing, and is done with it");
}

int
main(void)
{
	pipe_init();
	at_work();
	slow();
	called_again();
	unlooked();
	hurried();
	left_behind();
	none();
	urged();
	return done_testing();
}
