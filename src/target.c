/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "target.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* Makes the file where there is none, but not by a symbolic link. */
static int
open_or_make(const char *path, int flags, bool *by_link)
{
	int fd = open(path, flags | O_CREAT | O_NOFOLLOW, 0600);

	*by_link = fd < 0 && is_link(path);
	return *by_link ? open(path, flags) : fd;
}

/* A symbolic link, which somebody else may have put there, leads to no file of its own: only to what is
 * open already (/dev/fd/5), or is no file (/dev/tty, >(...)). */
int
target_open(const char *path, enum target_mode mode)
{
	const int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (mode == TARGET_APPEND ? O_APPEND : 0);
	struct stat file;
	bool known = stat(path, &file) == 0;
	bool by_link;
	int fd = -1;

	if (known && is_same(&file, STDERR_FILENO))
		return STDERR_FILENO;
	if (mode == TARGET_APPEND && known && S_ISREG(file.st_mode))
		fd = open_or_make(path, O_RDWR | flags, &by_link);
	if (fd < 0)
		fd = open_or_make(path, O_WRONLY | flags, &by_link);
	if (fd < 0 || fstat(fd, &file) < 0 || !S_ISREG(file.st_mode))
		return fd;
	if (is_same(&file, STDIN_FILENO) || is_same(&file, STDOUT_FILENO))
		errno = EBUSY;
	else if (by_link && !is_inherited(&file, fd))
		errno = ELOOP;
	else if (mode == TARGET_APPEND || ftruncate(fd, 0) == 0)
		return fd;
	(void)close(fd);
	return -1;
}
