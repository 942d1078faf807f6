/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "os/loop.h"
#include "os/put.h"

#include <sys/uio.h>

#include <errno.h>
#include <stdint.h>

/* The rest of a message that was taken in part has this long at least. */
#define PUT_REST_NS (20 * NS_PER_MS)

bool
put_all(struct io_port *port, const char *text, size_t length, uint64_t deadline_ns)
{
	bool all = false;
	int error = 0;

	while (!all) {
		struct iovec piece = { (void *)(uintptr_t)text, length };
		struct loop_watch watch = { .fd = port->fd, .output = true };
		size_t done;
		enum io_result result = io_write(port, &piece, 1, length, &done);

		text += done;
		length -= done;
		all = result == IO_ALL;
		error = result == IO_AGAIN ? EAGAIN : errno;
		/* what was taken in part may well be taken whole: half a message would be part of the next */
		if (result == IO_SHORT && deadline_ns < loop_now() + PUT_REST_NS)
			deadline_ns = loop_now() + PUT_REST_NS;
		if (result == IO_ERROR || result == IO_GONE ||
		    (result != IO_SHORT && !all && loop_now() >= deadline_ns))
			break;
		if (result == IO_AGAIN)
			(void)loop_wait(&watch, 1, deadline_ns); /* the deadline ends this in any case */
	}
	errno = error;
	return all;
}

size_t
put_beside(struct io_port *port, const char *text, size_t length)
{
	size_t sum = 0;

	while (sum < length) {
		struct iovec piece = { (void *)(uintptr_t)(text + sum), length - sum };
		size_t done;
		enum io_result result = io_write(port, &piece, 1, piece.iov_len, &done);

		sum += done;
		if (result == IO_ERROR || result == IO_GONE)
			break;
		if (result == IO_AGAIN)
			(void)loop_await_output(port->fd, -1);
	}
	return sum;
}
