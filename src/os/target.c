/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/target.h"

#ifdef HAVE_FLOCK
#include <sys/file.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define INHERITED_MOST 256 /* descriptors; shells give out numbers well below */

bool
target_is_open_as(const struct stat *file, int fd)
{
	struct stat other;

	return fstat(fd, &other) == 0 && file->st_dev == other.st_dev && file->st_ino == other.st_ino;
}

/* The lowest descriptor other than fd that the file is also open as: whoever started weir has it open.  -1
 * for none.  With to_write, one that can be written to. */
static int
inherited_as(const struct stat *file, int fd, bool to_write)
{
	for (int other = 0; other < INHERITED_MOST; other++)
		if (other != fd && target_is_open_as(file, other) &&
		    (!to_write || (fcntl(other, F_GETFL) & O_ACCMODE) != O_RDONLY))
			return other;
	return -1;
}

static bool
is_link(const char *path)
{
	struct stat link;

	return lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
}

/* Makes the file where there is none, but not by a symbolic link. */
static int
open_or_make(const char *path, int flags, bool *by_link)
{
	int fd = open(path, flags | O_CREAT | O_NOFOLLOW, 0600);
	int error = errno;

	*by_link = fd < 0 && is_link(path);
	errno = error; /* why it could not be opened, and not what came of looking */
	return *by_link ? open(path, flags) : fd;
}

/* Whether another weir writes to the file now: each that does holds a lock on it, shared.  Where files cannot
 * be locked, none. */
static bool
is_shared(int fd)
{
#ifdef HAVE_FLOCK
	bool shared = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	return shared;
#else
	(void)fd;
	return false;
#endif
}

/* For as long as the file is open. */
static void
share(int fd)
{
#ifdef HAVE_FLOCK
	(void)flock(fd, LOCK_SH | LOCK_NB);
#else
	(void)fd;
#endif
}

/* A regular file of reports, by_link where that is how it was found.  A descriptor of it, which may be another
 * than fd, or -1 with errno. */
static int
begin_reports(int fd, const struct stat *file, bool by_link)
{
	int other = by_link ? inherited_as(file, fd, true) : -1;

	/* Who opened it has decided what stays in it, and others may write by the same description. */
	if (other >= 0) {
		(void)close(fd);
		return fcntl(other, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	}
	if (!is_shared(fd) && ftruncate(fd, 0) < 0)
		return -1;
	share(fd);
	return fd;
}

/* Whether it is what the data comes from or goes to: a file, or a pipe, of which who has an end open keeps it from ending.
 * A device is there for all. */
static bool
is_data(const struct stat *file)
{
	return !S_ISCHR(file->st_mode) && !S_ISBLK(file->st_mode) &&
	    (target_is_open_as(file, STDIN_FILENO) || target_is_open_as(file, STDOUT_FILENO));
}

/* A symbolic link, which somebody else may have put there, leads to no file of its own: only to what is
 * open already (/dev/fd/5), or is no file (/dev/tty, >(...)). */
int
target_open(const char *path, enum target_mode mode)
{
	/* Reports, too: a file may be cut short while it is written to (copytruncate), or be written to by others. */
	const int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_APPEND;
	struct stat file;
	bool known = stat(path, &file) == 0;
	bool by_link;
	int fd = -1;
	int error;

	if (known && target_is_open_as(&file, STDERR_FILENO))
		return STDERR_FILENO;
	if (known && is_data(&file)) {
		errno = EBUSY;
		return -1;
	}
	if (mode == TARGET_APPEND && known && S_ISREG(file.st_mode))
		fd = open_or_make(path, O_RDWR | flags, &by_link);
	if (fd < 0)
		fd = open_or_make(path, O_WRONLY | flags, &by_link);
	if (fd < 0 || fstat(fd, &file) < 0 || !S_ISREG(file.st_mode))
		return fd;
	if (is_data(&file)) {
		error = EBUSY;
	} else if (by_link && inherited_as(&file, fd, false) < 0) {
		error = ELOOP;
	} else {
		int target = mode == TARGET_REPORT ? begin_reports(fd, &file, by_link) : fd;
		if (target >= 0)
			return target;
		error = errno;
	}
	(void)close(fd);
	errno = error;
	return -1;
}
