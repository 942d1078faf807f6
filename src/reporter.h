/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reporter: where reports go, without ever holding up the data.
 *
 * A report that is asked for while the last one has not been taken is made when it can be: the
 * figures are those of the moment it is written.  The report of an interval is made at its end, and
 * gives way to that of the next one if it has not been taken until then.
 */
#ifndef WEIR_REPORTER_H
#define WEIR_REPORTER_H

#include "io.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>

struct reporter {
	struct io_port port;
	bool due;              /* one has been asked for */
	uint64_t skipped;      /* reports that were not taken in time, or could not be written */
	bool torn;             /* what was written last is not a whole line */
	char text[1 + REPORT_MOST];
	size_t length;         /* of the report on its way, 0 for none */
	size_t sent;
};

/* Opens path, truncating it, or standard error where it is NULL or a name of that.  0, or -1 with
 * errno: ENXIO for a FIFO that nobody reads, EBUSY for the file that standard input or output is,
 * ELOOP for a symbolic link to a file that was not open already.  A file that is made has mode
 * 0600. */
int reporter_open(struct reporter *reporter, const char *path);

/* Whether something waits to be written. */
bool reporter_busy(const struct reporter *reporter);

/* An interval has ended.  The report of the one before, or if that has been begun this one, is skipped
 * where it has not been taken. */
void reporter_offer(struct reporter *reporter, const struct snapshot *snapshot);

/* Writes what can be written without waiting.  snapshot is asked for the figures if a report is due and
 * can begin. */
void reporter_step(struct reporter *reporter, void (*snapshot)(void *state, struct snapshot *into),
    void *state);

/* A report that has not been begun is skipped.  Writes the rest of one that has, so that nothing else
 * that is said there stands in its middle; waits until deadline_ns of loop_now at most.  Whether it
 * was taken; errno otherwise, and then a newline is what is left to be written. */
bool reporter_settle(struct reporter *reporter, uint64_t deadline_ns);

/* Writes the last report, or nothing but what is on its way where last is NULL, and closes; waits until
 * deadline_ns of loop_now at most.  Whether it was taken whole; errno otherwise. */
bool reporter_close(struct reporter *reporter, const struct snapshot *last, uint64_t deadline_ns);

#endif
