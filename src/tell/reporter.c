/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/put.h"
#include "os/target.h"
#include "tell/reporter.h"

#include <sys/stat.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

int
reporter_open(struct reporter *reporter, const char *path)
{
	int fd = path != NULL ? target_open(path, TARGET_REPORT) : STDERR_FILENO;

	memset(reporter, 0, offsetof(struct reporter, room));
	reporter->text = reporter->room[0];
	if (fd < 0)
		return -1;
	io_open_beside(&reporter->port, fd);
	return 0;
}

/* The worker's part. */
static void
write_beside(void *state)
{
	struct reporter *reporter = state;

	reporter->sent = put_beside(&reporter->port, reporter->text, reporter->length);
	reporter->error = reporter->sent == reporter->length ? 0 : errno;
}

int
reporter_start(struct reporter *reporter)
{
	struct stat file;

	if (reporter->worker != NULL)
		return 0;
	if (fstat(io_fd(&reporter->port), &file) < 0 || !S_ISREG(file.st_mode))
		return 0;
	reporter->worker = worker_start(write_beside, reporter);
	return reporter->worker != NULL ? 0 : -1;
}

/* Puts the report of the snapshot there, and says how long it is; with the reports that were skipped until now. */
static size_t
put_report(const struct reporter *reporter, char *there, const struct snapshot *snapshot)
{
	struct snapshot now = *snapshot;

	now.reports_skipped = reporter->skipped;
	return report_line(there, &now);
}

/* Makes a report of the snapshot, on a line of its own. */
static void
make(struct reporter *reporter, const struct snapshot *snapshot)
{
	reporter->text[0] = '\n';
	reporter->length = reporter->torn + put_report(reporter, reporter->text + reporter->torn, snapshot);
}

static char *
other_room(struct reporter *reporter)
{
	return reporter->room[reporter->text == reporter->room[0]];
}

/* One more report that the worker has to come to.  False where it has enough. */
static bool
make_later(struct reporter *reporter, const struct snapshot *snapshot)
{
	char *there = other_room(reporter) + 1; /* behind a newline that may be owed */

	if (reporter->later > REPORT_MOST)
		return false;
	reporter->later += put_report(reporter, there + reporter->later, snapshot);
	return true;
}

/* What has waited for the worker is next. */
static void
take_later(struct reporter *reporter)
{
	char *room = other_room(reporter);

	room[0] = '\n';
	if (!reporter->torn)
		memmove(room, room + 1, reporter->later);
	reporter->text = room;
	reporter->length = reporter->later > 0 ? reporter->torn + reporter->later : 0;
	reporter->later = 0;
}

bool
reporter_busy(const struct reporter *reporter)
{
	return reporter->due || reporter->length > 0;
}

bool
reporter_begun(const struct reporter *reporter)
{
	return reporter->beside || reporter->sent > 0;
}

struct loop_watch
reporter_watch(const struct reporter *reporter)
{
	if (reporter->beside)
		return (struct loop_watch){ .fd = worker_fd(reporter->worker), .input = true };
	return (struct loop_watch){ .fd = reporter_busy(reporter) ? io_fd(&reporter->port) : -1, .output = true };
}

/* Nobody to tell that reports cannot be written: the last one will try. */
static void
note_failure(struct reporter *reporter)
{
	const char *rest = reporter->text + reporter->sent;
	const char *end = reporter->text + reporter->length;

	reporter->torn |= reporter->sent > 0;
	for (; rest < end && (rest = memchr(rest, '\n', (size_t)(end - rest))) != NULL; rest++)
		reporter->skipped += rest > reporter->text;
}

/* Has what waits written, unless that is under way, and waits for it until the deadline.  Whether it is done with:
 * what has waited meanwhile is next. */
static bool
step_beside(struct reporter *reporter, uint64_t deadline_ns)
{
	if (!reporter->beside && !worker_call(reporter->worker))
		write_beside(reporter);
	reporter->beside = true;
	if (!worker_await(reporter->worker, deadline_ns))
		return false;
	reporter->beside = false;
	if (reporter->error == 0)
		reporter->torn = false;
	else
		note_failure(reporter);
	reporter->sent = 0;
	take_later(reporter);
	return true;
}

/* Writes what waits, as far as that goes without a wait. */
static bool
step_here(struct reporter *reporter)
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
		reporter->torn = false;
		break;
	case IO_END:
	case IO_GONE:
	case IO_ERROR:
		note_failure(reporter);
		break;
	}
	reporter->length = reporter->sent = 0;
	return true;
}

/* Writes what waits, as far as that goes.  Whether all of it is done with. */
static bool
step(struct reporter *reporter)
{
	if (reporter->worker == NULL)
		return step_here(reporter);
	while (reporter->length > 0)
		if (!step_beside(reporter, 0))
			return false;
	return true;
}

void
reporter_offer(struct reporter *reporter, const struct snapshot *snapshot)
{
	if (reporter->beside && !step(reporter)) {
		reporter->skipped += !make_later(reporter, snapshot);
		return;
	}
	reporter->skipped += reporter->length > 0;
	if (!reporter_begun(reporter))
		make(reporter, snapshot);
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
	make(reporter, &now);
	if (step(reporter) || reporter_begun(reporter))
		reporter->due = false;
	else
		reporter->length = 0; /* the next attempt has newer figures */
}

static bool
finish_beside(struct reporter *reporter, uint64_t deadline_ns)
{
	int error = 0;

	while (reporter->length > 0 && error == 0)
		error = step_beside(reporter, deadline_ns) ? reporter->error : EAGAIN;
	errno = error;
	return error == 0;
}

/* Writes what waits, until the deadline. */
static bool
put(struct reporter *reporter, uint64_t deadline_ns)
{
	size_t rest;
	bool taken;

	if (reporter->worker != NULL)
		return finish_beside(reporter, deadline_ns);
	rest = reporter->length - reporter->sent;
	taken = rest == 0 || put_all(&reporter->port, reporter->text + reporter->sent, rest, deadline_ns);
	if (rest > 0 && taken)
		reporter->torn = false;
	/* What could not be finished is at least a line of its own. */
	reporter->text[0] = '\n';
	reporter->length = taken ? 0 : 1;
	reporter->sent = 0;
	return taken;
}

bool
reporter_settle(struct reporter *reporter, uint64_t deadline_ns)
{
	if (reporter->length > 0 && !reporter_begun(reporter)) {
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
	int error;

	if (taken && last != NULL) {
		make(reporter, last);
		taken = put(reporter, deadline_ns);
	}
	error = errno;
	if (!worker_close(reporter->worker, deadline_ns))
		port = NULL; /* it may still write there */
	errno = error;
	if (port != NULL && io_inherited(port) != STDERR_FILENO && io_close(port) < 0 && taken)
		return false;
	errno = error;
	return taken;
}
