/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit - what the kernel allows on this machine: the least that a program in weir's place could
 * do.
 *
 *   discard   reads and throws away
 *   tally     the same, and counts newlines
 *   copy      reads and writes
 *   count     reads and writes without blocking (RWF_NOWAIT, poll where it would), and counts
 * newlines records   the same, where a write is whole lines of at most PIPE_BUF bytes together
 *   splice    moves pages and touches nothing
 *
 *   append DIR                       as copy, and before it writes each piece appends it, with its CRC-32C, to a file of
 *                                    64 MiB, the one before which is removed; fdatasync twice a second
 *   batches LINES COMMAND [ARG]...    for each so many lines a file in memory, fork, exec, wait
 *
 * All but the last ask for pipes of 1 MiB (--pipe-size=0: as they come). Does not hold anything back, does not
 * handle a short last line or any signal: these are bounds to compare with, not programs to use.
 */
#include "bench.h"

#include "base/crc32c.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define BUFFER_BYTES ((size_t)128 << 10)

typedef uint8_t lanes __attribute__((vector_size(16)));

static char *buffer;
static uint64_t newlines;

/* Bytes of a vector count to 255 at most, hence the inner loop. */
static void
count_newlines(const char *data, size_t size)
{
	while (size >= sizeof(lanes)) {
		size_t vectors = size / sizeof(lanes) < 255 ? size / sizeof(lanes) : 255;
		lanes sum = { 0 }, v;

		for (size_t i = 0; i < vectors; i++, data += sizeof(v)) {
			memcpy(&v, data, sizeof(v));
			sum -= (lanes)(v == '\n');
		}
		for (size_t i = 0; i < sizeof(sum); i++)
			newlines += sum[i];
		size -= vectors * sizeof(lanes);
	}
	while (size-- > 0)
		newlines += *data++ == '\n';
}

static size_t
must_read(void)
{
	ssize_t n;

	while ((n = read(STDIN_FILENO, buffer, BUFFER_BYTES)) < 0)
		if (errno != EINTR)
			err(1, "standard input");
	return (size_t)n;
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, -1) < 0 && errno != EINTR)
		err(1, "poll");
}

static size_t
read_nowait(void)
{
	struct iovec v = { .iov_base = buffer, .iov_len = BUFFER_BYTES };
	ssize_t n;

	while ((n = preadv2(STDIN_FILENO, &v, 1, -1, RWF_NOWAIT)) < 0) {
		if (errno != EAGAIN)
			err(1, "standard input");
		wait_for(STDIN_FILENO, POLLIN);
	}
	return (size_t)n;
}

static size_t
write_nowait(char *data, size_t size)
{
	struct iovec v = { .iov_base = data, .iov_len = size };
	ssize_t n;

	while ((n = pwritev2(STDOUT_FILENO, &v, 1, -1, RWF_NOWAIT)) < 0) {
		if (errno != EAGAIN)
			err(1, "standard output");
		wait_for(STDOUT_FILENO, POLLOUT);
	}
	return (size_t)n;
}

static void
discard(void)
{
	while (must_read() > 0)
		;
}

static void
tally(void)
{
	size_t n;

	while ((n = must_read()) > 0)
		count_newlines(buffer, n);
}

static void
must_write(const char *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t w = write(STDOUT_FILENO, data + done, size - done);

		if (w < 0)
			err(1, "standard output");
		done += (size_t)w;
	}
}

static void
copy(void)
{
	size_t n;

	while ((n = must_read()) > 0)
		must_write(buffer, n);
}

/* The next file of a directory; the one before goes. */
static int
next_file(int directory, int fd, unsigned *number)
{
	char name[16];

	if (fd >= 0) {
		snprintf(name, sizeof(name), "%u", *number);
		if (close(fd) < 0 || unlinkat(directory, name, 0) < 0)
			err(1, "%s", name);
	}
	snprintf(name, sizeof(name), "%u", ++*number);
	if ((fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600)) < 0)
		err(1, "%s", name);
	return fd;
}

static void
append(const char *path)
{
	const int directory = open(path, O_RDONLY | O_DIRECTORY);
	uint64_t due_ns = now_ns() + NS_PER_S / 2;
	unsigned number = 0;
	size_t n, size = 0;
	int fd = -1;

	if (directory < 0)
		err(1, "%s", path);
	while ((n = must_read()) > 0) {
		uint32_t sum = crc32c(0, buffer, n);
		struct iovec piece[] = { { &sum, sizeof(sum) }, { buffer, n } };

		if (fd < 0 || (size += n) > (size_t)64 << 20) {
			fd = next_file(directory, fd, &number);
			size = 0;
		}
		if (writev(fd, piece, 2) != (ssize_t)(n + sizeof(sum)))
			err(1, "%s", path);
		if (now_ns() >= due_ns) {
			if (fdatasync(fd) < 0)
				err(1, "%s", path);
			due_ns = now_ns() + NS_PER_S / 2;
		}
		must_write(buffer, n);
	}
}

static void
count(void)
{
	size_t n;

	while ((n = read_nowait()) > 0) {
		count_newlines(buffer, n);
		for (size_t done = 0; done < n;)
			done += write_nowait(buffer + done, n - done);
	}
}

/* As much of the first PIPE_BUF bytes as is whole lines; all of them when they are part of one. */
static size_t
whole_lines(const char *data, size_t size)
{
	size_t most = size < PIPE_BUF ? size : PIPE_BUF;
	const char *end = memrchr(data, '\n', most);

	return end != NULL ? (size_t)(end - data) + 1 : most;
}

static void
records(void)
{
	size_t n;

	while ((n = read_nowait()) > 0) {
		count_newlines(buffer, n);
		for (size_t done = 0; done < n;)
			done += write_nowait(buffer + done, whole_lines(buffer + done, n - done));
	}
}

static void
move_pages(void)
{
	ssize_t n;

	while ((n = splice(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, 1 << 20, SPLICE_F_MOVE)) > 0)
		;
	if (n < 0)
		err(1, "splice");
}

/* So many bytes of the buffer's are so many whole lines, as far as they are here; takes them off lines. */
static size_t
lines_length(const char *data, size_t size, uint64_t *lines)
{
	size_t length = 0;

	while (*lines > 0 && length < size) {
		const char *end = memchr(data + length, '\n', size - length);

		if (end == NULL)
			return size;
		length = (size_t)(end - data) + 1;
		--*lines;
	}
	return length;
}

/* A new one is made meanwhile: so the offset is the command's own. */
static void
run_batch(int fd, char **argv)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		err(1, "fork");
	if (child == 0) {
		if (lseek(fd, 0, SEEK_SET) != 0 || dup2(fd, STDIN_FILENO) < 0)
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0)
		errx(1, "%s has failed", argv[0]);
	close(fd);
}

static void
batches(uint64_t most, char **argv)
{
	uint64_t left = most;
	size_t n, written = 0;
	int fd = -1;

	while ((n = must_read()) > 0)
		for (size_t done = 0, step; done < n; done += step) {
			if (fd < 0 && (fd = memfd_create("batch", MFD_CLOEXEC)) < 0)
				err(1, "memfd_create");
			step = lines_length(buffer + done, n - done, &left);
			if (write(fd, buffer + done, step) != (ssize_t)step)
				err(1, "a batch");
			written += step;
			if (left > 0)
				continue;
			run_batch(fd, argv);
			fd = -1, written = 0, left = most;
		}
	if (written > 0)
		run_batch(fd, argv);
}

/* No limit: so much memory is written to, and given back.  On a virtual machine the first touch of a page is the host's affair, a
 * few milliseconds for a huge one; whoever gets it next does not pay for it. */
static void
touch(uint64_t bytes)
{
	const size_t huge = (size_t)2 << 20;
	char *memory = mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	memory += huge - (uintptr_t)memory % huge;
	(void)madvise(memory, bytes, MADV_HUGEPAGE);
	for (uint64_t at = 0; at < bytes; at += 4096)
		memory[at] = 1;
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "discard", discard },
	{ "tally", tally },
	{ "copy", copy },
	{ "count", count },
	{ "records", records },
	{ "splice", move_pages },
};

int
main(int argc, char **argv)
{
	int pipe_bytes = 1 << 20;

	if (argc >= 4 && strcmp(argv[1], "batches") == 0) {
		buffer = must_allocate(BUFFER_BYTES);
		batches(parse_size(argv[2]), argv + 3);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "touch") == 0) {
		touch(parse_size(argv[2]));
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "append") == 0) {
		buffer = must_allocate(BUFFER_BYTES);
		append(argv[2]);
		return 0;
	}
	if (argc == 3 && strcmp(argv[2], "--pipe-size=0") == 0)
		pipe_bytes = 0;
	else if (argc != 2)
		errx(2, "usage: limit discard|tally|copy|count|records|splice [--pipe-size=0], "
		    "or limit append DIR, or limit batches LINES COMMAND [ARG]..., or limit touch SIZE");
	if (pipe_bytes != 0) { /* refusal is no error: the pipes stay as they are */
		fcntl(STDIN_FILENO, F_SETPIPE_SZ, pipe_bytes);
		fcntl(STDOUT_FILENO, F_SETPIPE_SZ, pipe_bytes);
	}
	buffer = must_allocate(BUFFER_BYTES);
	memset(buffer, 0, BUFFER_BYTES);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0) {
			modes[i].run();
			return newlines == UINT64_MAX; /* keeps the count alive */
		}
	errx(2, "%s: not a mode", argv[1]);
}
