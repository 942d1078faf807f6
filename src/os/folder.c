/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/folder.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define OWN 0700
#define OTHERS_WRITE 022

/* As many pieces as a call takes on any system (POSIX: _XOPEN_IOV_MAX). */
#define PIECES 16

/* --- stopping points ----------------------------------------------------------------------------- */

/* For tests that kill there: in debug builds WEIR_STOP_AT="synced 3" ends weir by SIGKILL where it comes to that point for the
 * third time.  "torn" is in the middle of an append; the others are behind what they are named after. */
#ifdef WEIR_DEBUG
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

static bool
is_at(const char *point)
{
	static atomic_ulong times;
	const char *stop = getenv("WEIR_STOP_AT");
	const size_t length = strlen(point);

	return stop != NULL && strncmp(stop, point, length) == 0 && stop[length] == ' ' &&
	    atomic_fetch_add(&times, 1) + 1 == strtoul(stop + length, NULL, 10);
}

static void
stop_at(const char *point)
{
	if (is_at(point))
		(void)raise(SIGKILL);
}

static void
tear(int fd, const struct iovec *piece, uint64_t offset)
{
	if (is_at("torn") && pwrite(fd, piece->iov_base, (piece->iov_len + 1) / 2, (off_t)offset) >= 0)
		(void)raise(SIGKILL);
}
#else
#define stop_at(point) ((void)0)
#define tear(fd, piece, offset) ((void)0)
#endif

/* --- the directory ------------------------------------------------------------------------------- */

static int
refuse(int fd, int error)
{
	(void)close(fd);
	errno = error;
	return -1;
}

static int
open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ELOOP || errno == EMLINK)) /* of a symbolic link; the second is FreeBSD's */
		errno = ENOTDIR;
	return fd;
}

/* The directory that a path is a name in, slashes at its end apart. */
static int
open_above(const char *path)
{
	size_t length = strlen(path);
	char above[PATH_MAX];

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length > 0 && path[length - 1] != '/')
		length--;
	if (length >= sizeof(above)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(above, path, length);
	memcpy(above + length, ".", 2);
	return open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
folder_found(const char *path, bool lasting)
{
	int fd, result;

	if (mkdir(path, OWN) < 0)
		return errno == EEXIST ? 0 : -1;
	if (!lasting)
		return 0;
	if ((fd = open_above(path)) < 0)
		return errno == EACCES ? 0 : -1; /* one that may be searched, and not read: then nothing can be done about it */
	result = fsync(fd);
	return result < 0 ? refuse(fd, errno) : close(fd);
}

int
folder_open(struct folder *folder, const char *path)
{
	struct stat status;
	int fd;

	fd = open_directory(path);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0)
		return refuse(fd, errno);
	if (status.st_uid != geteuid() || (status.st_mode & OTHERS_WRITE) != 0)
		return refuse(fd, EPERM);
	*folder = (struct folder){ fd, -1 };
	return 0;
}

int
folder_visit(struct folder *folder, const char *path)
{
	const int fd = open_directory(path);

	*folder = (struct folder){ fd, FOLDER_VISITED };
	return fd < 0 ? -1 : 0;
}

int
folder_fd(const struct folder *folder)
{
	return folder->fd;
}

void
folder_close(struct folder *folder)
{
	if (folder->lock >= 0)
		(void)close(folder->lock);
	if (folder->fd >= 0)
		(void)close(folder->fd);
	*folder = (struct folder){ -1, -1 };
}

/* A lock of the process, not of the open file (fcntl(2)): no child inherits it, and it can be said who has it. */
int
folder_lock(struct folder *folder, const char *name, pid_t *holder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(folder->fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

	*holder = 0;
	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		const bool taken = errno == EAGAIN || errno == EACCES;

		if (!taken)
			return refuse(fd, errno);
		lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
		if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
			*holder = lock.l_pid;
		return refuse(fd, EBUSY);
	}
	folder->lock = fd;
	return 0;
}

bool
folder_is_held(const struct folder *folder, const char *name, pid_t *holder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool held;

	*holder = 0;
	if (fd < 0)
		return false;
	held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	if (held && lock.l_pid > 0)
		*holder = lock.l_pid;
	(void)close(fd);
	return held;
}

int
folder_list(const struct folder *folder, bool (*one)(void *state, const char *name), void *state)
{
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	struct dirent *entry;
	DIR *list;

	if (fd < 0)
		return -1;
	if ((list = fdopendir(fd)) == NULL)
		return refuse(fd, errno);
	do {
		errno = 0;
		entry = readdir(list);
	} while (entry != NULL && one(state, entry->d_name));
	error = entry == NULL ? errno : 0;
	(void)closedir(list);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
folder_sync(const struct folder *folder)
{
	const int result = fsync(folder->fd);

	stop_at("named");
	return result;
}

int
folder_remove(const struct folder *folder, const char *name)
{
	const int result = unlinkat(folder->fd, name, 0);

	stop_at("unlinked");
	return result;
}

/* --- files ---------------------------------------------------------------------------------------- */

int
folder_make(const struct folder *folder, const char *name)
{
	const int fd = openat(folder->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

	stop_at("created");
	return fd;
}

int
folder_take(const struct folder *folder, const char *name)
{
	struct stat status;
	const int way = folder_is_visited(folder) ? O_RDONLY : O_RDWR;
	int fd = openat(folder->fd, name, way | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		const int error = errno;

		if (fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode))
			errno = EINVAL; /* a directory, a link, a socket: each says something else */
		else
			errno = error;
		return -1;
	}
	if (fstat(fd, &status) < 0)
		return refuse(fd, errno);
	return S_ISREG(status.st_mode) ? fd : refuse(fd, EINVAL);
}

void
folder_drop(int fd)
{
	(void)close(fd);
}

int64_t
folder_length(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? -1 : (int64_t)status.st_size;
}

/* Of the pieces those that are left when `done` bytes of the first are gone: as many as one call takes. */
static int
left_of(const struct iovec **piece, int *pieces, size_t done, struct iovec left[PIECES])
{
	int count = 0;

	while (*pieces > 0 && done >= (*piece)->iov_len) {
		done -= (*piece)->iov_len;
		++*piece;
		--*pieces;
	}
	for (; count < *pieces && count < PIECES; count++)
		left[count] = (*piece)[count];
	if (count > 0 && done > 0) {
		left[0].iov_base = (char *)left[0].iov_base + done;
		left[0].iov_len -= done;
	}
	return count;
}

static ssize_t
write_pieces(int fd, const struct iovec *piece, int pieces, uint64_t offset)
{
#ifdef HAVE_PWRITEV
	return pwritev(fd, piece, pieces, (off_t)offset);
#else
	(void)pieces;
	return pwrite(fd, piece[0].iov_base, piece[0].iov_len, (off_t)offset);
#endif
}

int
folder_append(int fd, const struct iovec *piece, int pieces, uint64_t *length)
{
	struct iovec left[PIECES];
	size_t gone = 0; /* of the first piece */
	int count;

	while ((count = left_of(&piece, &pieces, gone, left)) > 0) {
		ssize_t done;
		int error;

		tear(fd, left, *length);
		done = write_pieces(fd, left, count, *length);
		error = errno;
		if (done < 0 && error == EINTR) {
			gone = piece->iov_len - left[0].iov_len;
			continue;
		}
		if (done <= 0) {
			errno = done < 0 ? error : ENOSPC;
			return -1;
		}
		*length += (uint64_t)done;
		gone = piece->iov_len - left[0].iov_len + (size_t)done;
	}
	stop_at("written");
	return 0;
}

int
folder_write(int fd, const void *bytes, size_t length, uint64_t offset)
{
	for (size_t done = 0; done < length;) {
		ssize_t step = pwrite(fd, (const char *)bytes + done, length - done, (off_t)(offset + done));

		if (step < 0 && errno == EINTR)
			continue;
		if (step <= 0) {
			if (step == 0)
				errno = ENOSPC;
			return -1;
		}
		done += (size_t)step;
	}
	stop_at("state");
	return 0;
}

ssize_t
folder_read(int fd, void *bytes, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t step = pread(fd, (char *)bytes + done, length - done, (off_t)(offset + done));

		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0)
			return -1;
		if (step == 0)
			break;
		done += (size_t)step;
	}
	return (ssize_t)done;
}

int
folder_cut(int fd, uint64_t length)
{
	int result;

	do
		result = ftruncate(fd, (off_t)length);
	while (result < 0 && errno == EINTR);
	stop_at("cut");
	return result;
}

/* macOS has fsync give it to the disk, and only this to what the disk keeps (fcntl(2) there). */
static int
sync_file(int fd)
{
#ifdef F_FULLFSYNC
	if (fcntl(fd, F_FULLFSYNC) == 0)
		return 0;
#endif
#ifdef HAVE_FDATASYNC
	return fdatasync(fd);
#else
	return fsync(fd);
#endif
}

int
folder_sync_file(int fd)
{
	const int result = sync_file(fd);

	stop_at("synced");
	return result;
}
