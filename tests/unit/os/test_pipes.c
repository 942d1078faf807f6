/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done with pipes besides reading and writing them: nothing is lost, and nothing waits. */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "os/pipes.h"

#include <sys/socket.h>

#include <errno.h>
#include <limits.h>

#define BIG ((size_t)300000)

static char sent[BIG], got[BIG];

/* Whether an input answers that; the ladder may step down first, which is a retry. */
static bool
answers(struct io_port *port, size_t length, enum io_result want, size_t want_done)
{
	const struct iovec piece = { got, length };
	enum io_result result = IO_RETRY;
	size_t done = 12345;

	for (int tries = 0; tries < 3 && result == IO_RETRY; tries++)
		result = io_read(port, &piece, 1, length, &done);
	if (result == want && done == want_done)
		return true;
	diag("result %d, %zu bytes, errno %d; should be %d, %zu", (int)result, done, errno, (int)want, want_done);
	return false;
}

/* --- from pipe to pipe ---------------------------------------------------------------------------- */

static void
splices(void)
{
	int from[2], to[2], file = pipe_file("abc", 3);
	struct io_port in, out, other;
	size_t done = 99;

	must(pipe(from) == 0 && pipe(to) == 0);
	io_open_input(&in, from[0]);
	io_open_output(&out, to[1]);
	io_open_output(&other, file);
	ok(!pipes_can_splice(&in, &other), "to a file nothing is spliced");
#if defined(HAVE_SPLICE) && !defined(WEIR_PORTABLE)
	ok(pipes_can_splice(&in, &out), "from pipe to pipe it may be");
	ok(pipes_splice(&in, &out, 100, &done) == IO_AGAIN && done == 0, "nothing from an empty pipe");
	must(write(from[1], sent, 100) == 100);
	ok(pipes_splice(&in, &out, 60, &done) == IO_ALL && done == 60, "as much as was asked for");
	ok(pipes_splice(&in, &out, 60, &done) == IO_SHORT && done == 40, "or what is left");
	ok(pipe_drain(to[0], got, BIG) == 100 && memcmp(got, sent, 100) == 0, "comes out as it went in");
	pipe_fill(to[1]);
	must(write(from[1], sent, 100) == 100);
	ok(pipes_splice(&in, &out, 60, &done) == IO_AGAIN && done == 0, "nothing into a full pipe");
	(void)close(to[0]);
	ok(pipes_splice(&in, &out, 60, &done) == IO_GONE && done == 0, "nor to a reader that has gone");
	(void)pipe_drain(from[0], got, BIG);
	must(pipe(to) == 0);
	(void)close(from[1]);
	(void)io_close(&out);
	io_open_output(&out, to[1]);
	ok(pipes_splice(&in, &out, 60, &done) == IO_END && done == 0, "at the end the end");
#else
	ok(!pipes_can_splice(&in, &out) && pipes_splice(&in, &out, 1, &done) == IO_ERROR && done == 0,
	    "nor from pipe to pipe, where there is no splice");
	(void)close(from[1]);
#endif
	(void)io_close(&in);
	(void)io_close(&out);
	(void)io_close(&other);
	(void)close(to[0]);
}

/* --- a look at what a pipe holds ------------------------------------------------------------------- */

#if defined(HAVE_SPLICE) && defined(F_SETPIPE_SZ) && !defined(WEIR_PORTABLE)

/* Whether a look at length bytes shows what was sent from here on, and touches nothing behind it. */
static bool
shows(struct io_port *port, size_t length, enum io_result want, size_t from, size_t want_done)
{
	size_t done = 99;
	enum io_result result;

	memset(got, 0x55, BIG);
	result = pipes_look(port, got, length, &done);
	if (result == want && done == want_done && memcmp(got, sent + from, done) == 0 && got[done] == 0x55)
		return true;
	diag("result %d, %zu bytes, errno %d; should be %d, %zu", (int)result, done, errno, (int)want, want_done);
	return false;
}

static void
looks(void)
{
	int from[2], to[2], stage;
	struct io_port in, out;
	size_t done;

	must(pipe(from) == 0 && pipe(to) == 0 && fcntl(from[1], F_SETPIPE_SZ, 65536) == 65536);
	io_open_input(&in, from[0]);
	io_open_output(&out, to[1]);
	ok(shows(&in, 100, IO_AGAIN, 0, 0), "in an empty pipe there is nothing to see");
	must(write(from[1], sent, 30000) == 30000);
	ok(shows(&in, 100, IO_ALL, 0, 100), "a look copies as much as was asked for");
	ok(shows(&in, 60000, IO_SHORT, 0, 30000), "or what is there");
	ok(shows(&in, 60000, IO_SHORT, 0, 30000), "which can be looked at again");
	ok(answers(&in, 10000, IO_ALL, 10000) && memcmp(got, sent, 10000) == 0, "and is there to be read");
	ok(shows(&in, 5000, IO_ALL, 10000, 5000), "as what follows");
	ok(pipes_splice(&in, &out, 5000, &done) == IO_ALL && pipe_drain(to[0], got, BIG) == 5000 &&
	    memcmp(got, sent + 10000, 5000) == 0, "or to be spliced");
	ok(shows(&in, 60000, IO_SHORT, 15000, 15000), "then the rest is seen");
	ok(answers(&in, 60000, IO_SHORT, 15000), "to the last byte");
	ok(shows(&in, 100, IO_AGAIN, 0, 0), "and nothing behind it");

	must(write(from[1], sent, 65536) == 65536);
	ok(shows(&in, 65536, IO_SHORT, 0, 32768), "of a full pipe half is seen at once");
	ok(shows(&in, 65536, IO_SHORT, 0, 32768), "and not more the next time");
	must(close(from[1]) == 0);
	ok(shows(&in, 100, IO_ALL, 0, 100), "when the writer has gone, what is left");
	pipe_forget(from[0], 65536);
	ok(shows(&in, 100, IO_END, 0, 0), "and then the end");
	stage = in.stage[0];
	is(io_close(&in), 0, "it is closed");
	ok(fcntl(stage, F_GETFD) < 0, "and what the looks needed too");
	(void)io_close(&out);
	(void)close(to[0]);
}

static void
looks_in_vain(void)
{
	int both[2], file = pipe_file("abc", 3);
	struct io_port port;
	size_t done = 99;

	io_open_input(&port, file);
	ok(pipes_look(&port, got, 3, &done) == IO_ERROR && done == 0, "a file is no pipe");
	is(lseek(file, 0, SEEK_CUR), 0, "and stays where it is");
	(void)io_close(&port);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0 && write(both[1], sent, 100) == 100);
	io_open_input(&port, both[0]);
	ok(shows(&port, 100, IO_ERROR, 0, 0), "nor is a socket");
	ok(answers(&port, 100, IO_ALL, 100), "and loses nothing");
	(void)io_close(&port);
	(void)close(both[1]);
}

#else

static void
looks(void)
{
	int both[2];
	struct io_port port;
	size_t done = 99;

	must(pipe(both) == 0 && write(both[1], sent, 100) == 100);
	io_open_input(&port, both[0]);
	ok(pipes_look(&port, got, 100, &done) == IO_ERROR && done == 0, "without splice nothing can be looked at");
	ok(answers(&port, 100, IO_ALL, 100), "and nothing is lost");
	(void)io_close(&port);
	(void)close(both[1]);
}

static void
looks_in_vain(void)
{
}

#endif

/* --- batches -------------------------------------------------------------------------------------- */

#if defined(HAVE_SPLICE) && defined(F_SETPIPE_SZ) && !defined(WEIR_PORTABLE)

/* Chunks of different lengths, so that a cut inside one would show. */
static size_t
chunk_length(size_t number)
{
	return 1 + number * 997 % PIPE_BUF;
}

static size_t
add_chunks(struct io_port *port, size_t most, size_t *count)
{
	size_t sum = 0;

	for (*count = 0; *count < most; ++*count) {
		size_t length = chunk_length(*count);
		size_t half = length / 2;
		struct iovec piece[2] = { { sent + sum, half }, { sent + sum + half, length - half } };

		if (!pipes_batch_add(port, piece, 2, length))
			break;
		sum += length;
	}
	return sum;
}

static bool
is_whole_chunks(size_t bytes, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count && sum < bytes; i++)
		sum += chunk_length(i);
	return sum == bytes;
}

static void
batches(void)
{
	int both[2];
	struct io_port port;
	const size_t capacity = 65536, taken = capacity - 2 * PIPE_BUF;
	size_t room, count, sum, done;

	must(pipe(both) == 0 && fcntl(both[1], F_SETPIPE_SZ, (int)capacity) == (int)capacity);
	io_open_output(&port, both[1]);
	room = pipes_batch_room(&port);
	ok(room > 0 && room <= capacity / PIPE_BUF, "an empty pipe has room for a batch: %zu", room);
	sum = add_chunks(&port, room, &count);
	is(count, room, "so many chunks can be added");
	ok(pipes_batch_write(&port, &done) == IO_ALL && done == sum, "and are taken");
	ok(pipe_drain(both[0], got, BIG) == sum && memcmp(got, sent, sum) == 0, "and come out as they went in");

	must(write(both[1], sent, taken) == (ssize_t)taken);
	sum = add_chunks(&port, room, &count);
	ok(pipes_batch_write(&port, &done) == IO_SHORT && done < sum && is_whole_chunks(done, count),
	    "where there is less room, whole chunks are taken: %zu of %zu bytes", done, sum);
	pipe_forget(both[0], taken);
	ok(pipe_drain(both[0], got, BIG) == done && memcmp(got, sent, done) == 0, "and come out");

	sum = add_chunks(&port, room, &count);
	ok(pipes_batch_write(&port, &done) == IO_ALL && done == sum, "the others were forgotten");
	(void)pipe_drain(both[0], got, BIG);
	pipe_fill(both[1]);
	is(pipes_batch_room(&port), 0, "a full pipe has no room for a batch");
	(void)add_chunks(&port, 5, &count);
	ok(pipes_batch_write(&port, &done) == IO_AGAIN && done == 0, "and takes none");
	(void)close(both[0]);
	(void)add_chunks(&port, 5, &count);
	ok(pipes_batch_write(&port, &done) == IO_GONE && done == 0, "nor does a reader that has gone");
	is(io_close(&port), 0, "all is closed");
}

#else

static void
batches(void)
{
	int both[2];
	struct io_port port;

	must(pipe(both) == 0);
	io_open_output(&port, both[1]);
	is(pipes_batch_room(&port), 0, "without splice there are no batches");
	(void)io_close(&port);
	(void)close(both[0]);
}

#endif

/* --- what else can be asked ------------------------------------------------------------------------ */

static void
unread(void)
{
	int both[2], file = pipe_file("abc", 3);
	struct io_port port;
	uint64_t bytes = 99;

	must(pipe(both) == 0);
	io_open_output(&port, both[1]);
#ifdef __linux__
	ok(pipes_unread(&port, &bytes) && bytes == 0, "nothing is unread in an empty pipe");
	must(write(both[1], sent, 77) == 77);
	ok(pipes_unread(&port, &bytes) && bytes == 77, "77 bytes are");
#else
	ok(!pipes_unread(&port, &bytes) && bytes == 99, "what is unread in a pipe cannot be told");
#endif
	(void)io_close(&port);
	(void)close(both[0]);
	io_open_output(&port, file);
	ok(!pipes_unread(&port, &bytes), "of a file that cannot be told");
	(void)io_close(&port);
}

static void
pipe_sizes(void)
{
#if defined(F_SETPIPE_SZ) && !defined(WEIR_PORTABLE)
	int both[2], file = pipe_file("", 0);
	struct io_port port;

	must(pipe(both) == 0 && fcntl(both[1], F_SETPIPE_SZ, 65536) >= 65536);
	io_open_output(&port, both[1]);
	pipes_enlarge(&port, 131072);
	ok(fcntl(both[0], F_GETPIPE_SZ) >= 131072, "a pipe is made larger");
	pipes_enlarge(&port, 4096);
	ok(fcntl(both[0], F_GETPIPE_SZ) >= 131072, "but never smaller");
	pipes_enlarge(&port, SIZE_MAX);
	ok(fcntl(both[0], F_GETPIPE_SZ) >= 131072, "what cannot be had is no error");
	(void)io_close(&port);
	(void)close(both[0]);
	io_open_output(&port, file);
	pipes_enlarge(&port, 131072);
	ok(fcntl(file, F_GETFD) >= 0, "nor is a file");
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
	splices();
	looks();
	looks_in_vain();
	batches();
	unread();
	pipe_sizes();
	return done_testing();
}
