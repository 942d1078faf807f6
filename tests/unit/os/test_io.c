/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports on everything that standard input and output may be.  The same transfers on each, by each way
 * there is; nothing may wait, nothing may be lost, and the flags of what was inherited stay as they are.
 */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "os/io.h"
#include "os/loop.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <limits.h>
#include <termios.h>

#define BIG ((size_t)300000)

static char sent[BIG], got[BIG];

/* A port's answer; the ladder may step down first, which is a retry. */
static enum io_result
transfer(struct io_port *port, char *bytes, size_t length, size_t *done)
{
	/* in two pieces, as the queue has them */
	struct iovec piece[2] = { { bytes, length / 3 }, { bytes + length / 3, length - length / 3 } };
	enum io_result result = IO_RETRY;

	for (int tries = 0; tries < 3 && result == IO_RETRY; tries++)
		result = port->output ? io_write(port, piece, 2, length, done)
		                      : io_read(port, piece, 2, length, done);
	return result;
}

static bool
answers(struct io_port *port, size_t length, enum io_result want, size_t want_done)
{
	size_t done = 12345;
	enum io_result result = transfer(port, port->output ? sent : got, length, &done);

	if (result == want && done == want_done)
		return true;
	diag("result %d, %zu bytes, errno %d; should be %d, %zu", (int)result, done, errno, (int)want, want_done);
	return false;
}

/* --- any output ----------------------------------------------------------------------------------- */

/* Writes pieces of any length until there is no more room, reads some, and so on: all comes out as it
 * went in. */
static bool
passes_through(struct io_port *port, int reader)
{
	struct random random = { 5 };
	size_t written = 0, read = 0;
	unsigned full = 0;

	while (read < BIG) {
		size_t length = (size_t)random_from(&random, 2, random_one_in(&random, 2) ? 100 : 100000);
		size_t done = 0;
		enum io_result result = IO_AGAIN;

		if (length > BIG - written)
			length = BIG - written;
		if (length > 0)
			result = transfer(port, sent + written, length, &done);
		if ((result == IO_ALL) != (done == length && length > 0) ||
		    (result == IO_SHORT) != (done > 0 && done < length) || (result == IO_AGAIN && done > 0) ||
		    (result != IO_ALL && result != IO_SHORT && result != IO_AGAIN)) {
			diag("result %d for %zu of %zu bytes", (int)result, done, length);
			return false;
		}
		written += done;
		full += result == IO_AGAIN;
		if (result == IO_AGAIN)
			read += pipe_drain(reader, got + read, (size_t)random_from(&random, 1, BIG - read));
		if (result == IO_AGAIN && read > written)
			return false;
	}
	if (full == 0)
		diag("it was never full");
	return full > 0 && memcmp(sent, got, BIG) == 0;
}

static void
output(const char *what, int writer, int reader, int way)
{
	int flags = fcntl(writer, F_GETFL);
	struct io_port port;

	io_open_output(&port, writer);
	if (way >= 0) {
		if (port.fd != writer)
			(void)close(port.fd);
		port.fd = writer;
		port.way = (enum io_way)way;
	}
	ok(passes_through(&port, reader), "%s: all that goes in comes out, and nothing waits", what);
	pipe_fill(writer);
	ok(answers(&port, 100, IO_AGAIN, 0), "%s: a full one takes nothing", what);
	ok(!io_has_room(&port), "%s: and has no room", what);
	while (pipe_drain(reader, got, BIG) > 0)
		continue;
	ok(io_has_room(&port) && answers(&port, 100, IO_ALL, 100), "%s: an empty one takes all", what);
	is(fcntl(writer, F_GETFL), flags, "%s: the flags stay as they are", what);
	(void)close(reader);
	ok(answers(&port, 100, IO_GONE, 0), "%s: a reader that has gone is noticed", what);
	is(io_close(&port), 0, "%s: is closed", what);
	ok(fcntl(writer, F_GETFD) < 0, "%s: and the inherited descriptor with it", what);
}

static void
output_pipe(const char *what, int flags, int way)
{
	int both[2];

	must(pipe(both) == 0 && fcntl(both[1], F_SETFL, flags) == 0);
	output(what, both[1], both[0], way);
}

static void
output_fifo(const char *what)
{
	char path[] = "/tmp/weir-unit-fifo-XXXXXX";
	int reader, writer;

	must(mkstemp(path) >= 0 && unlink(path) == 0 && mkfifo(path, 0600) == 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	writer = open(path, O_WRONLY);
	must(reader >= 0 && writer >= 0 && unlink(path) == 0);
	output(what, writer, reader, -1);
}

static void
outputs(void)
{
	int both[2];

	output_pipe("pipe", 0, -1);
	output_pipe("non-blocking pipe", O_NONBLOCK, -1);
	output_pipe("pipe, without waiting", 0, IO_WAY_NOWAIT);
	output_pipe("pipe, polled", 0, IO_WAY_POLLED);
	output_pipe("non-blocking pipe, polled", O_NONBLOCK, IO_WAY_POLLED);
	output_fifo("FIFO");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	output("socket", both[1], both[0], -1);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0 && fcntl(both[1], F_SETFL, O_NONBLOCK) == 0);
	output("non-blocking socket", both[1], both[0], -1);
}

/* --- any input ------------------------------------------------------------------------------------ */

static void
input(const char *what, int reader, int writer, int way)
{
	int flags = fcntl(reader, F_GETFL);
	struct io_port port;

	io_open_input(&port, reader);
	if (way >= 0)
		port.way = (enum io_way)way;
	ok(answers(&port, 100, IO_AGAIN, 0), "%s: from an empty one nothing comes", what);
	ok(!io_waiting(&port), "%s: and nothing waits in it", what);
	must(write(writer, sent, 100) == 100);
	ok(io_waiting(&port), "%s: what is there waits", what);
	ok(answers(&port, 60, IO_ALL, 60) && memcmp(got, sent, 60) == 0, "%s: as much as was asked for", what);
	ok(answers(&port, 60, IO_SHORT, 40) && memcmp(got, sent + 60, 40) == 0, "%s: or what is left", what);
	ok(answers(&port, 60, IO_AGAIN, 0), "%s: then nothing", what);
	must(write(writer, sent, 2) == 2 && close(writer) == 0);
	ok(io_waiting(&port) && answers(&port, 60, IO_SHORT, 2), "%s: the last bytes, when the writer has gone",
	    what);
	ok(!io_waiting(&port), "%s: at the end nothing waits", what);
	ok(answers(&port, 60, IO_END, 0), "%s: the end", what);
	is(fcntl(reader, F_GETFL), flags, "%s: the flags stay as they are", what);
	is(io_close(&port), 0, "%s: is closed", what);
}

static void
inputs(void)
{
	char path[] = "/tmp/weir-unit-fifo-XXXXXX";
	int both[2];

	must(pipe(both) == 0);
	input("input pipe", both[0], both[1], -1);
	must(pipe(both) == 0 && fcntl(both[0], F_SETFL, O_NONBLOCK) == 0);
	input("non-blocking input pipe", both[0], both[1], -1);
	must(pipe(both) == 0);
	input("input pipe, polled", both[0], both[1], IO_WAY_POLLED);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	input("input socket", both[0], both[1], -1);
	must(mkstemp(path) >= 0 && unlink(path) == 0 && mkfifo(path, 0600) == 0);
	both[0] = open(path, O_RDONLY | O_NONBLOCK);
	both[1] = open(path, O_WRONLY);
	must(both[0] >= 0 && both[1] >= 0 && unlink(path) == 0 && fcntl(both[0], F_SETFL, 0) == 0);
	input("input FIFO", both[0], both[1], -1);
}

/* --- files and devices ----------------------------------------------------------------------------- */

static void
files(void)
{
	int file = pipe_file("0123456789", 10);
	struct io_port in, out;

	must(lseek(file, 4, SEEK_SET) == 4);
	io_open_input(&in, file);
	ok(io_waiting(&in) && answers(&in, 100, IO_SHORT, 6) && memcmp(got, "456789", 6) == 0,
	    "file: is read from where it stands");
	ok(!io_waiting(&in) && answers(&in, 100, IO_END, 0), "file: to its end");
	must(lseek(file, 2, SEEK_SET) == 2);
	io_open_output(&out, file);
	ok(answers(&out, 5, IO_ALL, 5), "file: is written");
	must(lseek(file, 0, SEEK_SET) == 0);
	ok(answers(&in, 100, IO_SHORT, 10) && memcmp(got, "01", 2) == 0 && memcmp(got + 2, sent, 5) == 0 &&
	    memcmp(got + 7, "789", 3) == 0, "file: where it stands");
	must(ftruncate(file, (off_t)3 << 30) == 0);
	ok(io_waiting(&in), "file: three GiB wait");
	must(ftruncate(file, 10 + ((off_t)1 << 32)) == 0);
	ok(io_waiting(&in), "file: or four");
	(void)close(file);
}

static void
devices(void)
{
	int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_RDWR);
	int directory = open("/", O_RDONLY), both[2];
	struct io_port port;

	io_open_output(&port, null);
	ok(answers(&port, 100, IO_ALL, 100), "/dev/null takes all");
	io_open_input(&port, null);
	ok(answers(&port, 100, IO_END, 0), "and has nothing");
#ifdef __linux__
	io_open_output(&port, full);
	ok(answers(&port, 100, IO_ERROR, 0) && errno == ENOSPC, "/dev/full is full, which is an error");
#endif
	io_open_input(&port, directory);
	ok(answers(&port, 100, IO_ERROR, 0) && errno == EISDIR, "a directory cannot be read");
	io_open_input(&port, 1000);
	ok(answers(&port, 100, IO_ERROR, 0) && errno == EBADF, "nor a descriptor that is closed");
	io_open_output(&port, 1000);
	ok(answers(&port, 100, IO_ERROR, 0) && errno == EBADF, "or be written");
	ok(io_close(&port) == -1 && errno == EBADF, "or be closed");
	must(pipe(both) == 0);
	io_open_output(&port, both[0]);
	ok(answers(&port, 100, IO_ERROR, 0) && errno == EBADF, "the reading end of a pipe cannot be written");
	io_open_input(&port, both[1]);
	must(write(both[1], "x", 1) == 1);
	ok(answers(&port, 100, IO_ERROR, 0) && errno == EBADF, "nor the writing end be read");
	(void)close(full);
	(void)close(null);
	(void)close(directory);
	(void)close(both[0]);
	(void)close(both[1]);
}

/* --- terminals ------------------------------------------------------------------------------------ */

static void
terminals(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, flags;
	struct io_port out, in;
	struct termios raw;

	must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	must(slave >= 0 && tcgetattr(slave, &raw) == 0);
	raw.c_iflag = raw.c_oflag = raw.c_lflag = 0;
	must(tcsetattr(slave, TCSANOW, &raw) == 0);
	flags = fcntl(slave, F_GETFL);
	io_open_output(&out, slave);
	io_open_input(&in, slave);
	ok(out.terminal && out.unit < 4096, "terminal: is known, and written in small units");
	ok(answers(&out, 100, IO_ALL, 100), "terminal: takes a line");
	ok(read(master, got, BIG) == 100 && memcmp(got, sent, 100) == 0, "terminal: and shows it");
	ok(answers(&in, 100, IO_AGAIN, 0), "terminal: nothing was typed");
	must(write(master, sent, 10) == 10);
	ok(answers(&in, 100, IO_SHORT, 10), "terminal: ten characters were");
	is(fcntl(slave, F_GETFL), flags, "terminal: the flags stay as they are");
	must(tcflow(slave, TCOOFF) == 0);
	ok(answers(&out, 100, IO_AGAIN, 0), "terminal: stopped, it takes nothing");
	must(tcflow(slave, TCOON) == 0);
	ok(answers(&out, 100, IO_ALL, 100), "terminal: and goes on");
	must(read(master, got, BIG) == 100);

	io_open_output(&out, master);
	ok(answers(&out, 100, IO_ALL, 100), "master of a terminal: takes a line");
	ok(answers(&in, 200, IO_SHORT, 100), "master of a terminal: which comes out of its own terminal");
	(void)close(master);
	(void)close(slave);
}

/* Whether a reader is seen to have gone while there is nothing to write. */
static bool
seen_gone(const struct io_port *port)
{
	struct loop_watch watch = { .fd = port->fd };

	loop_wait(&watch, 1, 0);
	return watch.gone;
}

/* Over TCP, which alone tells of what the other side did not read. */
static void
connection(int both[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	both[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(listener >= 0 && both[0] >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0);
	must(listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&address, &length) == 0);
	must(connect(both[0], (struct sockaddr *)&address, length) == 0);
	must((both[1] = accept(listener, NULL, NULL)) >= 0);
	(void)close(listener);
}

/* A reader that goes is no error, by whichever errno a socket or a terminal tells of it. */
static void
departures(void)
{
	int both[2], master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct io_port out;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	io_open_output(&out, both[0]);
	ok(!seen_gone(&out), "socket: its reader is there");
	(void)close(both[1]);
	ok(seen_gone(&out), "socket: its reader has gone");
	ok(answers(&out, 100, IO_GONE, 0), "socket: and takes no more");
	(void)close(both[0]);

	connection(both);
	io_open_output(&out, both[0]);
	ok(answers(&out, 100, IO_ALL, 100), "connection: takes a line");
	must(pipe_ready(both[1], POLLIN) && close(both[1]) == 0);
	must(poll(&(struct pollfd){ .fd = both[0] }, 1, 1000 * PIPE_TIMEOUT_S) == 1);
	ok(answers(&out, 100, IO_GONE, 0), "connection: it was reset by a reader that did not read it");
	(void)close(both[0]);

	must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	must(slave >= 0);
	io_open_output(&out, slave);
	ok(answers(&out, 100, IO_ALL, 100), "terminal: takes a line");
	ok(!seen_gone(&out), "terminal: is there");
	(void)close(master);
	ok(seen_gone(&out), "terminal: it hung up");
	ok(answers(&out, 100, IO_GONE, 0), "terminal: and takes no more");
	(void)io_close(&out);
}

/* --- what else can be asked ------------------------------------------------------------------------ */

static bool
same(int input_fd, int output_fd)
{
	struct io_port in, out;
	bool result;

	io_open_input(&in, input_fd);
	io_open_output(&out, output_fd);
	result = io_same_file(&in, &out);
	if (out.fd != output_fd)
		(void)close(out.fd);
	return result;
}

static void
same_files(void)
{
	int one = pipe_file("abc", 3), other = pipe_file("abc", 3), null = open("/dev/null", O_RDWR), both[2];

	must(pipe(both) == 0);
	ok(same(one, one), "a file is itself");
	ok(!same(one, other), "and no other");
	must(lseek(one, 0, SEEK_END) == 3);
	ok(!same(one, one), "at its end, a copy to itself is empty");
	ok(!same(null, null) && !same(both[0], both[1]) && !same(one, both[1]),
	    "devices and pipes may be the same");
	(void)close(one);
	(void)close(other);
	(void)close(null);
	(void)close(both[0]);
	(void)close(both[1]);
}

/* Who had the terminal has closed it: that is its end. */
static void
master_in(void)
{
#ifdef __linux__
	struct io_port port;
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	size_t done;

	must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	must(slave >= 0 && write(slave, "x", 1) == 1 && close(slave) == 0);
	io_open_input(&port, master);
	ok(io_read(&port, &(struct iovec){ got, 10 }, 1, 10, &done) == IO_SHORT && done == 1, "what a terminal has left");
	ok(io_read(&port, &(struct iovec){ got, 10 }, 1, 10, &done) == IO_END, "and its end");
	(void)io_close(&port);
#endif
}

/* What says that something was lost says no more than that. */
static void
overruns(void)
{
#ifdef __linux__
	struct io_port port;
	size_t done;
	int fd = open("/dev/null", O_RDONLY);

	must(fd >= 0);
	io_open_input(&port, fd);
	port.overruns_in_a_row = 3;
	ok(io_read(&port, &(struct iovec){ got, 10 }, 1, 10, &done) == IO_END, "a device at its end");
	(void)io_close(&port);
	fd = open("/dev/zero", O_RDONLY);
	io_open_input(&port, fd);
	port.overruns_in_a_row = 3;
	ok(io_read(&port, &(struct iovec){ got, 10 }, 1, 10, &done) == IO_ALL && port.overruns_in_a_row == 0,
	    "what is read after a loss is no loss");
	(void)io_close(&port);
#endif
}

int
main(void)
{
	struct random random = { 3 };

	pipe_init();
	for (size_t i = 0; i < BIG; i++)
		sent[i] = (char)random_next(&random);
	outputs();
	inputs();
	files();
	devices();
	terminals();
	departures();
	same_files();
	master_in();
	overruns();
	return done_testing();
}
