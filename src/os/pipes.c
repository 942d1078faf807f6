/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/pipes.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#ifdef HAVE_SPLICE

/* --- the private pipe ------------------------------------------------------------------------------ */

#define BATCH_BYTES (256 << 10)

/* What could not be read back out of it would come out of it later, in the place of something else. */
static void
give_up_stage(struct io_port *port)
{
	for (int i = 0; i < 2; i++) {
		(void)close(port->stage[i]);
		port->stage[i] = -1;
	}
	port->stage_refused = true;
}

/* A private pipe: for batches, or for looks at half of what the input's pipe holds; or as much as there is.
 * 0, or -1 where none is to be had. */
static int
open_stage(struct io_port *port)
{
	if (port->stage_refused)
		return -1;
	if (port->stage[0] >= 0)
		return 0;
	if (pipe2(port->stage, O_CLOEXEC | O_NONBLOCK) < 0) {
		port->stage_refused = true;
		return -1;
	}
	(void)fcntl(port->stage[1], F_SETPIPE_SZ,
	    port->output ? BATCH_BYTES : fcntl(port->fd, F_GETPIPE_SZ) / 2);
	return 0;
}

/* --- from pipe to pipe ---------------------------------------------------------------------------- */

bool
pipes_can_splice(const struct io_port *input, const struct io_port *output)
{
	return input->pipe && output->pipe && output->way == IO_WAY_OWN;
}

enum io_result
pipes_splice(struct io_port *input, struct io_port *output, size_t length, size_t *done)
{
	ssize_t moved = splice(input->fd, NULL, output->fd, NULL, length,
	    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	*done = moved > 0 ? (size_t)moved : 0;
	if (moved > 0)
		return *done == length ? IO_ALL : IO_SHORT;
	if (moved == 0)
		return IO_END;
	if (errno == EAGAIN)
		return IO_AGAIN;
	if (errno == EINTR)
		return IO_RETRY;
	return errno == EPIPE ? IO_GONE : IO_ERROR;
}

enum io_result
pipes_look(struct io_port *input, void *room, size_t length, size_t *done)
{
	ssize_t copied;

	*done = 0;
	if (!input->pipe || open_stage(input) < 0)
		return IO_ERROR;
	copied = tee(input->fd, input->stage[1], length, SPLICE_F_NONBLOCK);
	if (copied == 0)
		return IO_END;
	if (copied < 0)
		return errno == EAGAIN ? IO_AGAIN : errno == EINTR ? IO_RETRY : IO_ERROR;
	if (read(input->stage[0], room, (size_t)copied) != copied) {
		give_up_stage(input);
		return IO_ERROR;
	}
	*done = (size_t)copied;
	return *done == length ? IO_ALL : IO_SHORT;
}

/* --- batches ------------------------------------------------------------------------------------- */

#define BATCH_LEAST 4 /* chunks; for fewer, a write each costs less */

static size_t
slots(int pipe_fd)
{
	long bytes = fcntl(pipe_fd, F_GETPIPE_SZ);
	long page = sysconf(_SC_PAGESIZE);

	return bytes > 0 && page > 0 ? (size_t)(bytes / page) : 0;
}

size_t
pipes_batch_room(struct io_port *port)
{
	size_t room, used, own;
	uint64_t unread;

	/* The inherited description must not be spliced to: it would lose RWF_NOWAIT. */
	if (!port->pipe || port->way != IO_WAY_OWN || open_stage(port) < 0 ||
	    !pipes_unread(port, &unread))
		return 0;
	/* At least this many are in use; more, where writes were short ones. */
	used = (size_t)(unread + port->unit - 1) / port->unit;
	room = slots(port->fd);
	room = room > used ? room - used : 0;
	own = slots(port->stage[1]);
	if (room > own)
		room = own;
	return room >= BATCH_LEAST ? room : 0;
}

bool
pipes_batch_add(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	/* Of at most PIPE_BUF bytes: all or nothing.  One piece costs a tenth less without a list. */
	const ssize_t done = count == 1 ? write(port->stage[1], piece->iov_base, piece->iov_len) :
	    writev(port->stage[1], piece, count);

	if (done != (ssize_t)length)
		return false;
	port->staged += length;
	return true;
}

static void
forget_batch(struct io_port *port)
{
	char scratch[16384];

	while (port->staged > 0) {
		ssize_t done = read(port->stage[0], scratch, sizeof(scratch));
		if (done <= 0)
			break;
		port->staged -= (size_t)done;
	}
	if (port->staged > 0)
		give_up_stage(port);
	port->staged = 0;
}

enum io_result
pipes_batch_write(struct io_port *port, size_t *done)
{
	enum io_result result = IO_ALL;
	ssize_t moved;

	*done = 0;
	while (port->staged > 0 && result == IO_ALL) {
		moved = splice(port->stage[0], NULL, port->fd, NULL, port->staged, SPLICE_F_NONBLOCK);
		if (moved > 0) {
			port->staged -= (size_t)moved;
			*done += (size_t)moved;
		} else if (moved == 0 || errno == EAGAIN) {
			result = IO_AGAIN;
		} else if (errno == EPIPE) {
			result = IO_GONE;
		} else if (errno != EINTR) {
			port->stage_refused = true; /* by a sandbox, perhaps: write tells */
			result = IO_RETRY;
		}
	}
	forget_batch(port);
	return *done > 0 && result != IO_ALL ? IO_SHORT : result; /* why, the next call tells */
}

#else /* without splice each answers that it is not to be had */

bool
pipes_can_splice(const struct io_port *input, const struct io_port *output)
{
	(void)input;
	(void)output;
	return false;
}

enum io_result
pipes_splice(struct io_port *input, struct io_port *output, size_t length, size_t *done)
{
	(void)input;
	(void)output;
	(void)length;
	*done = 0;
	return IO_ERROR;
}

enum io_result
pipes_look(struct io_port *input, void *room, size_t length, size_t *done)
{
	(void)input;
	(void)room;
	(void)length;
	*done = 0;
	return IO_ERROR;
}

size_t
pipes_batch_room(struct io_port *port)
{
	(void)port;
	return 0;
}

bool
pipes_batch_add(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	(void)port;
	(void)piece;
	(void)count;
	(void)length;
	return false;
}

enum io_result
pipes_batch_write(struct io_port *port, size_t *done)
{
	(void)port;
	*done = 0;
	return IO_RETRY;
}

#endif

/* --- what else can be asked of a pipe -------------------------------------------------------------- */

void
pipes_enlarge(const struct io_port *port, size_t bytes)
{
#if defined(F_SETPIPE_SZ) && !defined(WEIR_PORTABLE)
	int now = port->pipe ? fcntl(port->inherited, F_GETPIPE_SZ) : -1;

	if (now < 0 || (size_t)now >= bytes || bytes > INT_MAX || fcntl(port->inherited, F_SETPIPE_SZ, (int)bytes) < 0)
		return;
	if (!port->output && port->stage[0] >= 0)
		(void)fcntl(port->stage[1], F_SETPIPE_SZ, (int)(bytes / 2)); /* what is looked at goes with it */
#else
	(void)port;
	(void)bytes;
#endif
}

int
pipes_make(int ends[2])
{
	if (pipe(ends) < 0)
		return -1;
	(void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

void
pipes_resize(const struct io_port *port, size_t bytes)
{
#if defined(F_SETPIPE_SZ) && !defined(WEIR_PORTABLE)
	if (port->pipe && bytes <= INT_MAX)
		(void)fcntl(port->inherited, F_SETPIPE_SZ, (int)bytes);
#else
	(void)port;
	(void)bytes;
#endif
}

bool
pipes_readable(int fd, uint64_t *bytes)
{
	int count;

	if (ioctl(fd, FIONREAD, &count) < 0 || count < 0)
		return false;
	*bytes = (uint64_t)count;
	return true;
}

bool
pipes_unread(const struct io_port *port, uint64_t *bytes)
{
#ifndef __linux__
	if (port->output)
		return false; /* on BSDs the end that is written to always answers 0: it has nothing to read */
#endif
	return port->pipe && pipes_readable(port->inherited, bytes);
}
