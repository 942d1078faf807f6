/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages and reports: written whole, waited for as long as they may be, and no flag changed. */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "os/loop.h"
#include "os/put.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>

#define BIG ((size_t)300000)

static char sent[BIG], got[BIG];

static void
messages(void)
{
	const uint64_t patience = 30 * UINT64_C(1000000);
	uint64_t before;
	int both[2], flags, status = -1;
	struct io_port port;
	size_t taken = 0;
	pid_t child;

	must(pipe(both) == 0);
	flags = fcntl(both[1], F_GETFL);
	io_open_output(&port, both[1]);
	ok(put_all(&port, sent, 100, 0), "a message is written, without patience");
	is(pipe_drain(both[0], got, BIG), 100, "and arrives");
	port.way = IO_WAY_POLLED;
	port.terminal = true; /* which takes 512 bytes at a time */
	ok(put_all(&port, sent, 1400, 0), "also one that is taken in parts");
	is(pipe_drain(both[0], got, BIG), 1400, "whole");
	(void)io_close(&port);
	must(close(both[0]) == 0 && pipe(both) == 0);
	io_open_output(&port, both[1]);
	pipe_fill(both[1]);
	before = loop_now();
	errno = 0;
	ok(!put_all(&port, sent, 100, loop_now() + patience) && errno == EAGAIN, "a full pipe takes none");
	ok(loop_now() - before >= patience, "but is waited for");
	is(fcntl(both[1], F_GETFL), flags, "the flags stay as they are");
	ok(fcntl(both[1], F_GETFD) >= 0, "and the descriptor open");

	child = fork(); /* a slow reader of a message longer than the pipe */
	if (child == 0) {
		(void)io_close(&port);
		while (read(both[0], got, 1000) > 0)
			continue;
		_exit(0);
	}
	ok(put_all(&port, sent, BIG, loop_now() + UINT64_C(60000000000)), "a message longer than the pipe is written whole");
	(void)io_close(&port);
	(void)waitpid(child, &status, 0);
	(void)close(both[0]);

	must(pipe(both) == 0 && close(both[0]) == 0);
	io_open_output(&port, both[1]);
	ok(!put_all(&port, sent, 100, loop_now() + UINT64_C(60000000000)) && errno == EPIPE,
	    "a reader that has gone is not waited for");
	(void)io_close(&port);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	io_open_output(&port, both[1]);
	ok(put_all(&port, sent, 100, 0), "a message is written to a socket");
	while (taken < 100)
		taken += pipe_drain(both[0], got, BIG);
	pipe_fill(both[1]);
	ok(!put_all(&port, sent, 100, loop_now() + patience) && errno == EAGAIN, "a full one is left alone");
	(void)close(both[0]);
	(void)close(both[1]);
}

/* For a thread of its own: waits for a reader that is slow, tells how much one that goes has taken. */
static void
beside(void)
{
	const size_t taken = 100000;
	struct io_port port;
	int both[2], status = -1;
	size_t length;
	pid_t child;

	for (int goes = 0; goes < 2; goes++) {
		must(pipe(both) == 0 && (child = fork()) >= 0);
		io_open_output(&port, both[1]);
		if (child == 0) {
			(void)io_close(&port);
			for (size_t sum = 0; sum < (goes ? taken : BIG);) {
				ssize_t done = read(both[0], got, 1000);
				sum += done > 0 ? (size_t)done : BIG;
			}
			_exit(0);
		}
		(void)close(both[0]);
		length = put_beside(&port, sent, BIG);
		if (goes)
			ok(length >= taken && length < BIG && errno == EPIPE, "of one that goes it is told how much was taken");
		else
			is(length, BIG, "a slow reader is waited for");
		(void)io_close(&port);
		must(waitpid(child, &status, 0) == child);
	}
}

int
main(void)
{
	struct random random = { 3 };

	pipe_init();
	for (size_t i = 0; i < BIG; i++)
		sent[i] = (char)random_next(&random);
	messages();
	beside();
	return done_testing();
}
