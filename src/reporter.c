/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "reporter.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define INHERITED_MOST 256 /* descriptors; shells give out numbers well below */

static bool
is_same(const struct stat *file, int fd)
{
	struct stat other;

	return fstat(fd, &other) == 0 && file->st_dev == other.st_dev && file->st_ino == other.st_ino;
}

/* Whether the file is also open as a descriptor other than fd: whoever started weir has it open. */
static bool
is_inherited(const struct stat *file, int fd)
{
	for (int other = 0; other < INHERITED_MOST; other++)
		if (other != fd && is_same(file, other))
			return true;
	return false;
}

static bool
is_link(const char *path)
{
	struct stat link;

	return lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
}

/* Opens path for reports, or tells that standard error will do: by any of its names, a socket could not be
 * opened and a log file would be truncated.  A file that the data goes to or comes from is refused.
 *
 * A symbolic link, which somebody else may have put there, leads to no file of its own: only to what is
 * open already (/dev/fd/5), or cannot be truncated (/dev/tty, >(...)). */
static int
open_file(const char *path)
{
	const int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat file;
	bool by_link = false;
	int fd;

	if (stat(path, &file) == 0 && is_same(&file, STDERR_FILENO))
		return STDERR_FILENO;
	fd = open(path, flags | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0 && is_link(path)) {
		by_link = true;
		fd = open(path, flags);
	}
	if (fd < 0 || fstat(fd, &file) < 0 || !S_ISREG(file.st_mode))
		return fd;
	if (is_same(&file, STDIN_FILENO) || is_same(&file, STDOUT_FILENO))
		errno = EBUSY;
	else if (by_link && !is_inherited(&file, fd))
		errno = ELOOP;
	else if (ftruncate(fd, 0) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

int
reporter_open(struct reporter *reporter, const char *path)
{
	int fd = path != NULL ? open_file(path) : STDERR_FILENO;

	*reporter = (struct reporter){ .due = false };
	if (fd < 0)
		return -1;
	io_open_output(&reporter->port, fd);
	return 0;
}

bool
reporter_busy(const struct reporter *reporter)
{
	return reporter->due || reporter->length > 0;
}

void
reporter_offer(struct reporter *reporter, const struct snapshot *snapshot)
{
	reporter->skipped += reporter->length > 0;
	if (reporter->sent > 0)
		return;
	reporter->length = report_line(reporter->text, snapshot);
}

/* Writes what waits, as far as that goes.  Whether all of it is done with. */
static bool
step(struct reporter *reporter)
{
	struct iovec piece = { reporter->text + reporter->sent, reporter->length - reporter->sent };
	size_t done;

	switch (io_write(&reporter->port, &piece, 1, piece.iov_len, &done)) {
	case IO_SHORT:
		reporter->sent += done;
		return false;
	case IO_AGAIN:
	case IO_RETRY:
		return false;
	case IO_ALL:
	case IO_END:
	case IO_GONE:
	case IO_ERROR:
		break; /* nobody to tell that reports cannot be written: the last one will try */
	}
	reporter->length = reporter->sent = 0;
	return true;
}

void
reporter_step(struct reporter *reporter, void (*snapshot)(void *state, struct snapshot *into),
    void *state)
{
	struct snapshot now;

	if (reporter->length > 0 && !step(reporter))
		return;
	if (!reporter->due)
		return;
	snapshot(state, &now);
	reporter->length = report_line(reporter->text, &now);
	if (step(reporter) || reporter->sent > 0)
		reporter->due = false;
	else
		reporter->length = 0; /* the next attempt has newer figures */
}

/* Writes what waits, until the deadline. */
static bool
put(struct reporter *reporter, uint64_t deadline_ns)
{
	size_t rest = reporter->length - reporter->sent;
	bool taken = rest == 0 || io_put(&reporter->port, reporter->text + reporter->sent, rest, deadline_ns);

	/* What could not be finished is at least a line of its own. */
	reporter->text[0] = '\n';
	reporter->length = taken ? 0 : 1;
	reporter->sent = 0;
	return taken;
}

bool
reporter_settle(struct reporter *reporter, uint64_t deadline_ns)
{
	if (reporter->length > 0 && reporter->sent == 0) {
		reporter->skipped++;
		reporter->length = 0;
	}
	return put(reporter, deadline_ns);
}

bool
reporter_close(struct reporter *reporter, const struct snapshot *last, uint64_t deadline_ns)
{
	struct io_port *port = &reporter->port;
	bool taken = put(reporter, deadline_ns);

	if (taken && last != NULL) {
		reporter->length = report_line(reporter->text, last);
		taken = put(reporter, deadline_ns);
	}
	if (port->inherited != STDERR_FILENO && io_close(port) < 0)
		taken = false;
	return taken;
}
