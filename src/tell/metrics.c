/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/diag.h"
#include "os/io.h"
#include "os/loop.h"
#include "os/put.h"
#include "os/target.h"
#include "tell/metrics.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Descriptors that may be of the file to replace; shells give out numbers well below. */
#define DESCRIPTORS_MOST 256

/* A process of the same number, in another container, may be at work in the same directory. */
#define TEMPORARY_MOST 16
#define TEMPORARY_LENGTH 48

/* To have names looked up in, no more: a directory need not be readable for that. */
#if defined(O_PATH) && !defined(WEIR_PORTABLE)
#define FOR_NAMES O_PATH
#elif defined(O_SEARCH)
#define FOR_NAMES O_SEARCH
#else
#define FOR_NAMES O_RDONLY
#endif

static uint64_t
wall_clock(void)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static bool
is_open_here(const struct stat *file)
{
	for (int fd = 0; fd < DESCRIPTORS_MOST; fd++)
		if (target_is_open_as(file, fd))
			return true;
	return false;
}

/* 0, or the error that what stands there now is.  A symbolic link is only replaced where it leads to a file that
 * could be, or nowhere: not if it is /dev/stdout. */
static int
replaceable(const struct metrics *metrics)
{
	struct stat file;

	if (*metrics->base == '\0')
		return EISDIR;
	if (fstatat(metrics->directory, metrics->base, &file, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : errno;
	if (S_ISLNK(file.st_mode) && fstatat(metrics->directory, metrics->base, &file, 0) < 0)
		return 0;
	if (S_ISDIR(file.st_mode))
		return EISDIR;
	if (!S_ISREG(file.st_mode))
		return EINVAL;
	return is_open_here(&file) ? EBUSY : 0;
}

static char *
directory_of(const char *path, const char *base)
{
	return base > path ? strndup(path, (size_t)(base - path)) : strdup(".");
}

int
metrics_open(struct metrics *metrics, const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	int error;

	metrics->about = (struct page_about){ .start_ns = wall_clock() };
	metrics->directory = -1;
	metrics->directory_path = NULL;
	metrics->worker = NULL;
	metrics->beside = false;
	if (path == NULL)
		return 0;
	metrics->base = slash != NULL ? slash + 1 : path;
	metrics->directory_path = directory_of(path, metrics->base);
	if (metrics->directory_path == NULL)
		return -1;
	metrics->directory = open(metrics->directory_path, FOR_NAMES | O_DIRECTORY | O_CLOEXEC);
	error = metrics->directory >= 0 ? replaceable(metrics) : errno;
	if (error == 0)
		return 0;
	metrics_close(metrics, 0);
	errno = error;
	return -1;
}

/* A file of a name that is not taken: a weir that was killed may have left one behind.  Its descriptor,
 * or -1 with errno. */
static int
make_temporary(const struct metrics *metrics, char name[TEMPORARY_LENGTH])
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
	int fd = -1;

	for (int i = 0; i < TEMPORARY_MOST; i++) {
		(void)snprintf(name, TEMPORARY_LENGTH, ".weir-%ld-%d", (long)getpid(), i);
		fd = openat(metrics->directory, name, flags, 0644);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd;
}

/* 0, or an errno. */
static int
replace(const struct metrics *metrics)
{
	char name[TEMPORARY_LENGTH];
	int fd = make_temporary(metrics, name);
	struct io_port port;
	int error = 0;

	if (fd < 0)
		return errno;
	io_open_output(&port, fd);
	if (put_beside(&port, metrics->text, metrics->length) < metrics->length)
		error = errno;
	if (io_close(&port) < 0 && error == 0)
		error = errno;
	if (error == 0 && renameat(metrics->directory, name, metrics->directory, metrics->base) < 0)
		error = errno;
	if (error != 0)
		(void)unlinkat(metrics->directory, name, 0);
	return error;
}

/* The worker's part. */
static void
write_page(void *state)
{
	struct metrics *metrics = state;

	metrics->error = replace(metrics);
}

static void
make_page(struct metrics *metrics, const struct snapshot *snapshot)
{
	metrics->about.now_ns = wall_clock();
	metrics->length = page_write(metrics->text, snapshot, &metrics->about);
}

/* What has come of the page that is done with. */
static bool
judge(struct metrics *metrics)
{
	metrics->about.failures += metrics->error != 0;
	errno = metrics->error;
	return metrics->error == 0;
}

/* The page that is under way, if there is one: waits for it until the deadline, and says what has come of it; nothing,
 * where it is under way still. */
static bool
settle(struct metrics *metrics, uint64_t deadline_ns)
{
	if (!metrics->beside || !worker_await(metrics->worker, deadline_ns))
		return true;
	metrics->beside = false;
	return judge(metrics);
}

bool
metrics_write(struct metrics *metrics, const struct snapshot *snapshot)
{
	make_page(metrics, snapshot);
	write_page(metrics);
	return judge(metrics);
}

int
metrics_start(struct metrics *metrics)
{
	metrics->worker = worker_start(write_page, metrics);
	return metrics->worker != NULL ? 0 : -1;
}

bool
metrics_offer(struct metrics *metrics, const struct snapshot *snapshot)
{
	int error = settle(metrics, 0) ? 0 : errno;

	if (metrics->beside) {
		metrics->about.failures++;
		return true;
	}
	make_page(metrics, snapshot);
	metrics->beside = worker_call(metrics->worker);
	if (!metrics->beside) {
		write_page(metrics);
		if (!judge(metrics))
			error = errno;
	}
	errno = error;
	return error == 0;
}

bool
metrics_finish(struct metrics *metrics, const struct snapshot *snapshot, uint64_t deadline_ns)
{
	bool told;

	(void)settle(metrics, deadline_ns);
	told = metrics_offer(metrics, snapshot) && settle(metrics, deadline_ns);
	if (metrics->beside)
		errno = EAGAIN;
	return told && !metrics->beside;
}

void
metrics_close(struct metrics *metrics, uint64_t deadline_ns)
{
	if (!worker_close(metrics->worker, deadline_ns))
		return;
	if (metrics->directory >= 0)
		(void)close(metrics->directory);
	free(metrics->directory_path);
	metrics->directory = -1;
	metrics->directory_path = NULL;
	metrics->worker = NULL;
}
