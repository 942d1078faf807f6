/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/exchange.h"

#include <errno.h>
#include <string.h>

int
exchange_begin(struct wire *wire, const struct socket_of *one, const char *line)
{
	const int fd = sockets_connect(one);

	if (fd < 0)
		return errno;
	wire_open(wire, fd);
	if (!wire_send(wire, line, strlen(line))) {
		const int error = errno;

		wire_close(wire);
		return error;
	}
	return 0;
}

int
exchange_answer(struct wire *wire, char **answer, size_t *length, uint64_t deadline_ns)
{
	switch (wire_await(wire, answer, length, deadline_ns, -1)) {
	case WIRE_LINE:
		return 0;
	case WIRE_MORE:
		return ETIMEDOUT;
	case WIRE_ENDED:
		return ECONNRESET;
	case WIRE_BAD:
		break;
	}
	return errno;
}

const char *
exchange_error(int error)
{
	switch (error) {
	case ENOENT:
		return "it has ended";
	case ECONNRESET:
	case EPIPE:
		return "it has ended, or takes no more connections";
	case EPERM:
		return "another user's, or in another container";
	case ETIMEDOUT:
	case EAGAIN:
		return "it does not answer; is it stopped?";
	default:
		return strerror(error);
	}
}
