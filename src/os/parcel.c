/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/parcel.h"

#ifdef HAVE_MEMFD_CREATE
#include <sys/mman.h>
#endif

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Calls that fail without need are tried again, and not for ever. */
#define TRIES 100

#define PIECES_AT_ONCE 64
#define COPY_BYTES 16384

struct parcel {
	int fd;
	int reader; /* to be given to readers; -1: fd itself, opened anew */
	uint64_t length;
};

/* Who had its descriptor may have written. */
static bool
measure(struct parcel *parcel)
{
	struct stat file;

	if (fstat(parcel->fd, &file) < 0)
		return false;
	parcel->length = (uint64_t)file.st_size;
	return true;
}

int
parcel_fd(const struct parcel *parcel)
{
	return parcel->fd;
}

/* --- the file ------------------------------------------------------------------------------------ */

#ifdef HAVE_MEMFD_CREATE

/* Since Linux 6.3: not for execution, and an administrator may want that said. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static bool
make_file(struct parcel *parcel)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	parcel->reader = -1;
	parcel->fd = memfd_create("weir-batch", flags | MFD_NOEXEC_SEAL);
	if (parcel->fd < 0 && errno == EINVAL)
		parcel->fd = memfd_create("weir-batch", flags);
	return parcel->fd >= 0;
}

bool
parcel_seal(struct parcel *parcel)
{
	return measure(parcel) && fcntl(parcel->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

/* Another one: what is sealed stays. */
bool
parcel_empty(struct parcel *parcel)
{
	struct parcel other = { .length = 0 };

	if (!make_file(&other))
		return false;
	(void)close(parcel->fd);
	*parcel = other;
	return true;
}

static int
open_anew(int fd)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

#else

/* Opened twice while it has a name. */
static bool
make_file(struct parcel *parcel)
{
	const char *directory = getenv("TMPDIR");
	char path[PATH_MAX];
	int length, error;

	if (directory == NULL || directory[0] == '\0')
		directory = "/tmp";
	length = snprintf(path, sizeof(path), "%s/weir-batch-XXXXXX", directory);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	parcel->fd = mkstemp(path);
	if (parcel->fd < 0)
		return false;
	(void)fcntl(parcel->fd, F_SETFD, FD_CLOEXEC);
	parcel->reader = open(path, O_RDONLY | O_CLOEXEC);
	error = errno;
	(void)unlink(path);
	if (parcel->reader < 0)
		(void)close(parcel->fd);
	errno = error;
	return parcel->reader >= 0;
}

bool
parcel_seal(struct parcel *parcel)
{
	return measure(parcel);
}

bool
parcel_empty(struct parcel *parcel)
{
	if (ftruncate(parcel->fd, 0) < 0 || lseek(parcel->fd, 0, SEEK_SET) < 0)
		return false;
	parcel->length = 0;
	return true;
}

static int
open_anew(int fd)
{
	(void)fd;
	return -1;
}

#endif

struct parcel *
parcel_new(void)
{
	struct parcel *parcel = calloc(1, sizeof(*parcel));
	int error;

	if (parcel == NULL || make_file(parcel))
		return parcel;
	error = errno;
	free(parcel);
	errno = error;
	return NULL;
}

void
parcel_free(struct parcel *parcel)
{
	if (parcel == NULL)
		return;
	(void)close(parcel->fd);
	if (parcel->reader >= 0)
		(void)close(parcel->reader);
	free(parcel);
}

/* --- in ------------------------------------------------------------------------------------------ */

/* How much of them is written at once, but for what is written of the first already; -1 with errno. */
static ssize_t
write_some(int fd, const struct iovec *piece, int count, size_t written)
{
	struct iovec part[PIECES_AT_ONCE];
	int parts = count < PIECES_AT_ONCE ? count : PIECES_AT_ONCE;

	memcpy(part, piece, (size_t)parts * sizeof(*part));
	part[0].iov_base = (char *)part[0].iov_base + written;
	part[0].iov_len -= written;
	return writev(fd, part, parts);
}

bool
parcel_write(struct parcel *parcel, const struct iovec *piece, int count)
{
	size_t written = 0; /* of the first piece */
	int tries = 0;

	while (count > 0) {
		ssize_t more = write_some(parcel->fd, piece, count, written);

		if (more < 0 && (errno != EINTR || ++tries == TRIES))
			return false;
		if (more < 0)
			continue;
		parcel->length += (uint64_t)more;
		written += (size_t)more;
		for (; count > 0 && written >= piece->iov_len; count--)
			written -= piece++->iov_len;
	}
	return true;
}

bool
parcel_copy(struct parcel *parcel, const struct parcel *from, uint64_t offset, uint64_t length)
{
	char bytes[COPY_BYTES];

	while (length > 0) {
		size_t most = length < sizeof(bytes) ? (size_t)length : sizeof(bytes);
		ssize_t more = parcel_read(from, offset, bytes, most);
		struct iovec piece = { bytes, most };

		if (more >= 0 && (size_t)more < most)
			errno = EINVAL; /* it is not there */
		if (more < (ssize_t)most || !parcel_write(parcel, &piece, 1))
			return false;
		offset += most;
		length -= most;
	}
	return true;
}

/* --- out ----------------------------------------------------------------------------------------- */

int
parcel_open(const struct parcel *parcel)
{
	int shared = parcel->reader >= 0 ? parcel->reader : parcel->fd;
	int fd = open_anew(parcel->fd);

	if (fd >= 0)
		return fd;
	return lseek(shared, 0, SEEK_SET) < 0 ? -1 : fcntl(shared, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

ssize_t
parcel_read(const struct parcel *parcel, uint64_t offset, void *into, size_t size)
{
	size_t length = 0;
	int tries = 0;

	while (length < size) {
		ssize_t more = pread(parcel->fd, (char *)into + length, size - length, (off_t)(offset + length));

		if (more == 0)
			break;
		if (more > 0)
			length += (size_t)more;
		else if (errno != EINTR || ++tries == TRIES)
			return length > 0 ? (ssize_t)length : -1;
	}
	return (ssize_t)length;
}

uint64_t
parcel_length(const struct parcel *parcel)
{
	return parcel->length;
}
