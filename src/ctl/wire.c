/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "ctl/wire.h"
#include "os/loop.h"

#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_LEAST ((size_t)8 << 10)

/* Where it is missing (macOS) SIGPIPE ends the program, as it ends others whose peer has gone. */
#ifndef MSG_NOSIGNAL
# define MSG_NOSIGNAL 0
#endif

void
wire_open(struct wire *wire, int fd)
{
	*wire = (struct wire){ .fd = fd };
}

void
wire_close(struct wire *wire)
{
	if (wire->fd >= 0)
		(void)close(wire->fd);
	free(wire->text);
	*wire = (struct wire){ .fd = -1 };
}

bool
wire_send(const struct wire *wire, const char *text, size_t length)
{
	while (length > 0) {
		const ssize_t sent = send(wire->fd, text, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		text += sent;
		length -= (size_t)sent;
	}
	return true;
}

static void
forget_given(struct wire *wire)
{
	if (wire->given == 0)
		return;
	wire->used -= wire->given;
	memmove(wire->text, wire->text + wire->given, wire->used);
	wire->given = 0;
}

static bool
has_room(struct wire *wire)
{
	const size_t room = wire->room > 0 ? 2 * wire->room : ROOM_LEAST;
	char *text;

	if (wire->used < wire->room)
		return true;
	if (wire->used >= WIRE_LINE_MOST) {
		errno = EMSGSIZE;
		return false;
	}
	if ((text = realloc(wire->text, room)) == NULL)
		return false;
	wire->text = text;
	wire->room = room;
	return true;
}

static char *
whole_line(const struct wire *wire, size_t from)
{
	return wire->used > from ? memchr(wire->text + from, '\n', wire->used - from) : NULL;
}

enum wire_got
wire_next(struct wire *wire, char **line, size_t *length)
{
	char *end;
	size_t looked = 0;

	forget_given(wire);
	while ((end = whole_line(wire, looked)) == NULL) {
		ssize_t got;

		looked = wire->used;
		if (!has_room(wire))
			return WIRE_BAD;
		got = recv(wire->fd, wire->text + wire->used, wire->room - wire->used, 0);
		if (got == 0)
			return WIRE_ENDED;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? WIRE_MORE : WIRE_BAD;
		wire->used += (size_t)got;
	}
	*end = '\0';
	*line = wire->text;
	*length = (size_t)(end - wire->text);
	wire->given = *length + 1;
	return WIRE_LINE;
}

/* Rounded up: who wakes too early would ask again for a millisecond. */
static int
ms_until(uint64_t deadline_ns)
{
	const uint64_t now_ns = loop_now();
	uint64_t ms;

	if (deadline_ns == LOOP_FOREVER)
		return -1;
	if (deadline_ns <= now_ns)
		return 0;
	ms = (deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

int
wire_poll(struct pollfd *set, size_t count, uint64_t deadline_ns)
{
	return poll(set, (nfds_t)count, ms_until(deadline_ns));
}

enum wire_got
wire_await(struct wire *wire, char **line, size_t *length, uint64_t deadline_ns, int output)
{
	enum wire_got got;

	while ((got = wire_next(wire, line, length)) == WIRE_MORE) {
		struct pollfd set[2] = { { .fd = wire->fd, .events = POLLIN }, { .fd = output } };

		if (loop_now() >= deadline_ns)
			return WIRE_MORE;
		if (wire_poll(set, 2, deadline_ns) < 0 && errno != EINTR)
			return WIRE_BAD;
		if (output >= 0 && loop_gone(output))
			return WIRE_ENDED;
	}
	return got;
}
