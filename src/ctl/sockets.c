/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A weir that starts binds its socket, and then listens: so long it may take. */
#define STARTING_S 10

/* --- what there is ------------------------------------------------------------------------------- */

static bool
add(struct sockets *sockets, const char *directory, const char *file)
{
	struct socket_of *more, *one;

	more = realloc(sockets->one, (sockets->count + 1) * sizeof(*more));
	if (more == NULL)
		return false;
	sockets->one = more;
	one = &more[sockets->count];
	if (!rendezvous_parse(file, one->name, &one->pid))
		return true;
	if (strlen(directory) + 1 + strlen(file) >= sizeof(one->path))
		return true;
	(void)strcpy(stpcpy(stpcpy(one->path, directory), "/"), file);
	sockets->count++;
	return true;
}

static int
by_name(const void *left, const void *right)
{
	const struct socket_of *a = left, *b = right;
	const int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

static bool
add_all(struct sockets *sockets, const char *directory, DIR *dir)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(dir)) != NULL)
		if (!add(sockets, directory, entry->d_name))
			return false;
	return errno == 0;
}

bool
sockets_find(struct sockets *sockets)
{
	char directory[RENDEZVOUS_PATH_MOST];
	DIR *dir;
	int fd;
	bool good;

	*sockets = (struct sockets){ NULL, 0 };
	if (rendezvous_directory(directory) < 0)
		return false;
	if ((fd = rendezvous_open(directory, false)) < 0)
		return errno == ENOENT;
	if ((dir = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return false;
	}
	good = add_all(sockets, directory, dir);
	(void)closedir(dir);
	if (good && sockets->count > 1)
		qsort(sockets->one, sockets->count, sizeof(sockets->one[0]), by_name);
	if (!good)
		sockets_free(sockets);
	return good;
}

void
sockets_free(struct sockets *sockets)
{
	const int error = errno;

	free(sockets->one);
	*sockets = (struct sockets){ NULL, 0 };
	errno = error;
}

bool
sockets_is_named(const struct socket_of *one, const char *name)
{
	char directory[RENDEZVOUS_PATH_MOST], path[RENDEZVOUS_PATH_MOST];

	return rendezvous_directory(directory) == 0 && rendezvous_path(path, directory, name, one->pid) == 0 &&
	    strcmp(path, one->path) == 0;
}

/* --- a connection -------------------------------------------------------------------------------- */

/* Nobody listens.  It is left of a weir that was killed, unless one is about to: that one lives, and has just made it. */
static void
remove_stale(const struct socket_of *one)
{
	struct stat status;

	if (lstat(one->path, &status) < 0 || !S_ISSOCK(status.st_mode) || status.st_uid != geteuid())
		return;
	if (kill(one->pid, 0) < 0 || time(NULL) - status.st_ctime > STARTING_S)
		(void)unlink(one->path);
}

/* Of a weir in another container, whose directory is this one, the kernel says another process id than its name does. */
static bool
is_ours(int fd, const struct socket_of *one)
{
#ifdef __linux__
	struct {
		pid_t pid;
		uid_t uid;
		gid_t gid;
	} peer; /* struct ucred, which has other names elsewhere: unix(7) */
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || length != sizeof(peer))
		return false;
	return (peer.uid == geteuid() || peer.uid == 0) && peer.pid == one->pid;
#else
	(void)fd;
	(void)one;
	return true; /* the directory is ours alone */
#endif
}

static int
give_up(int fd, int error)
{
	(void)close(fd);
	errno = error;
	return -1;
}

int
sockets_connect(const struct socket_of *one)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	memcpy(address.sun_path, one->path, sizeof(one->path));
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return give_up(fd, errno);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		const int error = errno;

		if (error == ECONNREFUSED)
			remove_stale(one);
		return give_up(fd, error == ECONNREFUSED ? ENOENT : error);
	}
	return is_ours(fd, one) ? fd : give_up(fd, EPERM);
}
