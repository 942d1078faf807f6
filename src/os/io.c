/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/pieces.h"
#include "os/io.h"
#include "os/loop.h"
#include "os/messages.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
/* So often in a row an input may have lost something before it is given up. */
#define OVERRUNS_MOST 100

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
		.most = SIZE_MAX,
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
		port->messages = messages_are_kept(fd);
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

void
io_open_beside(struct io_port *port, int fd)
{
	io_open_output(port, fd);
	port->unstopped = true;
}

int
io_close(struct io_port *port)
{
	const int fd = port->fd, inherited = port->inherited;
	bool good = true;

	for (int i = 0; i < 2; i++)
		if (port->stage[i] >= 0)
			(void)close(port->stage[i]);
	free(port->stash);
	port->stash = NULL;
	port->fd = port->inherited = port->stage[0] = port->stage[1] = -1;
	if (fd != inherited && close(fd) < 0 && errno != EINTR)
		good = false; /* the other end may wait for both */
	return (close(inherited) == 0 || errno == EINTR) && good ? 0 : -1;
}

/* --- transfer ----------------------------------------------------------------------------------- */

static ssize_t
transfer_socket(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	struct msghdr message = { 0 };

	if (port->output)
		return messages_send(port, piece, count, length);
	if (port->messages)
		return messages_receive(port, piece, count, length);
	message.msg_iov = (struct iovec *)(uintptr_t)piece; /* not written to */
	message.msg_iovlen = count == 1 ? 1 : 2; /* of a type that differs */
	return recvmsg(port->fd, &message, MSG_DONTWAIT);
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

/* A device may have a message that the first piece has no room for: that is no fault of the device. */
static ssize_t
read_polled(struct io_port *port, const struct iovec *piece, int count)
{
	ssize_t done = readv(port->fd, piece, count);

	return done >= 0 || errno != EINVAL || port->pipe ? done : messages_read(port, piece, count);
}

static ssize_t
write_plain(struct io_port *port, const struct iovec *piece, int count)
{
	sigset_t ttou, before;
	ssize_t done;
	int error;

	if (!port->terminal || !port->unstopped)
		return writev(port->fd, piece, count);
	(void)sigemptyset(&ttou);
	(void)sigaddset(&ttou, SIGTTOU);
	(void)pthread_sigmask(SIG_BLOCK, &ttou, &before);
	done = writev(port->fd, piece, count);
	error = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return done;
}

/* No more than poll promises to take: a writable pipe has a free page, and one byte over PIPE_BUF may
 * wait for room. */
static ssize_t
transfer_polled(struct io_port *port, const struct iovec *piece, int count)
{
	struct iovec part[IO_PIECES];

	if (!loop_ready(port->fd, port->output)) {
		errno = EAGAIN;
		return -1;
	}
	if (!port->output)
		return read_polled(port, piece, count);
	return write_plain(port, part, pieces_cut(part, piece, count, port->terminal ? TERMINAL_MOST : PIPE_BUF));
}

/* Whether an error says no more than that something was lost before it could be read: of /dev/kmsg when it is written
 * faster than it is read, of a netlink socket that has no room. */
static bool
is_overrun(struct io_port *port, int error)
{
	if (port->pipe || port->terminal || error != (port->way == IO_WAY_SOCKET ? ENOBUFS : EPIPE) ||
	    ++port->overruns_in_a_row > OVERRUNS_MOST)
		return false;
	port->overruns++;
	return true;
}

static bool
is_master(const struct io_port *port)
{
#ifdef TIOCGPTN
	unsigned number;

	return port->terminal && ioctl(port->fd, TIOCGPTN, &number) == 0;
#else
	(void)port;
	return false;
#endif
}

/* The call itself, as the way has it. */
static ssize_t
transfer_some(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	if (port->stashed > 0)
		return messages_rest(port, piece, count);
	switch (port->way) {
	case IO_WAY_SOCKET:
		return transfer_socket(port, piece, count, length);
	case IO_WAY_NOWAIT:
#ifdef HAVE_PREADV2_SYSCALL
		return transfer_nowait(port, piece, count);
#endif
	case IO_WAY_POLLED:
		return transfer_polled(port, piece, count);
	case IO_WAY_OWN:
	case IO_WAY_PLAIN:
		break;
	}
	return port->output ? write_plain(port, piece, count) : readv(port->fd, piece, count);
}

static enum io_result
transfer(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	ssize_t result = transfer_some(port, piece, count, length);

	*done = 0;
	if (result > 0) {
		port->overruns_in_a_row = 0;
		*done = (size_t)result;
		return *done == length ? IO_ALL : IO_SHORT;
	}
	if (result == 0)
		return port->output ? IO_AGAIN : IO_END;
	if (errno == EINTR)
		return IO_RETRY;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return IO_AGAIN;
	if (!port->output && is_overrun(port, errno))
		return IO_RETRY;
	if (!port->output && errno == EIO && is_master(port))
		return IO_END; /* whoever had the terminal has closed it */
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

int
io_output_error(struct io_port *port)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (port->way != IO_WAY_SOCKET || getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return 0;
	return error == EPIPE || error == ECONNRESET ? 0 : error; /* as transfer() has it */
}

/* --- what else can be asked of a descriptor ------------------------------------------------------ */

bool
io_has_room(const struct io_port *output)
{
	return loop_ready(output->fd, true);
}

bool
io_has_producer(const struct io_port *input)
{
	return input->pipe || input->way == IO_WAY_SOCKET;
}

bool
io_waiting(const struct io_port *port)
{
	struct stat status;
	int count;

	if (port->stashed > 0)
		return true;
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
