/* SPDX-License-Identifier: BSD-2-Clause */
/* A file for readers: what is put in comes out, to each of them, and to none in another form. */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "os/confine.h"
#include "os/parcel.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>

#define BYTES 300000
#define PIECES_MOST 200

static char bytes[BYTES], out[BYTES + 1];

#ifdef HAVE_MEMFD_CREATE
static const bool in_memory = true;
#else
static const bool in_memory = false;
#endif

/* Each reader has a description of his own. */
static bool
opens_anew(void)
{
	return in_memory && access("/proc/self/fd", X_OK) == 0;
}

static void
make_bytes(void)
{
	struct random random = { 1 };

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)random_next(&random);
}

static bool
put(struct parcel *parcel, const char *text, size_t length)
{
	struct iovec piece = { (char *)(uintptr_t)text, length };

	return parcel_write(parcel, &piece, 1);
}

static struct parcel *
new_parcel(void)
{
	struct parcel *parcel = parcel_new();

	must(parcel != NULL);
	return parcel;
}

/* What a reader finds, whose descriptor this is, from where it stands. */
static size_t
read_through(int fd)
{
	size_t length = 0;
	ssize_t more;

	while (length < sizeof(out) && (more = read(fd, out + length, sizeof(out) - length)) > 0)
		length += (size_t)more;
	return length;
}

static bool
holds_bytes(const struct parcel *parcel, size_t from, size_t length)
{
	int fd = parcel_open(parcel);
	bool all = fd >= 0 && read_through(fd) == length && memcmp(out, bytes + from, length) == 0;

	if (fd >= 0)
		(void)close(fd);
	return all && parcel_length(parcel) == length;
}

/* Cut at random, empty ones among them, more than one call takes. */
static void
put_in_pieces(struct parcel *parcel)
{
	struct iovec piece[PIECES_MOST];
	struct random random = { 2 };
	size_t done = 0;

	while (done < BYTES) {
		int count = 0;

		for (; count < PIECES_MOST && done < BYTES; count++) {
			size_t length = (size_t)random_magnitude(&random, 10);

			if (length > BYTES - done)
				length = BYTES - done;
			piece[count] = (struct iovec){ bytes + done, length };
			done += length;
		}
		must(parcel_write(parcel, piece, count));
	}
}

static void
in_and_out(void)
{
	struct parcel *parcel = new_parcel();
	struct stat status;
	int fd;

	ok(parcel_length(parcel) == 0 && holds_bytes(parcel, 0, 0), "it is made empty");
	put_in_pieces(parcel);
	ok(parcel_seal(parcel) && holds_bytes(parcel, 0, BYTES), "what was put in by pieces comes out");
	fd = parcel_open(parcel);
	must(fd >= 0 && fstat(fd, &status) == 0);
	ok(S_ISREG(status.st_mode) && status.st_size == BYTES, "as a file with a length");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 && fd > STDERR_FILENO, "closed by exec");
	(void)close(fd);
	ok(parcel_write(parcel, NULL, 0), "nothing can be put into one that is sealed");
	parcel_free(parcel);
	parcel_free(NULL);
}

static void
each_reader(void)
{
	struct parcel *parcel = new_parcel();
	int first, second;

	must(put(parcel, "abcdef", 6) && parcel_seal(parcel));
	first = parcel_open(parcel);
	must(first >= 0 && read(first, out, 3) == 3);
	second = parcel_open(parcel);
	ok(read_through(second) == 6 && memcmp(out, "abcdef", 6) == 0, "the next reader reads from the beginning");
	if (opens_anew())
		ok(read_through(first) == 3 && memcmp(out, "def", 3) == 0, "and the one before goes on where he was");
	ok(write(second, "x", 1) < 0, "no reader writes");
	(void)close(first);
	(void)close(second);
	parcel_free(parcel);
}

static void
sealed(void)
{
	struct parcel *parcel = new_parcel();
	int fd;

	must(put(parcel, "abc", 3));
	ok(put(parcel, "def", 3), "until it is sealed there may be more");
	must(parcel_seal(parcel));
	if (in_memory) {
		char path[64];

		ok(!put(parcel, "ghi", 3) && errno == EPERM, "then not even for weir");
		fd = parcel_open(parcel);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		(void)close(fd);
		fd = opens_anew() ? open(path, O_RDWR | O_TRUNC) : -1;
		ok(fd < 0, "and opened once more it is neither cut");
		(void)close(fd);
	}
	fd = parcel_open(parcel);
	ok(read_through(fd) == 6 && memcmp(out, "abcdef", 6) == 0, "it is what it was");
	(void)close(fd);
	parcel_free(parcel);
}

static void
parts(void)
{
	struct parcel *whole = new_parcel(), *half = new_parcel();

	must(put(whole, bytes, BYTES) && parcel_seal(whole));
	ok(parcel_copy(half, whole, 12345, 200000) && parcel_seal(half) && holds_bytes(half, 12345, 200000), "a part is copied");
	must(parcel_empty(half));
	ok(parcel_copy(half, whole, BYTES - 1, 1) && holds_bytes(half, BYTES - 1, 1), "up to the end");
	ok(!parcel_copy(half, whole, BYTES - 1, 2) && errno == EINVAL, "and not beyond");
	must(parcel_empty(half));
	ok(parcel_copy(half, whole, 5, 0) && parcel_length(half) == 0, "or nothing");
	ok(parcel_read(whole, 1000, out, 5000) == 5000 && memcmp(out, bytes + 1000, 5000) == 0, "it is read piece by piece");
	ok(parcel_read(whole, BYTES - 10, out, 5000) == 10 && parcel_read(whole, BYTES, out, 1) == 0, "to its end");
	parcel_free(whole);
	parcel_free(half);
}

static void
emptied(void)
{
	struct parcel *parcel = new_parcel();
	int reader;

	must(put(parcel, "long before", 11) && parcel_seal(parcel));
	reader = parcel_open(parcel);
	ok(parcel_empty(parcel) && parcel_length(parcel) == 0, "one that is sealed can be emptied");
	ok(put(parcel, bytes, 5) && parcel_seal(parcel) && holds_bytes(parcel, 0, 5), "and is used again");
	if (opens_anew())
		ok(read_through(reader) == 11 && memcmp(out, "long before", 11) == 0, "a reader of what was has it");
	(void)close(reader);
	parcel_free(parcel);
}

/* A file system without room says ENOSPC, a limit EFBIG: here it is the limit. */
static void
no_room(void)
{
	struct parcel *parcel = new_parcel();
	struct rlimit before, limit;

	must(getrlimit(RLIMIT_FSIZE, &before) == 0);
	limit = before;
	limit.rlim_cur = 100000;
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	ok(!put(parcel, bytes, BYTES) && errno == EFBIG, "what does not fit is told");
	must(setrlimit(RLIMIT_FSIZE, &before) == 0);
	ok(parcel_empty(parcel) && put(parcel, bytes, BYTES) && holds_bytes(parcel, 0, BYTES), "and is thrown away");
	parcel_free(parcel);
}

/* Its standard input, twice, by programs that know nothing of this. */
static void
for_commands(void)
{
	struct parcel *parcel = new_parcel();
	int both[2];

	must(put(parcel, "for cat\n", 8) && parcel_seal(parcel) && pipe(both) == 0);
	for (int i = 0; i < 2; i++) {
		int fd = parcel_open(parcel), status = -1;
		pid_t child = fork();

		must(child >= 0 && fd >= 0);
		if (child == 0) {
			(void)dup2(fd, STDIN_FILENO);
			(void)dup2(both[1], STDOUT_FILENO);
			(void)execlp("cat", "cat", (char *)NULL);
			_exit(127);
		}
		(void)close(fd);
		must(waitpid(child, &status, 0) == child && status == 0);
	}
	ok(pipe_drain(both[0], out, sizeof(out)) == 16 && memcmp(out, "for cat\nfor cat\n", 16) == 0, "each command reads all of it");
	(void)close(both[0]);
	(void)close(both[1]);
	parcel_free(parcel);
}

/* 0: all is well; 1: something is not; 2: nothing confines. */
static int
in_confinement(struct parcel *parcel, struct parcel *other)
{
	bool good = true;
	int first, second;

	if (!confine(NULL, 0, false))
		return 2;
	for (int i = 0; i < 2; i++) {
		good = good && put(parcel, bytes, BYTES) && parcel_seal(parcel) && holds_bytes(parcel, 0, BYTES);
		first = parcel_open(parcel);
		good = good && read(first, out, 1) == 1;
		second = parcel_open(parcel);
		good = good && read_through(second) == BYTES;
		good = good && parcel_copy(other, parcel, 1, 7) && holds_bytes(other, 1, 7);
		good = good && parcel_empty(other) && parcel_empty(parcel);
		(void)close(first);
		(void)close(second);
	}
	return good ? 0 : 1;
}

static void
confined(void)
{
	struct parcel *parcel = new_parcel(), *other = new_parcel();
	pid_t child = fork();
	int status = -1;

	must(child >= 0);
	if (child == 0) {
		status = in_confinement(parcel, other);
		parcel_free(parcel);
		parcel_free(other);
		_exit(status);
	}
	parcel_free(parcel);
	parcel_free(other);
	must(waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		diag("nothing confines weir here");
	else
		is(WEXITSTATUS(status), 0, "all of it after confine(), the same parcel again and again");
}

static void
elsewhere(void)
{
	must(setenv("TMPDIR", "/nonexistent/weir", 1) == 0);
	if (in_memory)
		parcel_free(new_parcel());
	else
		ok(parcel_new() == NULL && errno == ENOENT, "where there is no directory for it there is none");
	must(unsetenv("TMPDIR") == 0);
}

int
main(void)
{
	pipe_init();
	make_bytes();
	in_and_out();
	each_reader();
	sealed();
	parts();
	emptied();
	no_room();
	for_commands();
	confined();
	elsewhere();
	return done_testing();
}
