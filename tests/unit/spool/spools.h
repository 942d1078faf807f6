/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spools for tests: in a directory of their own, on a disk that refuses what it is told to.  os/folder is compiled in here,
 * with calls of ours in place of the system's, and stands in for that of the library.
 */
#ifndef WEIR_TEST_SPOOLS_H
#define WEIR_TEST_SPOOLS_H

#include "config.h"

#include "../tap.h"

#include "base/crc32c.h"
#include "base/little.h"
#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* What the disk refuses, with this errno (0: nothing); and how often it was asked. */
static struct {
	int read, write, state, sync, sync_names, remove;
	uint64_t reads, syncs, names, removed;
	uint64_t room; /* bytes that can be written still; the rest is ENOSPC; UINT64_MAX for any */
} disk = { .room = UINT64_MAX };

static int
refuse_with(int error)
{
	errno = error;
	return -1;
}

static ssize_t
disk_read(int fd, void *bytes, size_t length, off_t offset)
{
	disk.reads++;
	return disk.read != 0 ? refuse_with(disk.read) : pread(fd, bytes, length, offset);
}

static ssize_t
disk_writev(int fd, const struct iovec *piece, int pieces, off_t offset)
{
	uint64_t length = 0;

	for (int i = 0; i < pieces; i++)
		length += piece[i].iov_len;
	if (disk.write != 0 || length > disk.room)
		return refuse_with(disk.write != 0 ? disk.write : ENOSPC);
	disk.room -= disk.room == UINT64_MAX ? 0 : length;
	return pwritev(fd, piece, pieces, offset);
}

static ssize_t
disk_write(int fd, const void *bytes, size_t length, off_t offset)
{
	return disk.state != 0 ? refuse_with(disk.state) : pwrite(fd, bytes, length, offset);
}

static int
disk_sync(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		disk.names++;
		return disk.sync_names != 0 ? refuse_with(disk.sync_names) : 0;
	}
	disk.syncs++;
	return disk.sync != 0 ? refuse_with(disk.sync) : 0;
}

/* The room of what is removed is there again. */
static int
disk_unlink(int fd, const char *name, int flags)
{
	struct stat status;

	if (disk.remove != 0)
		return refuse_with(disk.remove);
	disk.removed++;
	if (disk.room != UINT64_MAX && fstatat(fd, name, &status, 0) == 0)
		disk.room += (uint64_t)status.st_size;
	return unlinkat(fd, name, flags);
}

#define pread disk_read
#define pwritev disk_writev
#define pwrite disk_write
#define fdatasync disk_sync
#define fsync disk_sync
#define unlinkat disk_unlink
#include "os/folder.c"
#undef pread
#undef pwritev
#undef pwrite
#undef fdatasync
#undef fsync
#undef unlinkat

/* --- directories ---------------------------------------------------------------------------------- */

static char folder[] = "/tmp/weir-spool-XXXXXX";
static struct spool_rules rules = { .path = folder, .most = (uint64_t)1 << 20, .sync_ns = NS_PER_MS,
	.framing = { .kind = FRAMING_LINES, .delimiter = '\n' } };

static inline const char *
path_of(const char *name)
{
	static char path[2][300];
	static int turn;

	turn = 1 - turn;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

/* How many names there are that end so; all of them are removed where that is asked for. */
static inline size_t
names_in(const char *end, bool empty)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const size_t length = strlen(entry->d_name), tail = strlen(end);

		if (entry->d_name[0] == '.' || length < tail || strcmp(entry->d_name + length - tail, end) != 0)
			continue;
		count++;
		if (empty)
			(void)unlink(path_of(entry->d_name));
	}
	if (dir != NULL)
		(void)closedir(dir);
	return count;
}

/* All of a file, and its length. */
static inline size_t
contents(const char *name, unsigned char *bytes, size_t most)
{
	int fd = open(path_of(name), O_RDONLY);
	ssize_t length = fd >= 0 ? read(fd, bytes, most) : -1;

	if (fd >= 0)
		(void)close(fd);
	return length > 0 ? (size_t)length : 0;
}

static inline void
change(const char *name, uint64_t offset, const void *bytes, size_t length)
{
	int fd = open(path_of(name), O_WRONLY);

	if (fd < 0 || pwrite(fd, bytes, length, (off_t)offset) != (ssize_t)length)
		diag("%s could not be changed", name);
	(void)close(fd);
}

/* --- records -------------------------------------------------------------------------------------- */

#define LINE 100

/* So many lines in a block, the first of them with this serial. */
static inline enum spool_result
put_lines(struct spool *spool, uint64_t first, uint64_t count, bool forward)
{
	static char text[600 * LINE];
	size_t done;
	struct iovec piece[2] = { { NULL, 0 }, { text, count * LINE } };
	const struct spool_load load = { .pieces = 1, .length = count * LINE, .records = count, .first = first };

	for (uint64_t i = 0; i < count; i++)
		(void)snprintf(text + i * LINE, LINE + 1, "%099" PRIu64 "\n", first + i);
	return spool_put(spool, &load, 1, piece, forward, loop_now(), &done);
}

/* Nobody waits so long but where something is wrong. */
#define PATIENCE_TRIES 600000
#define PATIENCE_NS (600 * NS_PER_S)

/* All that can be read back within `tries` looks, a millisecond apart: how many, and whether they are in order from `first`. */
static inline uint64_t
load_lines(struct spool *spool, uint64_t first, int tries, bool *right)
{
	struct spool_next next;
	uint64_t count = 0;
	char line[LINE + 1];

	*right = true;
	while (tries > 0 && !spool_is_level(spool)) {
		if (!spool_next(spool, &next)) {
			tries--;
			(void)usleep(1000);
			continue;
		}
		for (uint64_t i = 0; i < next.records; i++) {
			(void)snprintf(line, sizeof(line), "%099" PRIu64 "\n", first + count++);
			*right = *right && memcmp(next.text + i * LINE, line, LINE) == 0;
		}
		if (next.length == 0)
			break;
		if (!spool_loaded(spool, 0))
			tries = 0;
	}
	return count;
}

/* A run that ends without a word. */
static inline void
left_behind(uint64_t first, uint64_t count)
{
	struct spool *spool = spool_open(&rules);

	while (count > 0) {
		const uint64_t some = count < 50 ? count : 50;

		if (put_lines(spool, first, some, false) != SPOOL_DONE)
			diag("lines could not be put");
		first += some;
		count -= some;
		spool_step(spool, loop_now());
	}
	spool_free(spool);
}

#endif
