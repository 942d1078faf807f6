/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages through io, over sockets that keep them apart: none is torn where it fits, and none is cut. */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "os/io.h"
#include "os/messages.h"

#include <sys/socket.h>

#include <errno.h>

#define BIG ((size_t)300000)

static char sent[BIG], got[BIG];

#define LIMIT_BYTES 20000 /* of a message, at least; the kernel doubles it */

static void
message_pair(int both[2], int type, int limit)
{
	must(socketpair(AF_UNIX, type, 0, both) == 0);
	must(setsockopt(both[0], SOL_SOCKET, SO_SNDBUF, &limit, sizeof(limit)) == 0);
}

/* What is too long for a message goes in several; what is not, whole, whatever was refused before. */
static void
messages_out(int type)
{
	const size_t long_one = 300000, short_one = 35000;
	struct io_port port;
	int both[2];
	size_t done, sum = 0;
	enum io_result result;

	message_pair(both, type, LIMIT_BYTES);
	io_open_output(&port, both[0]);
	ok(port.messages, "a socket of type %d keeps messages apart", type);
	while (sum < long_one) {
		struct iovec piece[2] = { { sent + sum, 1 }, { sent + sum + 1, long_one - sum - 1 } };

		result = io_write(&port, piece, long_one - sum > 1 ? 2 : 1, long_one - sum, &done);
		must(result == IO_ALL || result == IO_SHORT || result == IO_RETRY);
		if (done > 0) {
			ssize_t length = recv(both[1], got, sizeof(got), 0);
			must(length == (ssize_t)done && memcmp(got, sent + sum, done) == 0);
		}
		sum += done;
	}
	is(sum, long_one, "what is longer than a message goes in several");
	ok(port.unit >= 4096 && port.unit < 2 * LIMIT_BYTES, "and the next writes are shorter");
	result = io_write(&port, &(struct iovec){ sent, short_one }, 1, short_one, &done);
	ok(result == IO_ALL && port.unit < short_one, "what is as long as one may be goes as one");
	(void)io_close(&port);
	(void)close(both[1]);
}

static void
messages_in(int type)
{
	static const size_t lengths[] = { 100, 70000, 1, 50000 };
	struct io_port port;
	int both[2];
	size_t at = 0, done, sum = 0;
	enum io_result result = IO_RETRY;

	message_pair(both, type, 200000);
	io_open_input(&port, both[1]);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		must(send(both[0], sent + sum, lengths[i], 0) == (ssize_t)lengths[i]);
		sum += lengths[i];
		if (type == SOCK_DGRAM)
			must(send(both[0], "", 0, 0) == 0);
	}
	ok(io_waiting(&port), "messages wait");
	while (result != IO_AGAIN && result != IO_END) {
		struct iovec piece[2] = { { got + at, 3 }, { got + at + 3, 1000 } };

		result = io_read(&port, piece, 2, 1003, &done);
		must(result != IO_ERROR);
		if (port.stashed > 0)
			must(result == IO_ALL && io_waiting(&port));
		at += done;
	}
	ok(result == IO_AGAIN, "an empty one is not the end");
	ok(at == sum && memcmp(got, sent, sum) == 0, "each is read whole, in as many reads as it takes");
	is(port.overruns, 0, "and nothing is lost");
	(void)close(both[0]);
	if (type == SOCK_SEQPACKET)
		ok(io_read(&port, &(struct iovec){ got, 10 }, 1, 10, &done) == IO_END, "a connection's end is the end");
	(void)io_close(&port);
}

static void
kept(void)
{
	int both[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	ok(!messages_are_kept(both[0]), "a stream keeps none");
	(void)close(both[0]);
	(void)close(both[1]);
	must(pipe(both) == 0);
	ok(!messages_are_kept(both[0]), "nor does a pipe");
	(void)close(both[0]);
	(void)close(both[1]);
}

int
main(void)
{
	struct random random = { 3 };

	pipe_init();
	for (size_t i = 0; i < BIG; i++)
		sent[i] = (char)random_next(&random);
	kept();
	messages_out(SOCK_DGRAM);
	messages_out(SOCK_SEQPACKET);
	messages_in(SOCK_DGRAM);
	messages_in(SOCK_SEQPACKET);
	return done_testing();
}
