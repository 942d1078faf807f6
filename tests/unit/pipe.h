/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe: both ends of what weir reads and writes, for a test that must never wait.
 *
 * What cannot be had ends the test: it is not what is tested.
 */
#ifndef WEIR_TEST_PIPE_H
#define WEIR_TEST_PIPE_H

#include "config.h"

#include "tap.h"

#include "os/io.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* What blocks all the same is ended by SIGALRM, so long after the test has last got something: a whole test may take longer. */
#define PIPE_TIMEOUT_S 600

#define must(condition) pipe_must((condition), #condition)

static unsigned pipe_timeout_s; /* 0: it is not watched */

static inline void
pipe_must(bool good, const char *condition)
{
	if (pipe_timeout_s > 0)
		(void)alarm(pipe_timeout_s);
	if (good)
		return;
	printf("Bail out! %s\n", condition);
	exit(EXIT_FAILURE);
}

static inline void
pipe_init(void)
{
	(void)signal(SIGPIPE, SIG_IGN); /* as weir has it */
#ifdef SIGXFSZ
	(void)signal(SIGXFSZ, SIG_IGN);
#endif
	/* valgrind takes fifty times as long, and may have others beside it */
	pipe_timeout_s = is_under("valgrind") ? 10 * PIPE_TIMEOUT_S : PIPE_TIMEOUT_S;
	(void)alarm(pipe_timeout_s);
}

/*
 * A kernel without preadv2, as is qemu-user, says so at the first read, which brings nothing; from then on it is done without.
 * Here that is over before a test counts what a read brings.
 */
static inline void
pipe_find_way(struct io_port *port)
{
	struct iovec nothing = { .iov_len = 0 };
	size_t done;

	if (port->way == IO_WAY_NOWAIT)
		(void)io_read(port, &nothing, 1, 0, &done);
}

/* Whether reading (or writing) would not wait. */
static inline bool
pipe_ready(int fd, short events)
{
	struct pollfd set = { .fd = fd, .events = events };

	return poll(&set, 1, 0) > 0 && (set.revents & events) != 0;
}

/* Makes the pipe or socket full: not a byte more can be written.  Returns how many there were. */
static inline size_t
pipe_fill(int fd)
{
	static const char zeros[4096];
	int flags = fcntl(fd, F_GETFL);
	size_t sum = 0;
	ssize_t done;

	must(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
	for (size_t most = sizeof(zeros); most > 0; most /= 2)
		while ((done = write(fd, zeros, most)) > 0)
			sum += (size_t)done;
	must(fcntl(fd, F_SETFL, flags) == 0);
	return sum;
}

/* Takes what is there, at most size bytes, and does not wait for more. */
static inline size_t
pipe_drain(int fd, char *into, size_t size)
{
	size_t sum = 0;
	ssize_t done = 1;

	while (sum < size && done > 0 && pipe_ready(fd, POLLIN)) {
		done = read(fd, into + sum, size - sum);
		if (done > 0)
			sum += (size_t)done;
	}
	return sum;
}

/* Takes and forgets exactly this much, which must be there. */
static inline void
pipe_forget(int fd, size_t length)
{
	char scratch[4096];

	while (length > 0) {
		size_t part = length < sizeof(scratch) ? length : sizeof(scratch);
		ssize_t done = read(fd, scratch, part);
		must(done > 0);
		length -= (size_t)done;
	}
}

/* A file that is gone when it is closed, with this text in it, at its beginning. */
static inline int
pipe_file(const char *text, size_t length)
{
	char path[] = "/tmp/weir-unit-XXXXXX";
	int fd = mkstemp(path);

	must(fd >= 0 && unlink(path) == 0);
	must(write(fd, text, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

#endif
