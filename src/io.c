/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "io.h"
#include "loop.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#ifdef HAVE_PREADV2_SYSCALL
#include <sys/syscall.h>
#endif

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008 /* since Linux 4.14; musl 1.2.3 has the call and not the name */
#endif

#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored anyway */
#endif

#define TERMINAL_MOST 512           /* bytes that a writable terminal takes without waiting */
#define UNIT_MOST ((size_t)64 << 10) /* of a write of whole records where nothing else limits it */

/* --- which way ---------------------------------------------------------------------------------- */

#if defined(__linux__) && !defined(WEIR_PORTABLE)
/* A description of our own of what fd is open on, or -1.  Not of a pty master: to open that anew makes
 * another pseudo-terminal. */
static int
open_own(int fd, const struct stat *status, bool terminal)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];
	struct stat again;
	int own;

#ifdef TIOCGPTN
	unsigned number;
	if (terminal && ioctl(fd, TIOCGPTN, &number) == 0)
		return -1;
#endif
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return -1;
	if (fstat(own, &again) == 0 && again.st_dev == status->st_dev &&
	    again.st_ino == status->st_ino && again.st_rdev == status->st_rdev)
		return own;
	(void)close(own);
	return -1;
}
#else
static int
open_own(int fd, const struct stat *status, bool terminal)
{
	(void)fd;
	(void)status;
	(void)terminal;
	return -1;
}
#endif

static void
open_port(struct io_port *port, int fd, bool output)
{
	struct stat status;

	*port = (struct io_port){
		.fd = fd,
		.inherited = fd,
		.way = IO_WAY_POLLED,
		.output = output,
		.unit = UNIT_MOST,
		.stage = { -1, -1 },
	};
	/* Where nothing can be done with it, the first call tells; and what was opened for reading is not
	 * to become writable. */
	if (fstat(fd, &status) < 0 ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) == (output ? O_RDONLY : O_WRONLY)) {
		port->way = IO_WAY_PLAIN;
		return;
	}
	port->pipe = S_ISFIFO(status.st_mode);
	port->terminal = S_ISCHR(status.st_mode) && isatty(fd) == 1;
	if (port->pipe)
		port->unit = PIPE_BUF;
	if (port->terminal)
		port->unit = TERMINAL_MOST;
	if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || S_ISDIR(status.st_mode) ||
	    (S_ISCHR(status.st_mode) && !port->terminal && output)) {
		port->way = IO_WAY_PLAIN;
	} else if (S_ISSOCK(status.st_mode)) {
		port->way = IO_WAY_SOCKET;
	} else if (output && (port->pipe || port->terminal)) {
		int own = open_own(fd, &status, port->terminal);
		if (own >= 0) {
			port->fd = own;
			port->way = IO_WAY_OWN;
			return;
		}
	}
#ifdef HAVE_PREADV2_SYSCALL
	if (port->pipe)
		port->way = IO_WAY_NOWAIT;
#endif
}

void
io_open_input(struct io_port *port, int fd)
{
	open_port(port, fd, false);
}

void
io_open_output(struct io_port *port, int fd)
{
	open_port(port, fd, true);
}

static void
close_stage(struct io_port *port)
{
	for (int i = 0; i < 2; i++) {
		if (port->stage[i] >= 0)
			(void)close(port->stage[i]);
		port->stage[i] = -1;
	}
}

int
io_close(struct io_port *port)
{
	close_stage(port);
	if (port->fd != port->inherited && close(port->fd) < 0 && errno != EINTR)
		return -1;
	return close(port->inherited) < 0 && errno != EINTR ? -1 : 0;
}

/* --- transfer ----------------------------------------------------------------------------------- */

static ssize_t
transfer_socket(struct io_port *port, const struct iovec *piece, int count)
{
	struct msghdr message = { 0 };

	message.msg_iov = (struct iovec *)(uintptr_t)piece; /* not written to */
	message.msg_iovlen = count == 1 ? 1 : 2; /* of a type that differs */
	return port->output ? sendmsg(port->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL)
	                    : recvmsg(port->fd, &message, MSG_DONTWAIT);
}

#ifdef HAVE_PREADV2_SYSCALL
static ssize_t
transfer_nowait(struct io_port *port, const struct iovec *piece, int count)
{
	/* The file position, -1 for the current one, in two longs. */
	long done = syscall(port->output ? SYS_pwritev2 : SYS_preadv2, port->fd, piece, (long)count, -1L,
	    -1L, RWF_NOWAIT);

	/* Any call may lose the ability: a FIFO never has it, a splice on the description takes it, a
	 * sandbox may forbid the call. */
	if (done < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == EPERM)) {
		port->way = IO_WAY_POLLED;
		errno = EINTR;
	}
	return done;
}
#endif

/* No more than poll promises to take: a writable pipe has a free page, and one byte over PIPE_BUF may
 * wait for room. */
static ssize_t
transfer_polled(struct io_port *port, const struct iovec *piece, int count)
{
	struct iovec part[2];
	size_t most = port->terminal ? TERMINAL_MOST : PIPE_BUF;
	int parts = 0;

	if (!loop_ready(port->fd, port->output)) {
		errno = EAGAIN;
		return -1;
	}
	if (!port->output)
		return readv(port->fd, piece, count);
	for (; parts < count && most > 0; parts++) {
		part[parts] = piece[parts];
		if (part[parts].iov_len > most)
			part[parts].iov_len = most;
		most -= part[parts].iov_len;
	}
	return writev(port->fd, part, parts);
}

static enum io_result
transfer(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	ssize_t result = -1;

	*done = 0;
	switch (port->way) {
	case IO_WAY_SOCKET:
		result = transfer_socket(port, piece, count);
		break;
	case IO_WAY_NOWAIT:
#ifdef HAVE_PREADV2_SYSCALL
		result = transfer_nowait(port, piece, count);
		break;
#endif
	case IO_WAY_POLLED:
		result = transfer_polled(port, piece, count);
		break;
	case IO_WAY_OWN:
	case IO_WAY_PLAIN:
		result = port->output ? writev(port->fd, piece, count) : readv(port->fd, piece, count);
		break;
	}
	if (result > 0) {
		*done = (size_t)result;
		return *done == length ? IO_ALL : IO_SHORT;
	}
	if (result == 0)
		return port->output ? IO_AGAIN : IO_END;
	if (errno == EINTR)
		return IO_RETRY;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return IO_AGAIN;
	if (port->output && (errno == EPIPE || errno == ECONNRESET || (errno == EIO && port->terminal)))
		return IO_GONE; /* a terminal that hung up answers EIO */
	return IO_ERROR;
}

enum io_result
io_read(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	return transfer(port, piece, count, length, done);
}

enum io_result
io_write(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	return transfer(port, piece, count, length, done);
}

/* --- from pipe to pipe ---------------------------------------------------------------------------- */

#ifdef HAVE_SPLICE

#define BATCH_BYTES (256 << 10)

/* What could not be read back out of it would come out of it later, in the place of something else. */
static void
give_up_stage(struct io_port *port)
{
	close_stage(port);
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

bool
io_can_splice(const struct io_port *input, const struct io_port *output)
{
	return input->pipe && output->pipe && output->way == IO_WAY_OWN;
}

enum io_result
io_splice(struct io_port *input, struct io_port *output, size_t length, size_t *done)
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
io_look(struct io_port *input, void *room, size_t length, size_t *done)
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

#else

bool
io_can_splice(const struct io_port *input, const struct io_port *output)
{
	(void)input;
	(void)output;
	return false;
}

enum io_result
io_splice(struct io_port *input, struct io_port *output, size_t length, size_t *done)
{
	(void)input;
	(void)output;
	(void)length;
	*done = 0;
	return IO_ERROR;
}

enum io_result
io_look(struct io_port *input, void *room, size_t length, size_t *done)
{
	(void)input;
	(void)room;
	(void)length;
	*done = 0;
	return IO_ERROR;
}

#endif

bool
io_has_room(const struct io_port *output)
{
	return loop_ready(output->fd, true);
}

/* --- batches ------------------------------------------------------------------------------------- */

#ifdef HAVE_SPLICE

#define BATCH_LEAST 4 /* chunks; for fewer, a write each costs less */

static size_t
slots(int pipe_fd)
{
	long bytes = fcntl(pipe_fd, F_GETPIPE_SZ);
	long page = sysconf(_SC_PAGESIZE);

	return bytes > 0 && page > 0 ? (size_t)(bytes / page) : 0;
}

size_t
io_batch_room(struct io_port *port)
{
	size_t room, used, own;
	uint64_t unread;

	/* The inherited description must not be spliced to: it would lose RWF_NOWAIT. */
	if (!port->pipe || port->way != IO_WAY_OWN || open_stage(port) < 0 ||
	    !io_unread(port, &unread))
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
io_batch_add(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	/* Of at most PIPE_BUF bytes: all or nothing. */
	if (writev(port->stage[1], piece, count) != (ssize_t)length)
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
io_batch_write(struct io_port *port, size_t *done)
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

#else

size_t
io_batch_room(struct io_port *port)
{
	(void)port;
	return 0;
}

bool
io_batch_add(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	(void)port;
	(void)piece;
	(void)count;
	(void)length;
	return false;
}

enum io_result
io_batch_write(struct io_port *port, size_t *done)
{
	(void)port;
	*done = 0;
	return IO_RETRY;
}

#endif

/* --- messages ------------------------------------------------------------------------------------ */

bool
io_put(struct io_port *port, const char *text, size_t length, uint64_t deadline_ns)
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
io_put_beside(struct io_port *port, const char *text, size_t length)
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

/* --- what else can be asked of a descriptor ------------------------------------------------------ */

void
io_enlarge_pipe(const struct io_port *port, size_t bytes)
{
#if defined(F_SETPIPE_SZ) && !defined(WEIR_PORTABLE)
	int now = port->pipe ? fcntl(port->inherited, F_GETPIPE_SZ) : -1;

	if (now >= 0 && (size_t)now < bytes && bytes <= INT_MAX)
		(void)fcntl(port->inherited, F_SETPIPE_SZ, (int)bytes);
#else
	(void)port;
	(void)bytes;
#endif
}

bool
io_unread(const struct io_port *port, uint64_t *bytes)
{
#ifdef __linux__
	int count;

	if (!port->pipe || ioctl(port->inherited, FIONREAD, &count) < 0 || count < 0)
		return false;
	*bytes = (uint64_t)count;
	return true;
#else
	/* On BSDs the end that is written to always answers 0: it has nothing to read. */
	(void)port;
	(void)bytes;
	return false;
#endif
}

bool
io_waiting(const struct io_port *port)
{
	struct stat status;
	int count;

	if (!loop_ready(port->fd, false))
		return false;
	/* FIONREAD's int is too small for a file. */
	if (fstat(port->fd, &status) == 0 && S_ISREG(status.st_mode))
		return lseek(port->fd, 0, SEEK_CUR) < status.st_size;
	return ioctl(port->fd, FIONREAD, &count) < 0 || count > 0;
}

bool
io_same_file(const struct io_port *input, const struct io_port *output)
{
	struct stat in, out;
	off_t at;

	if (fstat(input->inherited, &in) < 0 || fstat(output->inherited, &out) < 0 ||
	    !S_ISREG(in.st_mode) || !S_ISREG(out.st_mode) || in.st_dev != out.st_dev ||
	    in.st_ino != out.st_ino)
		return false;
	at = lseek(input->inherited, 0, SEEK_CUR);
	return at < 0 || at < in.st_size;
}
