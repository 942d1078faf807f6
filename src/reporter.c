/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "reporter.h"
#include "target.h"

#include <errno.h>
#include <unistd.h>

int
reporter_open(struct reporter *reporter, const char *path)
{
	int fd = path != NULL ? target_open(path, TARGET_REPORT) : STDERR_FILENO;

	*reporter = (struct reporter){ .due = false };
	if (fd < 0)
		return -1;
	io_open_output(&reporter->port, fd);
	return 0;
}

/* Makes a report of the snapshot, on a line of its own, with the reports that were skipped until now. */
static void
make(struct reporter *reporter, const struct snapshot *snapshot)
{
	struct snapshot now = *snapshot;

	now.reports_skipped = reporter->skipped;
	reporter->text[0] = '\n';
	reporter->length = reporter->torn + report_line(reporter->text + reporter->torn, &now);
}

bool
reporter_busy(const struct reporter *reporter)
{
	return reporter->due || reporter->length > 0;
}

void
reporter_offer(struct reporter *reporter, const struct snapshot *snapshot)
{
	reporter->skipped += reporter->length > 0;
	if (reporter->sent > 0)
		return;
	make(reporter, snapshot);
}

/* Writes what waits, as far as that goes.  Whether all of it is done with. */
static bool
step(struct reporter *reporter)
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
		/* nobody to tell that reports cannot be written: the last one will try */
		reporter->torn |= reporter->sent > 0;
		reporter->skipped++;
		break;
	}
	reporter->length = reporter->sent = 0;
	return true;
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
	if (step(reporter) || reporter->sent > 0)
		reporter->due = false;
	else
		reporter->length = 0; /* the next attempt has newer figures */
}

/* Writes what waits, until the deadline. */
static bool
put(struct reporter *reporter, uint64_t deadline_ns)
{
	size_t rest = reporter->length - reporter->sent;
	bool taken = rest == 0 || io_put(&reporter->port, reporter->text + reporter->sent, rest, deadline_ns);

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
	if (reporter->length > 0 && reporter->sent == 0) {
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

	if (taken && last != NULL) {
		make(reporter, last);
		taken = put(reporter, deadline_ns);
	}
	if (port->inherited != STDERR_FILENO && io_close(port) < 0)
		taken = false;
	return taken;
}
