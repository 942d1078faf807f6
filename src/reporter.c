/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "reporter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int
reporter_open(struct reporter *reporter, const char *path)
{
	int fd = STDERR_FILENO;

	*reporter = (struct reporter){ .due = false };
	/* By name, a socket could not be opened and a log file would be truncated. */
	if (path != NULL && strcmp(path, "/dev/stderr") != 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
	}
	io_open_output(&reporter->port, fd);
	return 0;
}

bool
reporter_busy(const struct reporter *reporter)
{
	return reporter->due || reporter->length > 0;
}

void
reporter_step(struct reporter *reporter, void (*snapshot)(void *state, struct snapshot *into),
    void *state)
{
	bool begun = reporter->sent > 0;
	struct iovec piece;
	size_t done;

	if (!begun && reporter->due) {
		struct snapshot now;
		snapshot(state, &now);
		reporter->length = report_line(reporter->text, &now);
	}
	if (reporter->length == 0)
		return;
	piece.iov_base = reporter->text + reporter->sent;
	piece.iov_len = reporter->length - reporter->sent;
	switch (io_write(&reporter->port, &piece, 1, piece.iov_len, &done)) {
	case IO_SHORT:
		reporter->sent += done;
		if (!begun)
			reporter->due = false;
		return;
	case IO_AGAIN:
	case IO_RETRY:
		if (!begun)
			reporter->length = 0; /* the next attempt has newer figures */
		return;
	case IO_ALL:
	case IO_END:
	case IO_GONE:
	case IO_ERROR:
		break; /* nobody to tell that reports cannot be written: the last one will try */
	}
	if (!begun)
		reporter->due = false;
	reporter->length = reporter->sent = 0;
}

bool
reporter_close(struct reporter *reporter, const struct snapshot *last)
{
	int fd = reporter->port.inherited;
	bool taken = true;
	char text[2 * REPORT_MOST];
	size_t length = reporter->length - reporter->sent;

	memcpy(text, reporter->text + reporter->sent, length);
	if (last != NULL)
		length += report_line(text + length, last);
	if (length > 0)
		taken = io_put(fd, text, length, REPORTER_PATIENCE_NS);
	if (fd != STDERR_FILENO && close(fd) < 0)
		taken = false;
	return taken;
}
