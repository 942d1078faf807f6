/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/door.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Waiting to be let in. */
#define BACKLOG 16

/* Rights that nobody but the owner is to have of its name. */
#define NOT_OTHERS 0177

/* Where a send cannot be told to raise no signal, SIGPIPE is an error of the call already (signals.h). */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static int
fail(int fd, int error)
{
	(void)close(fd);
	errno = error;
	return -1;
}

static int
make_socket(void)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0))
		return fail(fd, errno);
	return fd;
}

/* Whether a socket that is there has been left behind: only then nobody answers (connect(2)). */
static bool
is_stale(const struct sockaddr_un *address)
{
	const int fd = make_socket();
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 && errno == ECONNREFUSED;
	(void)close(fd);
	return stale;
}

/* There is nothing of that name, or nothing that matters.  0, or -1 with errno. */
static int
make_place(const struct sockaddr_un *address)
{
	struct stat there;

	if (lstat(address->sun_path, &there) < 0)
		return errno == ENOENT ? 0 : -1;
	errno = EEXIST;
	if (!S_ISSOCK(there.st_mode))
		return -1;
	errno = EADDRINUSE;
	if (!is_stale(address))
		return -1;
	return unlink(address->sun_path);
}

static int
bind_to(int fd, const struct sockaddr_un *address)
{
	const mode_t mask = umask(NOT_OTHERS);
	const int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	(void)umask(mask);
	return result;
}

int
door_open(struct door *door, const char *path, int directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat file;
	int fd;

	*door = (struct door){ .fd = -1, .directory = directory };
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	memcpy(door->path, path, strlen(path) + 1);
	if (make_place(&address) < 0 || (fd = make_socket()) < 0)
		return -1;
	if (bind_to(fd, &address) < 0)
		return fail(fd, errno);
	if (lstat(path, &file) < 0 || listen(fd, BACKLOG) < 0) {
		const int error = errno;

		(void)unlink(path);
		return fail(fd, error);
	}
	door->fd = fd;
	door->device = (uint64_t)file.st_dev;
	door->file = (uint64_t)file.st_ino;
	return 0;
}

/* Somebody may have removed it, and another weir have come to that name. */
static bool
is_own(const struct door *door, const char *name)
{
	struct stat file;

	return fstatat(door->directory, name, &file, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)file.st_dev == door->device &&
	    (uint64_t)file.st_ino == door->file;
}

void
door_close(struct door *door)
{
	const char *slash;

	if (door->fd < 0)
		return;
	slash = strrchr(door->path, '/');
	if (door->directory >= 0 && slash != NULL && is_own(door, slash + 1))
		(void)unlinkat(door->directory, slash + 1, 0);
	(void)close(door->fd);
	if (door->directory >= 0)
		(void)close(door->directory);
	door->fd = door->directory = -1;
}

int
door_fd(const struct door *door)
{
	return door->fd;
}

const char *
door_path(const struct door *door)
{
	return door->path;
}

int
door_directory(const struct door *door)
{
	return door->directory;
}

/* --- who comes in -------------------------------------------------------------------------------- */

static bool
peer_of(int fd, uid_t *user)
{
#if defined(__linux__) /* elsewhere the struct is another one, or there is none */
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return false;
	*user = peer.uid;
	return true;
#elif defined(HAVE_GETPEEREID)
	gid_t group;

	return getpeereid(fd, user, &group) == 0;
#else /* the modes of the socket and of its directory have let him in */
	(void)fd;
	*user = geteuid();
	return true;
#endif
}

int
door_accept(const struct door *door)
{
	const int fd = accept(door->fd, NULL, NULL);
	uid_t user;

	if (fd < 0) {
		if (errno == ECONNABORTED || errno == EINTR || errno == EWOULDBLOCK)
			errno = EAGAIN;
		return -1;
	}
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return fail(fd, errno);
	if (!peer_of(fd, &user) || (user != geteuid() && user != 0))
		return fail(fd, EPERM);
	return fd;
}

ssize_t
door_receive(int fd, void *bytes, size_t most)
{
	const ssize_t got = recv(fd, bytes, most, 0);

	if (got < 0 && (errno == EINTR || errno == EWOULDBLOCK))
		errno = EAGAIN;
	return got;
}

ssize_t
door_send(int fd, const void *bytes, size_t length)
{
	const ssize_t done = send(fd, bytes, length, MSG_NOSIGNAL);

	if (done < 0 && (errno == EINTR || errno == EWOULDBLOCK))
		errno = EAGAIN;
	return done;
}

void
door_part(int fd)
{
	(void)close(fd);
}
