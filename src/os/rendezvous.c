/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "os/rendezvous.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN 0700
#define OTHERS 077

#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static int
fits(int length)
{
	if (length > 0 && (size_t)length < RENDEZVOUS_PATH_MOST)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
rendezvous_directory(char path[RENDEZVOUS_PATH_MOST])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (runtime != NULL && runtime[0] == '/')
		return fits(snprintf(path, RENDEZVOUS_PATH_MOST, "%s/weir", runtime));
	if (geteuid() == 0)
		return fits(snprintf(path, RENDEZVOUS_PATH_MOST, "/run/weir"));
	return fits(snprintf(path, RENDEZVOUS_PATH_MOST, "/tmp/weir-%ju", (uintmax_t)geteuid()));
}

static int
refuse(int fd, int error)
{
	(void)close(fd);
	errno = error;
	return -1;
}

int
rendezvous_open(const char *directory, bool make)
{
	struct stat status;
	int fd;

	if (make && mkdir(directory, OWN) < 0 && errno != EEXIST)
		return -1;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ELOOP || errno == EMLINK) /* of a symbolic link; the second is FreeBSD's */
			errno = ENOTDIR;
		return -1;
	}
	if (fstat(fd, &status) < 0)
		return refuse(fd, errno);
	if (status.st_uid != geteuid() || (status.st_mode & OTHERS) != 0)
		return refuse(fd, EPERM);
	return fd;
}

int
rendezvous_path(char path[RENDEZVOUS_PATH_MOST], const char *directory, const char *name, pid_t pid)
{
	char end[32];
	const size_t before = strlen(directory) + 1, name_length = strlen(name);
	const size_t behind = (size_t)snprintf(end, sizeof(end), ".%jd", (intmax_t)pid) + 1;
	size_t length;

	if (before + behind >= RENDEZVOUS_PATH_MOST || name_length == 0)
		return fits(0);
	length = RENDEZVOUS_PATH_MOST - before - behind;
	if (length > name_length)
		length = name_length;
	(void)snprintf(path, RENDEZVOUS_PATH_MOST, "%s/%.*s%s", directory, (int)length, name, end);
	for (char *byte = path + before; byte < path + before + length; byte++)
		if (strchr(NAME_BYTES, *byte) == NULL)
			*byte = '_';
	return 0;
}

bool
rendezvous_parse(const char *file, char name[RENDEZVOUS_PATH_MOST], pid_t *pid)
{
	const char *dot = strrchr(file, '.'), *error;
	const size_t length = dot != NULL ? (size_t)(dot - file) : 0;
	long long number;

	if (length == 0 || length >= RENDEZVOUS_PATH_MOST || strspn(file, NAME_BYTES) != strlen(file))
		return false;
	if (dot[1] < '1' || dot[1] > '9' || strspn(dot + 1, "0123456789") != strlen(dot + 1))
		return false;
	number = strtonum(dot + 1, 1, INT_MAX, &error);
	if (error != NULL)
		return false;
	memcpy(name, file, length);
	name[length] = '\0';
	*pid = (pid_t)number;
	return true;
}
