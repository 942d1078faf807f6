/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/pieces.h"
#include "os/messages.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored anyway */
#endif

/* The longest message that an input can bring; unprivileged, a UNIX socket takes 416 KiB on Linux. */
#define STASH_BYTES ((size_t)512 << 10)

bool
messages_are_kept(int fd)
{
	int type;
	socklen_t length = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type != SOCK_STREAM;
}

/* A message of that length is refused: one that is longer need not be tried, and of whole records
 * fewer are offered at once. */
static void
learn_most(struct io_port *port, size_t length)
{
	port->most = length - 1;
	if (port->unit >= length)
		port->unit = length / 2;
	errno = EINTR; /* to be tried again */
}

ssize_t
messages_send(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	struct msghdr message = { 0 };
	struct iovec part[IO_PIECES];
	ssize_t done;

	/* No more than is known to be too long; but a record that is not is one message. */
	if (length > port->most)
		length = port->unit;
	for (int parts = pieces_cut(part, piece, count, length); parts > 0; parts--)
		message.msg_iovlen++; /* of a type that differs */
	message.msg_iov = part;
	done = sendmsg(port->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done < 0 && errno == EMSGSIZE && length > 1)
		learn_most(port, length);
	return done;
}

static bool
open_stash(struct io_port *port)
{
	if (port->stash == NULL)
		port->stash = malloc(STASH_BYTES);
	return port->stash != NULL;
}

ssize_t
messages_rest(struct io_port *port, const struct iovec *piece, int count)
{
	size_t sum = 0;

	for (int i = 0; i < count; i++) {
		size_t length = piece[i].iov_len < port->stashed ? piece[i].iov_len : port->stashed;

		memcpy(piece[i].iov_base, port->stash + port->stash_at, length);
		port->stash_at += length;
		port->stashed -= length;
		sum += length;
	}
	return (ssize_t)sum;
}

/* An empty datagram is not the end of anything, where connections are not ended by one. */
static bool
is_empty_datagram(const struct io_port *port)
{
	int type;
	socklen_t length = sizeof(type);

	return getsockopt(port->fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type != SOCK_SEQPACKET;
}

ssize_t
messages_receive(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	struct msghdr message = { 0 };
	struct iovec part[IO_PIECES + 1];
	ssize_t done;

	if (!open_stash(port))
		return -1;
	for (int i = 0; i < count; i++)
		part[i] = piece[i];
	part[count] = (struct iovec){ port->stash, STASH_BYTES };
	message.msg_iov = part;
	for (int parts = count + 1; parts > 0; parts--)
		message.msg_iovlen++; /* of a type that differs */
	done = recvmsg(port->fd, &message, MSG_DONTWAIT);
	if (done == 0 && is_empty_datagram(port)) {
		errno = EINTR;
		return -1;
	}
	if (done < 0)
		return done;
	port->overruns += (message.msg_flags & MSG_TRUNC) != 0;
	if ((size_t)done > length) {
		port->stash_at = 0;
		port->stashed = (size_t)done - length;
		done = (ssize_t)length;
	}
	return done;
}

ssize_t
messages_read(struct io_port *port, const struct iovec *piece, int count)
{
	ssize_t done;

	if (piece[0].iov_len >= STASH_BYTES || !open_stash(port))
		return -1;
	done = read(port->fd, port->stash, STASH_BYTES);
	if (done <= 0)
		return done;
	port->stash_at = 0;
	port->stashed = (size_t)done;
	return messages_rest(port, piece, count);
}
