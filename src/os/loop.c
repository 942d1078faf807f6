/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

/* glibc 2.36, asked for times of 64 bits on a processor of 32 and to fortify as well, passes the one to
 * the call that takes the other: a wait of less than a second is none at all. */
#ifdef _TIME_BITS
#undef _FORTIFY_SOURCE
#endif

#include "base/units.h"
#include "os/loop.h"
#include "os/signals.h"

#include <sys/select.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#define WAITS_BETWEEN_SIGNALS 16
#define FAILURES_MOST 100

/* The longest single wait: what a time_t of 32 bits holds. */
#define WAIT_MOST_NS (UINT64_C(2000000000) * NS_PER_S)

uint64_t
loop_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* How long from now to the deadline; NULL, for ever, where there is none. */
static const struct timespec *
time_left(uint64_t deadline_ns, struct timespec *left)
{
	uint64_t ns = 0;

	if (deadline_ns == LOOP_FOREVER)
		return NULL;
	if (deadline_ns > 0) {
		uint64_t now = loop_now();
		ns = deadline_ns > now ? deadline_ns - now : 0;
	}
	if (ns > WAIT_MOST_NS)
		ns = WAIT_MOST_NS;
	left->tv_sec = (time_t)(ns / NS_PER_S);
	left->tv_nsec = (long)(ns % NS_PER_S);
	return left;
}

#ifdef HAVE_PPOLL

static int
wait_for(struct pollfd *poll_set, int count, const struct timespec *left)
{
	return ppoll(poll_set, (nfds_t)count, left, signals_wait_mask());
}

static void
let_signals_in(void)
{
	const struct timespec zero = { 0, 0 };

	(void)ppoll(NULL, 0, &zero, signals_wait_mask());
}

#else

/* select has no way to ask for a hang-up alone, but the write end of a pipe "can be read" exactly when its
 * reader has gone.  What can be read for other reasons, a socket, a terminal, a pipe open for both, is left
 * out: there a reader that goes is noticed at the next write. */
static bool
tells_by_read(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) &&
	    (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
}

/* pselect only waits; poll says afterwards what has come. */
static int
wait_for(struct pollfd *poll_set, int count, const struct timespec *left)
{
	fd_set in, out;
	int most = -1;

	FD_ZERO(&in);
	FD_ZERO(&out);
	for (int i = 0; i < count; i++) {
		int fd = poll_set[i].fd;

		if (fd < 0 || fd >= FD_SETSIZE)
			continue;
		if (poll_set[i].events & POLLOUT)
			FD_SET(fd, &out);
		if ((poll_set[i].events & POLLIN) || (poll_set[i].events == 0 && tells_by_read(fd)))
			FD_SET(fd, &in);
		if (fd > most)
			most = fd;
	}
	if (pselect(most + 1, &in, &out, NULL, left, signals_wait_mask()) < 0)
		return -1;
	return poll(poll_set, (nfds_t)count, 0);
}

static void
let_signals_in(void)
{
	const struct timespec zero = { 0, 0 };

	(void)pselect(0, NULL, NULL, NULL, &zero, signals_wait_mask());
}

#endif

bool
loop_wait(struct loop_watch *watch, int count, uint64_t deadline_ns)
{
	static unsigned ready_waits, failures;
	struct pollfd poll_set[LOOP_WATCHES_MOST];
	struct timespec left;
	int found;

	for (int i = 0; i < count; i++) {
		poll_set[i].fd = watch[i].fd;
		poll_set[i].events = (short)((watch[i].input ? POLLIN : 0) | (watch[i].output ? POLLOUT : 0));
		poll_set[i].revents = 0;
	}
	found = wait_for(poll_set, count, time_left(deadline_ns, &left));
	failures = found < 0 && errno != EINTR && errno != EAGAIN ? failures + 1 : 0;
	/* Where something is ready at once, Linux puts the old mask back without letting a signal in. */
	if (found > 0 && (deadline_ns == 0 || ++ready_waits % WAITS_BETWEEN_SIGNALS == 0))
		let_signals_in();
	for (int i = 0; i < count; i++) {
		short events = found > 0 ? poll_set[i].revents : 0;

		/* What poll cannot tell of (POLLNVAL), the read or write tells. */
		watch[i].ready = (events & (POLLIN | POLLOUT | POLLNVAL)) != 0 ||
		    (watch[i].input && (events & (POLLHUP | POLLERR)) != 0);
		watch[i].gone = !watch[i].input && (events & (POLLERR | POLLHUP)) != 0;
	}
	return failures < FAILURES_MOST;
}

bool
loop_ready(int fd, bool output)
{
	struct pollfd poll_set = { .fd = fd, .events = output ? POLLOUT : POLLIN };

	/* An error or a hang-up is for the read or write to tell; and so is a poll that fails: who took it for
	 * "not ready" would ask for ever. */
	return poll(&poll_set, 1, 0) != 0;
}

bool
loop_gone(int fd)
{
	struct pollfd poll_set = { .fd = fd };

	return poll(&poll_set, 1, 0) > 0 && (poll_set.revents & (POLLERR | POLLHUP)) != 0;
}

bool
loop_await_output(int fd, int call)
{
	struct pollfd poll_set[] = { { .fd = fd, .events = POLLOUT }, { .fd = call, .events = POLLIN } };

	return poll(poll_set, 2, -1) <= 0 || poll_set[1].revents == 0;
}
