/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "io.h"
#include "loop.h"
#include "units.h"

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

/* The longest message that an input can bring; unprivileged, a UNIX socket takes 416 KiB on Linux. */
#define STASH_BYTES ((size_t)512 << 10)

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

/* Whether a socket keeps apart what is written to it at once. */
static bool
keeps_messages(int fd)
{
	int type;
	socklen_t length = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type != SOCK_STREAM;
}

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
		port->messages = keeps_messages(fd);
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
	free(port->stash);
	port->stash = NULL;
	if (port->fd != port->inherited && close(port->fd) < 0 && errno != EINTR)
		return -1;
	return close(port->inherited) < 0 && errno != EINTR ? -1 : 0;
}

/* --- transfer ----------------------------------------------------------------------------------- */

/* The first `most` bytes of the pieces; returns how many pieces that are. */
static int
cut(struct iovec part[2], const struct iovec *piece, int count, size_t most)
{
	int parts = 0;

	for (; parts < count && most > 0; parts++) {
		part[parts] = piece[parts];
		if (part[parts].iov_len > most)
			part[parts].iov_len = most;
		most -= part[parts].iov_len;
	}
	return parts;
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

static ssize_t
send_some(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	struct msghdr message = { 0 };
	struct iovec part[2];
	ssize_t done;

	/* No more than is known to be too long; but a record that is not is one message. */
	if (length > port->most)
		length = port->unit;
	message.msg_iovlen = cut(part, piece, count, length) == 1 ? 1 : 2; /* of a type that differs */
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

/* What is in the stash goes first. */
static ssize_t
read_stash(struct io_port *port, const struct iovec *piece, int count)
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

/* A message, whole: what the pieces have no room for is stashed. */
static ssize_t
receive_message(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	struct msghdr message = { 0 };
	struct iovec part[3];
	ssize_t done;

	if (!open_stash(port))
		return -1;
	for (int i = 0; i < count; i++)
		part[i] = piece[i];
	part[count] = (struct iovec){ port->stash, STASH_BYTES };
	message.msg_iov = part;
	message.msg_iovlen = count == 1 ? 2 : 3;
	done = recvmsg(port->fd, &message, MSG_DONTWAIT);
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

/* An empty datagram is not the end of anything, where connections are not ended by one. */
static bool
is_empty_datagram(const struct io_port *port)
{
	int type;
	socklen_t length = sizeof(type);

	return getsockopt(port->fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type != SOCK_SEQPACKET;
}

static ssize_t
transfer_socket(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	struct msghdr message = { 0 };
	ssize_t done;

	if (port->output)
		return send_some(port, piece, count, length);
	if (port->messages) {
		done = receive_message(port, piece, count, length);
		if (done == 0 && is_empty_datagram(port)) {
			errno = EINTR;
			return -1;
		}
		return done;
	}
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

	if (done >= 0 || errno != EINVAL || port->pipe || piece[0].iov_len >= STASH_BYTES || !open_stash(port))
		return done;
	done = read(port->fd, port->stash, STASH_BYTES);
	if (done <= 0)
		return done;
	port->stash_at = 0;
	port->stashed = (size_t)done;
	return read_stash(port, piece, count);
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
	struct iovec part[2];

	if (!loop_ready(port->fd, port->output)) {
		errno = EAGAIN;
		return -1;
	}
	if (!port->output)
		return read_polled(port, piece, count);
	return write_plain(port, part, cut(part, piece, count, port->terminal ? TERMINAL_MOST : PIPE_BUF));
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
		return read_stash(port, piece, count);
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

/* The rest of a message that was taken in part has this long at least. */
#define PUT_REST_NS (20 * NS_PER_MS)

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
io_has_producer(const struct io_port *input)
{
	return input->pipe || input->way == IO_WAY_SOCKET;
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
	int count;

	if (!port->pipe || port->output || ioctl(port->inherited, FIONREAD, &count) < 0 || count < 0)
		return false;
	*bytes = (uint64_t)count;
	return true;
#endif
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
